"""Customers, conversations and messages in the admin."""

import re
from typing import Any
from uuid import UUID

import pytest
from django.contrib.auth.models import Permission
from django.db import connection
from django.test.utils import CaptureQueriesContext

from conversations.models import Conversation, Customer, Message
from leadsite.adminkit.owned import OwnedAdmin
from tests.factories import Business
from tests.sessions import session
from tests.staff import ESCAPED, HOSTILE, address, errors_of, messages_of, staff_of

PHONE = "+4915123456789"
OTHER = "+4915100000000"


def customer_of(business: Business, phone: str = PHONE) -> tuple[Customer, str]:
    business.has_lead(customer_phone=phone)
    customer = Customer.objects.get(user=business.user, phone=phone)
    return customer, address("change", customer)


def two_conversations(business: Business) -> tuple[Conversation, Conversation]:
    """A completed one and an active one of the same customer."""
    done = business.has_lead(customer_phone=PHONE, conversation_status="completed")
    active = business.has_lead(customer_phone=PHONE)
    return tuple(Conversation.objects.get(pk=lead.conversation_id) for lead in (done, active))  # type: ignore[return-value] # a pair


def write(conversation: Conversation, text: str, **fields: Any) -> Message:
    columns = {"direction": "in", "status": "received"} | fields
    return Message.objects.create(user=conversation.user, conversation=conversation, content=text, **columns)


def test_a_second_active_conversation_of_a_customer_is_an_error_in_the_form(owner):
    done, _ = two_conversations(owner)

    response = staff_of(owner).fill(address("change", done), status="active")

    assert errors_of(response) == {"__all__": ["This customer has another active conversation."]}
    done.refresh_from_db()
    assert done.status == "completed"


def test_staff_close_a_conversation_and_open_another_again(owner):
    people = staff_of(owner)
    done, active = two_conversations(owner)

    people.fill(address("change", active), status="archived")
    assert people.fill(address("change", done), status="active").status_code == 302

    assert dict(Conversation.objects.values_list("pk", "status")) == {done.pk: "active", active.pk: "archived"}


def test_a_change_of_a_conversation_locks_the_customer_first(owner):
    people = staff_of(owner)
    path = address("change", two_conversations(owner)[1])
    form = people.form(path)

    with CaptureQueriesContext(connection) as context:
        people.send(path, form, status="completed")

    writes = [query["sql"] for query in context if "FOR UPDATE" in query["sql"] or "UPDATE " in query["sql"][:8]]
    assert 'FROM "customers"' in writes[0]
    assert writes[1].startswith('UPDATE "conversations"')


def test_a_message_that_came_meanwhile_does_not_disturb_an_old_form(owner):
    people = staff_of(owner)
    _, active = two_conversations(owner)
    old = people.form(address("change", active))
    owner.has_lead(customer_phone=PHONE)
    write(active, "Hello?")

    assert people.send(address("change", active), old, status="completed").status_code == 302


def test_the_page_of_a_conversation_shows_its_newest_messages(owner):
    people = staff_of(owner)
    _, active = two_conversations(owner)
    assert "No messages yet." in people.get(address("change", active)).content.decode()
    for number in range(50):
        write(active, f"Number {number}.", id=UUID(int=number))
    write(active, HOSTILE, direction="out", status="failed", error="131047: too late")

    page = people.get(address("change", active)).content.decode()

    assert "Number 0." not in page
    assert page.index("Number 1.") < page.index("Number 49.") < page.index(ESCAPED) < page.index("131047: too late")
    (older,) = re.findall(r'href="([^"]+)">Older messages', page)
    assert people.get(older).context["cl"].result_count == 51


def test_messages_are_for_those_who_may_see_messages(owner):
    _, active = two_conversations(owner)
    write(active, "Between us.")
    people = staff_of(owner)
    assert "Between us." in people.get(address("change", active)).content.decode()

    owner.user.groups.clear()
    owner.user.user_permissions.set(Permission.objects.filter(codename="view_conversation"))

    page = people.get(address("change", active))
    assert page.status_code == 200
    assert "Between us." not in page.content.decode()
    assert people.get(address("changelist", Message)).status_code == 403


def test_nobody_makes_changes_or_deletes_a_message_by_hand(owner):
    people = staff_of(owner)
    message = write(two_conversations(owner)[1], "As it was.")

    assert people.get(address("add", Message)).status_code == 403
    assert people.get(address("change", message)).status_code == 200
    for page in ("change", "delete"):
        assert people.send(address(page, message), {}, content="Not so.", post="yes").status_code == 403
    message.refresh_from_db()
    assert message.content == "As it was."


