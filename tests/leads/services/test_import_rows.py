"""The service import_leads: the number of statements, and external ids that are taken concurrently."""

import json

import pytest
from django.db import transaction

from leads.models import Lead
from leads.services import import_rows
from leads.services.file_rows import CREATE, ON_DUPLICATE, SKIP, UPDATE, check_rows
from leads.services.import_rows import import_leads, validate_rows
from leadsite.core.transactions import retried
from tests.factories import ORDER, Business
from tests.sessions import session


def row(number: int, **fields: str) -> dict[str, str]:
    return ORDER | {"customer_phone": f"+49151000{number:05}"} | fields


def imported(
    business: Business, rows: list[dict[str, str]], on_duplicate: str = SKIP
) -> tuple[int, int, int, list[int]]:
    with transaction.atomic():
        result = import_leads(
            user_id=business.id,
            rows=check_rows(rows, defaults={}, on_duplicate=on_duplicate),
            source="import",
            on_duplicate=on_duplicate,
            import_run_id=None,
        )
    return result.created, result.updated, result.skipped, list(result.errors)


@pytest.mark.parametrize("on_duplicate", ON_DUPLICATE)
def test_a_thousand_rows_take_as_many_statements_as_two(owner, on_duplicate, django_assert_max_num_queries):
    rows = [row(number, external_id=f"row-{number}") if number % 2 else row(number) for number in range(1000)]
    for _ in range(2):
        with django_assert_max_num_queries(9):
            imported(owner, rows, on_duplicate)


def test_rows_with_the_same_identity_are_one_lead(owner):
    rows = [row(1, external_id="a", status="lost"), row(2), row(1, external_id="a", details="Last"), row(2)]
    assert imported(owner, rows) == (2, 0, 2, [])
    # Only the third row changes anything.
    assert imported(owner, rows, UPDATE) == (0, 1, 3, [])
    lead = Lead.objects.get(external_id="a")
    # The last row is used. It has no status.
    assert (lead.details, lead.status) == ("Last", "lost")
    assert imported(owner, rows, CREATE) == (2, 0, 0, [0, 2])


def test_an_id_of_another_customer_is_an_error_and_creates_no_customer(owner):
    owner.has_lead(customer_phone="+4915100000001", external_id="a")
    rows = [row(2, external_id="a"), row(3, external_id="b"), row(4, external_id="b"), row(5, type="cake")]
    errors = validate_rows(user_id=owner.id, rows=check_rows(rows, defaults={}), on_duplicate=SKIP)
    assert {index: error.field for index, error in errors.items()} == {0: "external_id", 2: "external_id", 3: "type"}
    assert imported(owner, rows) == (1, 0, 0, [0, 2, 3])
    assert owner.row_counts() == (2, 2, 2)


@pytest.mark.django_db(transaction=True)
def test_an_id_that_is_taken_concurrently_makes_the_whole_transaction_repeat(owner, monkeypatch):
    """Between the look-up and the lock another session gives the id to another customer's lead."""
    upsert, attempts = import_rows._upsert_customers, []

    def upsert_late(*arguments):
        attempts.append(1)
        if len(attempts) == 1:
            other_session.execute(
                "SELECT create_leads_with_conversations(%s, %s)", [owner.id, json.dumps([row(1, external_id="a")])]
            )
            other_session.commit()
        return upsert(*arguments)

    monkeypatch.setattr(import_rows, "_upsert_customers", upsert_late)
    with session() as other_session:
        assert retried(imported)(owner, [row(2, external_id="a"), row(3)]) == (1, 0, 0, [0])
    assert len(attempts) == 2
    assert owner.row_counts() == (2, 2, 2)
