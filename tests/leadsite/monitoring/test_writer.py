"""Failed transactions: each entry point leaves a row, outside of what failed, and without what a customer wrote."""

import json
from contextlib import suppress
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from django.db import Error, OperationalError

from leads.bulk.changes import start_bulk_change
from leads.bulk.chunks import process_at_once
from leads.models import Lead
from leads.services.create import create_lead, create_valid_leads
from leads.services.refusals import LeadRefused
from leads.services.rules import NewLead
from leadsite.core import clock, failures, metrics
from leadsite.monitoring import writer as module
from leadsite.monitoring.models import FailedTransaction
from leadsite.monitoring.writer import Writer, writer
from tests.factories import Business
from tests.leads.importing.operator import counts, import_leads, write
from tests.leadsite.monitoring.failing import LEAD, failing, stored

pytestmark = pytest.mark.django_db(transaction=True)

SECRETS = ("15112345678", "Anna", "Berg", "red cakes", "refused: +49151")


def anna(**fields: str) -> NewLead:
    return NewLead(**{**LEAD, **fields})


def counted(metric: Any, *labels: str) -> float:
    return float(metric.labels(*labels)._value.get())


def only() -> FailedTransaction:
    (failed,) = stored()
    text = json.dumps([failed.error, failed.input, failed.operation])
    assert not [secret for secret in SECRETS if secret in text], text
    return failed


def test_a_creation_that_stayed_deadlocked_is_stored_and_counted(owner: Business) -> None:
    before, repeated = counted(metrics.FAILED, "api", "40P01"), counted(metrics.RETRIES, "40P01")
    with failing("conversations", "40P01"):
        answer = owner.client.post("/api/leads", LEAD, format="json")
    assert answer.status_code == 503
    failed = only()
    assert (failed.source, failed.user, failed.sqlstate, failed.attempt) == ("api", owner.user, "40P01", 4)
    assert failed.operation == "create leads"
    assert failed.request_id
    assert failed.input["leads"][0]["customer_phone"] == "+49…78"
    assert failed.input["leads"][0]["type"] == "order"
    assert failed.error.startswith("DeadlockDetected")
    assert abs(failed.at - clock.now()) < timedelta(minutes=1)
    assert counted(metrics.FAILED, "api", "40P01") == before + 1
    assert counted(metrics.RETRIES, "40P01") == repeated + 3


def test_a_creation_that_was_repeated_and_stored_is_counted_only(owner: Business) -> None:
    before, repeated = counted(metrics.FAILED, "api", "40P01"), counted(metrics.RETRIES, "40P01")
    with failing("conversations", "40P01", times=1):
        answer = owner.client.post("/api/leads", LEAD, format="json")
    assert answer.status_code == 201
    assert stored() == []
    assert (counted(metrics.FAILED, "api", "40P01"), counted(metrics.RETRIES, "40P01")) == (before, repeated + 1)


def test_a_creation_with_an_idempotency_key_is_stored_once_with_its_business(owner: Business) -> None:
    with failing("leads", "40001"):
        owner.client.post("/api/leads", LEAD, format="json", headers={"Idempotency-Key": "one"})
    failed = only()
    assert (failed.source, failed.user, failed.sqlstate, failed.attempt) == ("api", owner.user, "40001", 4)


def test_a_broken_constraint_names_it(owner: Business) -> None:
    lead = anna(type="nonsense")
    with pytest.raises(LeadRefused):
        create_lead(user_id=owner.user.pk, lead=lead, source="manual")
    failed = only()
    assert (failed.source, failed.sqlstate, failed.constraint) == ("manual", "23514", "leads_type_valid")
    assert failed.attempt == 1


def test_a_business_that_does_not_exist_is_no_second_failure(db: None) -> None:
    user_id = uuid4()
    with suppress(LeadRefused):
        create_lead(user_id=user_id, lead=anna(), source="sql")
    failed = only()
    assert (failed.user_id, failed.constraint) == (user_id, "customers_user_fk")


def test_validation_before_a_transaction_is_no_failed_transaction(owner: Business) -> None:
    assert owner.client.post("/api/leads", LEAD | {"type": "x"}, format="json").status_code == 400
    assert owner.client.post("/api/leads/batch", {"leads": [LEAD | {"customer_phone": "x"}]}, format="json").status_code
    assert owner.client.patch(f"/api/leads/{uuid4()}", {"status": "lost"}, format="json").status_code == 404
    assert stored() == []


