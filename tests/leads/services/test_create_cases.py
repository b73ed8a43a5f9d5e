"""One table of cases for every entry point: the same outcome and rows, and nothing written by a failure."""

import psycopg
import pytest
from django.db import IntegrityError, connection, transaction

from conversations.models import Conversation, Customer
from leads.models import Lead
from leads.services.create import create_lead
from leads.services.refusals import LeadRefused
from leads.services.rules import NewLead
from tests.cases import each_case
from tests.factories import NOTHING, ORDER
from tests.leads.lead_cases import BAD, BAD_JSON, GOOD, MISSING


def body_of(changes):
    return {name: value for name, value in (ORDER | changes).items() if value is not MISSING}


def by_rest(business, body):
    answer = business.post_lead(body)
    assert answer.status_code in (201, 400), answer.content
    return answer.json()


def by_service(business, body):
    """The service takes text: missing and null values are left out."""
    required = {"customer_phone": "", "customer_name": "", "type": ""}
    lead = NewLead(**{name: value if value is not None else "" for name, value in (required | body).items()})
    try:
        created = create_lead(user_id=business.id, lead=lead, source=Lead.Source.SQL)
    except LeadRefused as refusal:
        return {"success": False, "error": refusal.message, "field": refusal.field, "constraint": refusal.constraint}
    return {"success": True, "lead_id": str(created.lead_id)}


def by_function(business, body):
    arguments = [body.get(name) for name in ("customer_phone", "customer_name", "type", "details")]
    return business.call_function(*arguments, "active", body.get("status", "new"))


def by_batch_function(business, body):
    answer = business.call_batch_function([body])
    if answer["success"]:
        return answer["results"][0]
    assert answer["created"] == 0
    assert answer["failed"] == 1
    return answer["results"][0] | {"error": answer["error"]}


ENTRY_POINTS = {"REST": by_rest, "service": by_service, "function": by_function, "batch function": by_batch_function}


@each_case("entry_point", ENTRY_POINTS)
@each_case("case", GOOD)
def test_a_valid_lead_has_the_same_rows_through_every_entry_point(entry_point, case, owner):
    body = body_of(GOOD[case])
    answer = ENTRY_POINTS[entry_point](owner, body)
    assert answer["success"] is True, answer
    customer, conversation, lead = Customer.objects.get(), Conversation.objects.get(), Lead.objects.get()
    assert str(lead.pk) == answer["lead_id"]
    assert (lead.user_id, conversation.user_id, customer.user_id) == (owner.id,) * 3
    assert (lead.conversation_id, conversation.customer_id) == (conversation.pk, customer.pk)
    assert (lead.type, lead.details) == (body["type"], body.get("details") or "")
    assert lead.status == body.get("status", "new")
    assert lead.source == ("api" if entry_point == "REST" else "sql")
    assert customer.name == body["customer_name"].strip()
    assert (customer.phone, customer.phone_key) == ("+1234567890", "+1234567890")
    assert conversation.status == "active"


@each_case("entry_point", ENTRY_POINTS)
@each_case("case", BAD)
def test_an_invalid_lead_is_refused_with_its_reason_by_every_entry_point(entry_point, case, owner):
    refused = BAD[case]
    answer = ENTRY_POINTS[entry_point](owner, refused.body)
    assert answer["success"] is False
    assert answer["error"]
    assert owner.row_counts() == NOTHING
    match entry_point:
        case "REST":
            assert list(answer["fields"]) == [refused.field]
        case "function":
            assert answer["constraint"] == refused.constraint
            assert answer["code"] == ("23514" if refused.constraint else "LD001")
        case _:
            assert answer["field"] == refused.field
            assert answer["constraint"] == refused.constraint


@each_case("entry_point", ["REST", "batch function"])
@each_case("case", BAD_JSON)
def test_a_field_of_the_wrong_json_type_is_refused(entry_point, case, owner):
    refused = BAD_JSON[case]
    answer = ENTRY_POINTS[entry_point](owner, refused.body)
    assert answer["success"] is False
    assert owner.row_counts() == NOTHING
    assert (list(answer["fields"]) if entry_point == "REST" else [answer["field"]]) == [refused.field]


TABLE_OF_RULE = {
    "customers_identified": ("customers", {}),
    "customers_phone_e164": ("customers", {"phone": "12345"}),
    "customers_name_length": ("customers", {"phone": "+1234567890", "name": "x" * 201}),
    "leads_type_valid": ("leads", {"type": "invalid_type"}),
    "leads_status_valid": ("leads", {"type": "order", "status": "won"}),
    "leads_details_length": ("leads", {"type": "order", "details": "x" * 10_001}),
    "leads_external_id_length": ("leads", {"type": "order", "external_id": ""}),
    "conversations_status_valid": ("conversations", {"status": "open"}),
}


@pytest.mark.parametrize("constraint", TABLE_OF_RULE)
def test_the_table_enforces_the_rule_that_the_entry_points_name(constraint, owner):
    """A client that writes the tables directly, with COPY or psql, gets the same constraint."""
    created = owner.has_lead()
    table, columns = TABLE_OF_RULE[constraint]
    customer = Customer.objects.get()
    row = {"user_id": owner.id} | columns
    if table == "leads":
        row |= {"conversation_id": created.conversation_id, "source": "sql"}
    if table == "conversations":
        row |= {"customer_id": customer.pk}
    with pytest.raises(IntegrityError) as caught, transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO {table} ({', '.join([*row, 'updated_at'])}) VALUES ({'%s, ' * len(row)} now())",
            [*row.values()],
        )
    cause = caught.value.__cause__
    assert isinstance(cause, psycopg.Error)
    assert cause.diag.constraint_name == constraint


def test_every_constraint_that_a_case_names_exists(db):
    named = {case.constraint for case in [*BAD.values(), *BAD_JSON.values()] if case.constraint}
    with connection.cursor() as cursor:
        cursor.execute("SELECT conname FROM pg_constraint")
        existing = {name for (name,) in cursor.fetchall()}
    assert named <= existing
    assert named <= set(TABLE_OF_RULE)
