"""Services create_lead and create_leads: customers, conversations, rollback and logging."""

from uuid import UUID

import pytest
from django.db import DatabaseError, connection, transaction
from structlog.testing import capture_logs

from conversations.models import Conversation, Customer
from leads.models import Lead
from leads.services.create import create_lead, create_leads
from leads.services.refusals import ExternalIdTaken, LeadRefused, UnknownBusiness
from tests.cases import each_case
from tests.conversations.phone_cases import OTHER_CUSTOMER, SAME_CUSTOMER
from tests.factories import NOTHING, NewLeadFactory, new_lead

PHONE = "+1234567890"
UNKNOWN_ID = UUID("00000000-0000-7000-8000-000000000000")


def test_a_second_lead_joins_the_active_conversation(owner):
    first = owner.has_lead(customer_phone=PHONE)
    second = owner.has_lead(customer_phone=PHONE)
    assert first.conversation_created
    assert not second.conversation_created
    assert first.conversation_id == second.conversation_id
    assert owner.row_counts() == (1, 1, 2)


@pytest.mark.parametrize("status", ["completed", "archived"])
def test_a_lead_after_the_conversation_was_closed_opens_another(owner, status):
    first = owner.has_lead(customer_phone=PHONE)
    Conversation.objects.update(status=status)
    second = owner.has_lead(customer_phone=PHONE)
    assert second.conversation_created
    assert first.conversation_id != second.conversation_id
    assert owner.row_counts() == (1, 2, 2)


@pytest.mark.parametrize("status", ["completed", "archived"])
def test_a_lead_with_a_closed_conversation_leaves_the_active_one_alone(owner, status):
    active = owner.has_lead(customer_phone=PHONE)
    closed = owner.has_lead(customer_phone=PHONE, conversation_status=status)
    assert closed.conversation_created
    assert closed.conversation_id != active.conversation_id
    assert Conversation.objects.get(status="active").pk == active.conversation_id


@each_case(("one", "other"), SAME_CUSTOMER)
def test_a_number_in_two_forms_is_one_customer_and_stays_as_first_given(owner, one, other):
    owner.has_lead(customer_phone=one)
    owner.has_lead(customer_phone=other)
    assert owner.row_counts() == (1, 1, 2)
    assert Customer.objects.get().phone == one


@pytest.mark.parametrize(("one", "other"), OTHER_CUSTOMER[:2])
def test_a_landline_with_similar_digits_is_another_customer(owner, one, other):
    owner.has_lead(customer_phone=one)
    owner.has_lead(customer_phone=other)
    assert owner.row_counts() == (2, 2, 2)


def test_the_most_recently_given_name_is_kept(owner):
    owner.has_lead(customer_phone=PHONE, customer_name="Jon")
    owner.has_lead(customer_phone=PHONE, customer_name=" John Doe ")
    assert Customer.objects.get().name == "John Doe"


def test_two_businesses_with_one_customer_keep_two_customers(owner, stranger):
    owner.has_lead(customer_phone=PHONE)
    stranger.has_lead(customer_phone=PHONE)
    assert owner.row_counts() == stranger.row_counts() == (1, 1, 1)


def test_created_leads_are_returned_in_the_order_given(owner):
    leads = [new_lead(details=str(number)) for number in range(20)]
    created = create_leads(user_id=owner.id, leads=leads, source="import")
    assert [Lead.objects.get(pk=one.lead_id).details for one in created] == [str(number) for number in range(20)]


def test_leads_of_one_customer_in_one_list_share_a_conversation(owner):
    leads = [
        new_lead(customer_phone=PHONE, customer_name="Jon"),
        new_lead(customer_phone="00 1234567890", customer_name="John"),
        new_lead(customer_phone=PHONE, conversation_status="completed", customer_name="John Doe"),
        new_lead(customer_phone=PHONE, conversation_status="completed", customer_name="John Doe"),
    ]
    created = create_leads(user_id=owner.id, leads=leads, source="import")
    assert [one.conversation_created for one in created] == [True, False, True, True]
    assert owner.row_counts() == (1, 3, 4)
    assert Customer.objects.get().name == "John Doe"


def test_one_invalid_lead_of_a_list_prevents_all(owner):
    with pytest.raises(LeadRefused) as refused:
        create_leads(user_id=owner.id, leads=[new_lead(), new_lead(type="oder")], source="import")
    assert refused.value.field == "type"
    assert owner.row_counts() == NOTHING


def test_an_empty_list_creates_nothing(owner):
    assert create_leads(user_id=owner.id, leads=[], source="import") == []


def test_an_external_id_is_unique_within_a_business(owner, stranger):
    owner.has_lead(external_id="order-17")
    stranger.has_lead(external_id="order-17")
    with pytest.raises(ExternalIdTaken):
        owner.has_lead(external_id="order-17")
    # The second customer and conversation had been written when the lead failed.
    assert owner.row_counts() == (1, 1, 1)


def test_an_unknown_business_is_named(db):
    with pytest.raises(UnknownBusiness):
        create_lead(user_id=UNKNOWN_ID, lead=new_lead(), source="api")
    assert not Customer.objects.exists()


@each_case("text", ["a\0b", "\ud800", "a lone \udfff surrogate"])
@each_case("field", ["customer_name", "details", "type", "customer_phone", "external_id"])
def test_text_that_cannot_be_stored_is_refused_with_its_field(owner, field, text):
    with pytest.raises(LeadRefused) as refused:
        owner.has_lead(**{field: text})
    assert refused.value.field == field
    assert owner.row_counts() == NOTHING


def test_a_failure_of_the_caller_rolls_everything_back(owner):
    def create_and_fail():
        with transaction.atomic():
            owner.has_lead()
            raise RuntimeError("after the lead")

    with pytest.raises(RuntimeError):
        create_and_fail()
    assert owner.row_counts() == NOTHING


def test_a_refused_lead_does_not_abort_the_callers_transaction(owner):
    with transaction.atomic():
        owner.has_lead()
        with pytest.raises(LeadRefused):
            owner.has_lead(type="oder")
        owner.has_lead()
    assert owner.row_counts() == (2, 2, 2)


def test_a_failed_creation_is_logged_once_with_its_cause_and_a_masked_phone(owner):
    with capture_logs() as events, pytest.raises(LeadRefused):
        owner.has_lead(customer_phone="+49 151 23456789", type="oder", source="admin")
    assert events == [
        {
            "event": "lead_creation_failed",
            "log_level": "warning",
            "source": "admin",
            "field": "type",
            "sqlstate": "23514",
            "constraint": "leads_type_valid",
            "attempt": 1,
            "phone": "+49…89",
        }
    ]


def test_a_statement_time_out_raises_the_database_error_and_is_logged(owner):
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL statement_timeout = '1ms'")
    with capture_logs() as events, pytest.raises(DatabaseError):
        create_leads(user_id=owner.id, leads=NewLeadFactory.build_batch(5000), source="import")
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL statement_timeout = 0")  # the test's end checks constraints
    assert [event["sqlstate"] for event in events] == ["57014"]


def test_a_thousand_leads_are_three_statements(owner, django_assert_num_queries):
    leads = NewLeadFactory.build_batch(1000)
    with django_assert_num_queries(5):  # the savepoint, customers, conversations, leads, the release
        create_leads(user_id=owner.id, leads=leads, source="import")
    assert owner.row_counts() == (1000, 1000, 1000)