def test_a_message_is_found_by_its_text_and_its_customers_number(owner, stranger):
    people = staff_of(owner)
    wanted = write(two_conversations(owner)[1], "Lemon, please")
    write(two_conversations(stranger)[1], "Lemon, too")

    for words in ("lemon", "0151 234", "+49 151 23456789"):
        assert people.found(Message, q=words) == {wanted.pk}


@pytest.mark.parametrize("typed", ["0049 (151) 0000-0000", OTHER])
def test_a_customers_new_number_is_stored_in_one_form(owner, typed):
    customer, path = customer_of(owner)
    staff_of(owner).fill(path, phone=typed)
    customer.refresh_from_db()
    assert (customer.phone, customer.phone_key) == (OTHER, OTHER)


@pytest.mark.parametrize(
    ("field", "typed", "error"),
    [
        ("phone", "0151 000", "Write the phone number in international form"),
        ("phone", "", "A customer needs a phone number or a WhatsApp user id."),
        ("phone", "+52 1 55 1234 5678", "Another customer of this business has this phone number."),
        ("whatsapp_user_id", "DE.1", "Another customer of this business has this WhatsApp user id."),
        ("name", "x" * 201, "A name has at most 200 characters."),
    ],
)
def test_what_cannot_be_a_customer_is_an_error_in_the_form(owner, field, typed, error):
    customer, path = customer_of(owner)
    customer_of(owner, "+525512345678")
    Customer.objects.exclude(pk=customer.pk).update(whatsapp_user_id="DE.1")

    ((problem,),) = errors_of(staff_of(owner).fill(path, **{field: typed})).values()

    assert problem.startswith(error)
    assert Customer.objects.get(pk=customer.pk).phone == PHONE


def test_two_businesses_know_the_same_number(owner, stranger):
    customer_of(stranger, OTHER)
    _, path = customer_of(owner)
    assert staff_of(owner).fill(path, phone=OTHER).status_code == 302


def test_an_old_form_keeps_the_name_that_came_meanwhile(owner):
    people = staff_of(owner)
    customer, path = customer_of(owner)
    old = people.form(path)
    owner.has_lead(customer_phone=PHONE, customer_name="A newer name")

    people.send(path, old, phone=OTHER)

    customer.refresh_from_db()
    assert (customer.name, customer.phone) == ("A newer name", OTHER)


@pytest.mark.parametrize("model", [Customer, Conversation, Message])
def test_strangers_rows_do_not_exist_for_staff(model, owner, stranger):
    write(two_conversations(stranger)[1], "Secret")
    write(two_conversations(owner)[1], "Mine")
    people = staff_of(owner)
    theirs = model.objects.filter(user=stranger.user)[0]

    assert people.found(model) == set(model.objects.filter(user=owner.user).values_list("pk", flat=True))
    for query in ({"user__id__exact": str(stranger.id)}, {"q": PHONE}, {"id__exact": str(theirs.pk)}):
        assert theirs.pk not in people.found(model, **query)
    for page in ("change", "history", "delete"):
        assert people.get(address(page, theirs)).status_code in {302, 403}
        assert people.send(address(page, theirs), {}, status="archived", name="Mine").status_code in {302, 403}
    assert model.objects.get(pk=theirs.pk).updated_at == theirs.updated_at


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("rival_stays", [True, False])
def test_who_loses_a_race_for_a_number_reads_so_in_the_form(owner, monkeypatch, rival_stays):
    """The rival's row comes after the form was checked. Mended by the second check, unless it is gone again by then."""
    people = staff_of(owner)
    _, path = customer_of(owner)
    write_row = OwnedAdmin.save_model
    insert = "INSERT INTO customers (user_id, phone, name, updated_at) VALUES (%s, %s, 'Rival', now())"

    def late(page, request, obj, form, change):
        with session() as rival:
            rival.execute(insert, [owner.id, OTHER])
            rival.commit()
        try:
            write_row(page, request, obj, form, change)
        finally:
            if not rival_stays:
                with session() as rival:
                    rival.execute("DELETE FROM customers WHERE phone = %s", [OTHER])
                    rival.commit()

    monkeypatch.setattr(OwnedAdmin, "save_model", late)
    response = people.fill(path, phone=OTHER, name="Typed")

    if rival_stays:
        assert errors_of(response) == {"__all__": ["Another customer of this business has this phone number."]}
        assert 'value="Typed"' in response.content.decode()
    else:
        assert response.status_code == 302
        (message,) = messages_of(people.get(response.url))
        assert message.startswith("Not saved: somebody changed the same at this moment.")
    assert Customer.objects.filter(name="Typed").count() == 0
