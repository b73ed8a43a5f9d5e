"""The list of leads in the admin: search, filters and actions."""

import re
from datetime import UTC, datetime

import pytest
from django.contrib.admin.models import LogEntry
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils.html import strip_tags

from conversations.models import Conversation
from leads.admin.actions import COLLEAGUES
from leads.bulk import changes
from leads.models import BulkChange, Lead
from tests.staff import address, member_of, messages_of, person_of, staff_of

PHONE = "+4915123456789"


@pytest.mark.parametrize(
    "spelling",
    [
        "+49 151-234 56",
        "0049 151 23456789",
        "(0151) 234 56",
        "+49 (0)151/23456789",
        "234 567",
        PHONE,
        "+49\u00a0151\u2013234",
    ],
)
def test_a_lead_is_found_by_its_phone_number_in_any_spelling(owner, spelling):
    wanted = owner.has_lead(customer_phone=PHONE)
    owner.has_lead(customer_phone="+5511987654321", details="not 567")

    assert staff_of(owner).found(Lead, q=spelling) == {wanted.lead_id}


@pytest.mark.parametrize("spelling", ["+52 1 55 1234 5678", "+52 55 1234 5678"])
def test_a_number_that_whatsapp_writes_in_two_forms_is_found_by_both(owner, spelling):
    first = owner.has_lead(customer_phone="+525512345678")
    assert staff_of(owner).found(Lead, q=spelling) == {first.lead_id}


def test_a_lead_is_found_by_name_and_details_and_never_by_another_business(owner, stranger):
    wanted = owner.has_lead(customer_name="Amina Yılmaz", details="A lemon cake for 1234 guests")
    owner.has_lead(customer_name="Zoe", details="Bread")
    stranger.has_lead(customer_name="Amina", details="A lemon cake for 1234 guests", customer_phone="+12345678")

    for words in ("amina", "lemon cake", "1234"):
        assert staff_of(owner).found(Lead, q=words) == {wanted.lead_id}
    assert staff_of(owner).found(Lead, q="bread cake") == set()
    assert "Nothing matches" in staff_of(owner).list(Lead, q="bread cake")


def test_the_list_is_newest_first_and_can_be_filtered(owner):
    staff = staff_of(owner)
    assigned, unassigned = (Lead.objects.get(pk=owner.has_lead().lead_id) for _ in range(2))
    staff.act("assign_to_me", assigned)

    shown = staff.get(address("changelist", Lead)).context["cl"].result_list
    assert list(shown) == [unassigned, assigned]
    assert staff.found(Lead, assigned="me") == {assigned.pk}
    assert staff.found(Lead, assigned="nobody") == {unassigned.pk}
    ana, viewer = person_of(owner, "agent"), person_of(owner, "viewer")
    Lead.objects.filter(pk=unassigned.pk).update(assigned_to=ana)
    offered = next(
        one for one in staff.get(address("changelist", Lead)).context["cl"].filter_specs if one.title == "assigned to"
    )
    assert [value for value, _ in offered.lookup_choices] == ["me", "nobody", str(ana.pk)]
    assert staff.found(Lead, assigned=str(ana.pk)) == {unassigned.pk}
    assert staff.found(Lead, assigned=str(viewer.pk)) == set()
    assert staff.found(Lead, status__exact="lost") == set()


def test_the_list_shows_the_last_inbound_message_and_cannot_be_sorted_by_it(owner):
    staff = staff_of(owner)
    with_message, without_message = owner.has_lead(), owner.has_lead()
    Conversation.objects.filter(pk=with_message.conversation_id).update(
        last_inbound_at=datetime(2020, 3, 9, 8, tzinfo=UTC)
    )

    page = staff.list(Lead)

    assert page.count("9 Mar 2020") == 1
    assert "Last message" in re.sub(r"<[^>]*>", "", page)
    assert staff.get(address("changelist", Lead), o="6").context["cl"].queryset.query.order_by[0] == "-created_at"
    assert staff.found(Lead) == {with_message.lead_id, without_message.lead_id}


def test_an_empty_list_has_a_link_to_add_a_lead(owner):
    page = staff_of(owner).list(Lead)
    assert "No leads yet." in page
    assert f'href="{address("add", Lead)}"' in page


def test_an_action_changes_the_status_of_several_leads(owner):
    staff = staff_of(owner)
    chosen = [Lead.objects.get(pk=owner.has_lead().lead_id) for _ in range(3)]
    other = owner.has_lead()

    response = staff.client.get(staff.act("mark_contacted", *chosen).url)

    change = BulkChange.objects.get()
    assert [strip_tags(text) for text in messages_of(response)] == ["Changed: 3 leads. Details and undo"]
    assert address("change", change) in messages_of(response)[0]
    assert (change.user, change.person, change.state, change.total, change.changed) == (
        *(owner.user, owner.user),
        *("finished", 3, 3),
    )
    assert set(Lead.objects.filter(status="contacted")) == set(chosen)
    assert Lead.objects.get(pk=other.lead_id).status == "new"
    assert LogEntry.objects.filter(object_id=chosen[0].pk).get().get_change_message() == "Changed Status."


def test_leads_are_assigned_to_a_colleague_of_the_business(owner, stranger):
    colleague, theirs = person_of(owner, "agent"), person_of(stranger, "agent")
    lead = Lead.objects.get(pk=owner.has_lead().lead_id)
    people = staff_of(owner)
    page = people.list(Lead)
    assert "Assign to Agent" in page
    assert theirs.pk.hex not in page
    people.act(f"assign_to_{theirs.pk.hex}", lead)
    assert Lead.objects.get().assigned_to is None
    people.act(f"assign_to_{colleague.pk.hex}", lead)
    assert Lead.objects.get().assigned_to == colleague
    viewer = member_of(owner, "viewer")
    assert "assign_to_" not in viewer.list(Lead)


def test_a_colleague_who_leaves_while_leads_are_assigned_gets_none_and_the_page_says_why(owner, monkeypatch):
    colleague, people = person_of(owner, "agent"), staff_of(owner)
    lead = Lead.objects.get(pk=owner.has_lead().lead_id)
    start = changes.start_bulk_change

    def start_and_leave(**chosen):
        started = start(**chosen)
        colleague.memberships.all().delete()
        return started

    monkeypatch.setattr(changes, "start_bulk_change", start_and_leave)
    page = people.client.get(people.act(f"assign_to_{colleague.pk.hex}", lead).url)
    assert "This person does not work for the business any more." in page.content.decode()
    assert Lead.objects.get().assigned_to is None


def test_the_colleagues_are_read_once_for_a_list(owner):
    person_of(owner, "agent")
    people = staff_of(owner)
    with CaptureQueriesContext(connection) as statements:
        people.list(Lead)
    assert len([one for one in statements if one["sql"].endswith(f"LIMIT {COLLEAGUES}")]) == 1
