"""Conversations in the admin: status, thread, and parts that other apps add."""

import re
from datetime import timedelta
from uuid import UUID

from django.contrib.auth.models import Permission
from django.db import connection
from django.test.utils import CaptureQueriesContext

from conversations.models import Conversation, Message
from leadsite.accounts.models import User
from leadsite.core import clock
from tests.cases import each_case
from tests.conversations.admin.rows import PHONE, two_conversations, write
from tests.plans import assert_condition_is_of_an_index
from tests.staff import ESCAPED, HOSTILE, address, errors_of, operator, staff_of


def test_a_second_active_conversation_of_a_customer_is_an_error_in_the_form(owner):
    done, _ = two_conversations(owner)

    response = staff_of(owner).fill(address("change", done), status="active")

    assert errors_of(response) == {"__all__": ["This customer has another active conversation."]}
    done.refresh_from_db()
    assert done.status == "completed"


def test_staff_close_a_conversation_and_reopen_another(owner):
    staff = staff_of(owner)
    done, active = two_conversations(owner)

    staff.fill(address("change", active), status="archived")
    assert staff.fill(address("change", done), status="active").status_code == 302

    assert dict(Conversation.objects.values_list("pk", "status")) == {done.pk: "active", active.pk: "archived"}


@each_case("status", ["completed", "archived"])
def test_a_snoozed_conversation_that_is_closed_here_does_not_come_back(status, owner):
    _, active = two_conversations(owner)
    Conversation.objects.filter(pk=active.pk).update(snoozed_until=clock.now() + timedelta(hours=1))

    staff_of(owner).fill(address("change", active), status=status)

    active.refresh_from_db()
    assert (active.status, active.snoozed_until) == (status, None)
    assert active.handled_at is not None


def test_a_conversation_that_is_assigned_here_stays_snoozed(owner):
    _, active = two_conversations(owner)
    until = clock.now() + timedelta(hours=1)
    Conversation.objects.filter(pk=active.pk).update(snoozed_until=until)

    staff_of(owner).fill(address("change", active), assigned_to=str(owner.id))

    active.refresh_from_db()
    assert (active.assigned_to_id, active.snoozed_until) == (owner.id, until)


def test_an_operator_assigns_a_conversation_to_an_operator(owner):
    _, active = two_conversations(owner)
    staff = operator()
    person = User.objects.get(is_superuser=True)

    assert staff.fill(address("change", active), assigned_to=str(person.pk)).status_code == 302

    active.refresh_from_db()
    assert active.assigned_to_id == person.pk


def test_a_change_of_a_conversation_locks_the_customer_first(owner):
    staff = staff_of(owner)
    path = address("change", two_conversations(owner)[1])
    form = staff.form(path)

    with CaptureQueriesContext(connection) as context:
        staff.send(path, form, status="completed")

    writes = [query["sql"] for query in context if "FOR NO KEY UPDATE" in query["sql"] or "UPDATE " in query["sql"][:8]]
    first = next(n for n, sql in enumerate(writes) if sql.startswith('UPDATE "conversations"'))
    assert first > 0
    assert all('FROM "customers"' in sql for sql in writes[:first])


def test_a_form_loaded_before_a_message_arrived_can_be_saved(owner):
    staff = staff_of(owner)
    _, active = two_conversations(owner)
    old_form = staff.form(address("change", active))
    owner.has_lead(customer_phone=PHONE)
    write(active, "Hello?")

    assert staff.send(address("change", active), old_form, status="completed").status_code == 302


def test_the_page_of_a_conversation_shows_its_newest_messages(owner):
    staff = staff_of(owner)
    _, active = two_conversations(owner)
    assert "No messages yet." in staff.get(address("change", active)).content.decode()
    for number in range(50):
        write(active, f"Number {number}.", id=UUID(int=number))
    write(active, HOSTILE, direction="out", status="failed", error="131047: too late")

    page = staff.get(address("change", active)).content.decode()

    assert "Number 0." not in page
    assert page.index("Number 1.") < page.index("Number 49.") < page.index(ESCAPED) < page.index("131047: too late")
    (older,) = re.findall(r'href="([^"]+)">Older messages', page)
    assert staff.get(older).context["cl"].result_count == 51


def test_the_thread_is_shown_only_with_permission_to_view_messages(owner):
    _, active = two_conversations(owner)
    write(active, "Between us.")
    staff = staff_of(owner)
    assert "Between us." in staff.get(address("change", active)).content.decode()

    owner.user.groups.clear()
    owner.user.user_permissions.set(Permission.objects.filter(codename="view_conversation"))

    page = staff.get(address("change", active))
    assert page.status_code == 200
    assert "Between us." not in page.content.decode()
    assert staff.get(address("changelist", Message)).status_code == 403


def test_a_conversation_is_assigned_on_its_page_and_found_by_the_assignee(owner):
    mine, nobodys = two_conversations(owner)
    staff = staff_of(owner)
    assert "Nobody" in staff.get(address("change", mine)).content.decode()
    staff.fill(address("change", mine), assigned_to=str(owner.id))
    assert Conversation.objects.get(pk=mine.pk).assigned_to_id == owner.id
    assert staff.found(Conversation, assigned="me") == {mine.pk}
    assert staff.found(Conversation, assigned="nobody") == {nobodys.pk}
    assert staff.found(Conversation, assigned=str(owner.id)) == {mine.pk}
    staff.fill(address("change", mine), assigned_to="")
    assert Conversation.objects.get(pk=mine.pk).assigned_to_id is None


def test_a_conversation_is_not_assigned_to_another_business(owner, stranger):
    mine, _ = two_conversations(owner)
    errors = errors_of(staff_of(owner).fill(address("change", mine), assigned_to=str(stranger.id)))
    assert list(errors) == ["assigned_to"]
    assert Conversation.objects.get(pk=mine.pk).assigned_to_id is None


@each_case("status", Conversation.Status.values)
def test_few_conversations_of_a_status_are_found_among_many(status, owner):
    """Without an index a million were read for a status that none had."""
    two_conversations(owner)
    found = staff_of(owner).get(address("changelist", Conversation), status__exact=status).context["cl"]
    assert_condition_is_of_an_index(found.queryset, "status")