def test_an_item_of_a_batch_that_conflicts_is_stored(owner: Business) -> None:
    first = anna(external_id="A-1")
    other = anna(customer_phone="+4915112345679", external_id="A-1")
    create_lead(user_id=owner.user.pk, lead=first, source="api")
    create_valid_leads(user_id=owner.user.pk, leads=[other], source="api")
    failed = only()
    assert (failed.operation, failed.sqlstate) == ("create one of several leads", "23505")
    assert (failed.constraint, failed.user) == ("leads_external_id_unique", owner.user)


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/api/leads/batch", {"leads": [LEAD] * 5}),
        ("/api/whatsapp", {"to": LEAD["customer_phone"], "message": "Your red cakes are ready, Anna"}),
    ],
)
def test_batches_and_messages_are_stored_with_masked_input(owner: Business, path: str, body: dict[str, Any]) -> None:
    with failing("conversations", "55P03"):
        assert owner.client.post(path, body, format="json").status_code == 503
    failed = only()
    assert (failed.source, failed.user, failed.sqlstate) == ("api", owner.user, "55P03")


def test_a_change_of_a_lead_is_stored(owner: Business) -> None:
    lead = create_lead(user_id=owner.user.pk, lead=anna(), source="api")
    with failing("leads", "40001", event="UPDATE"):
        answer = owner.client.patch(f"/api/leads/{lead.lead_id}", {"status": "contacted"}, format="json")
    assert answer.status_code == 503
    failed = only()
    assert (failed.source, failed.user, failed.operation) == ("api", owner.user, "change lead")
    assert failed.input["lead_id"] == str(lead.lead_id)
    assert failed.input["changes"] == {"status": "contacted"}


def test_a_bulk_change_has_its_business(owner: Business) -> None:
    create_lead(user_id=owner.user.pk, lead=anna(), source="api")
    change = start_bulk_change(person_id=owner.user.pk, leads=Lead.objects.all(), values={"status": "contacted"})
    with failing("django_admin_log", "57014"), suppress(Error):
        process_at_once(change=change)
    failed = only()
    assert (failed.source, failed.user, failed.operation) == ("admin", owner.user, "process chunk")


def test_a_program_error_in_a_transaction_is_stored(owner: Business, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*args: Any, **kwargs: Any) -> None:
        raise KeyError("+4915112345678")

    monkeypatch.setattr(Lead.objects, "insert", broken)
    with pytest.raises(KeyError):
        create_lead(user_id=owner.user.pk, lead=anna(), source="api")
    failed = only()
    assert (failed.error, failed.sqlstate) == ("KeyError", None)


def test_a_request_that_found_no_database_is_stored(owner: Business, monkeypatch: pytest.MonkeyPatch) -> None:
    """In code that no `retried` is around: what the entry point sees is reported."""

    def away(*args: Any, **kwargs: Any) -> None:
        raise OperationalError("connection is bad")

    monkeypatch.setattr("leads.api.viewsets.create_lead_once", away)
    assert owner.client.post("/api/leads", LEAD, format="json").status_code == 503
    failed = only()
    assert (failed.source, failed.sqlstate, failed.operation) == ("api", None, "POST lead-list")


def test_while_the_database_is_away_they_wait_bounded_and_say_how_many_were_dropped(
    db: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    small = Writer(room=3)
    for n in range(5):
        small.put(failures.new_failure(operation=f"operation {n}", error="no answer"))
    with monkeypatch.context() as patch:

        def away(batch: object) -> None:
            raise OperationalError

        patch.setattr(module, "_store", away)
        with pytest.raises(OperationalError):
            small.flush()
        small.close()  # is no second failure
    assert not FailedTransaction.objects.exists()
    assert small.flush() == 4
    operations = list(FailedTransaction.objects.order_by("at", "pk").values_list("operation", flat=True))
    assert sorted(operations) == ["failures dropped", "operation 0", "operation 1", "operation 2"]
    assert FailedTransaction.objects.get(operation="failures dropped").error.startswith("2 more failures")
    assert small.flush() == 0


def test_a_repeated_insert_stores_it_once(db: None) -> None:
    failure = failures.new_failure(operation="one", error="no answer")
    for _ in range(2):
        writer.put(failure)
        writer.flush()
    assert FailedTransaction.objects.count() == 1


def test_a_row_of_a_file_that_conflicts_is_stored_with_its_line(owner: Business, tmp_path: Path) -> None:
    create_lead(user_id=owner.user.pk, lead=anna(external_id="A-1"), source="api")
    file = write(tmp_path / "leads.csv", "+4915112345679,Anna Berg,order,Two red cakes,A-1", "x,Bea,order,,A-2")
    assert import_leads(owner, file).counts == counts(failed=2)
    failed = only()
    assert (failed.source, failed.user, failed.constraint) == ("import", owner.user, "leads_external_id_unique")
    assert failed.input["item"]["line"] == 2


def test_a_batch_of_a_file_that_the_database_refuses_is_stored(owner: Business, tmp_path: Path) -> None:
    file = write(tmp_path / "leads.csv", "+4915112345679,Anna Berg,order,Two red cakes,A-1")
    with failing("conversations", "53100"):
        import_leads(owner, file)
    failed = only()
    assert (failed.source, failed.user, failed.operation) == ("import", owner.user, "import rows")
    assert failed.sqlstate == "53100"
