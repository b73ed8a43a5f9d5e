"""A lead beside its chat: allowed steps, reasons, details, follow-ups, and two people who change it at once."""

from datetime import timedelta

import pytest
from django.utils import timezone

from leads.models import DETAILS_MAX_LENGTH, Lead
from leads.services.status_order import TRANSITIONS
from leadsite.accounts.models import User
from tests.factories import Business
from tests.leadsite.inbox.chats import asks
from tests.staff import Staff, member_of, staff_of

INBOX = "/admin/inbox/"


@pytest.fixture
def person(owner: Business) -> Staff:
    return staff_of(owner)


@pytest.fixture
def lead(owner: Business) -> Lead:
    return asks(owner, "Amina").leads.get()


def path_of(lead: Lead) -> str:
    return f"{INBOX}{lead.conversation_id}/lead/{lead.pk}/"


def pane(person: Staff, lead: Lead) -> str:
    return str(person.get(f"{INBOX}{lead.conversation_id}/chat/").content.decode())


@pytest.mark.parametrize("status", Lead.Status.values)
def test_the_buttons_are_the_allowed_steps(person: Staff, lead: Lead, status: str):
    Lead.objects.filter(pk=lead.pk).update(status=status)
    page = pane(person, lead)
    assert {one for one in Lead.Status.values if f'name="status" value="{one}"' in page} == set(TRANSITIONS[status])


def test_a_lost_one_needs_its_reason_which_is_kept_and_shown(owner: Business, person: Staff, lead: Lead):
    refused = person.client.post(path_of(lead), {"status": "lost"})
    assert (refused.status_code, "needs a reason" in refused.content.decode()) == (422, True)
    assert person.client.post(path_of(lead), {"status": "lost", "lost_reason": "x" * 1001}).status_code == 422
    assert person.client.post(path_of(lead), {"status": "lost", "lost_reason": "Too far"}).status_code == 302
    assert 'Lost: <bdi dir="auto">Too far</bdi>' in pane(person, lead)
    assert owner.client.get(f"/api/leads/{lead.pk}").json()["lost_reason"] == "Too far"
    (newest, *_) = owner.client.get(f"/api/leads/{lead.pk}/history").json()["results"]
    assert newest["changes"] == {"status": ["new", "lost"], "lost_reason": ["", "Too far"]}


def test_type_details_and_assignee(owner: Business, person: Staff, lead: Lead):
    colleague = member_of(owner, "agent")
    form = {"type": "booking", "details": "A table\r\nfor two", "assigned_to": str(owner.id)}
    assert person.client.post(path_of(lead), form).status_code == 302
    lead.refresh_from_db()
    assert (lead.type, lead.details, lead.assigned_to_id) == ("booking", "A table\nfor two", owner.id)
    for wrong in ({"type": "gift"}, {"details": "x" * (DETAILS_MAX_LENGTH + 1)}, {"assigned_to": str(lead.pk)}):
        assert person.client.post(path_of(lead), wrong).status_code == 422
    assert colleague.client.post(path_of(lead), {"assigned_to": ""}).status_code == 302


def test_who_changes_a_lead_that_somebody_else_has_changed_is_told(person: Staff, lead: Lead):
    Lead.objects.filter(pk=lead.pk).update(details="By somebody else")
    for stale in ({"details": "Mine"}, {"status": "contacted"}, {"follow_up": "tomorrow"}):
        answer = person.client.post(path_of(lead), {"version": str(lead.version), **stale})
        assert (answer.status_code, "changed this lead meanwhile" in answer.content.decode()) == (409, True)
    assert person.client.post(path_of(lead), {"version": "9" * 5000, "details": "Mine"}).status_code == 409
    lead.refresh_from_db()
    assert (lead.status, lead.details) == ("new", "By somebody else")
    assert person.client.post(path_of(lead), {"version": str(lead.version), "details": "Mine"}).status_code == 302


def test_a_follow_up_is_a_time_where_the_business_is_and_can_be_done(owner: Business, person: Staff, lead: Lead):
    User.objects.filter(pk=owner.id).update(time_zone="Europe/Berlin")
    assert person.client.post(path_of(lead), {"follow_up": "2031-07-01T09:30"}).status_code == 302
    page = pane(person, lead)
    lead.refresh_from_db()
    assert lead.follow_up_at is not None
    assert lead.follow_up_at.isoformat() == "2031-07-01T07:30:00+00:00"
    assert owner.client.get(f"/api/leads/{lead.pk}").json()["follow_up_at"] == "2031-07-01T07:30:00Z"
    assert "Follow up Tue 1 Jul 2031, 09:30" in page
    assert 'value="2031-07-01T09:30"' in page
    for wrong in ("soon", "2031-13-01T09:30", "0001-01-01T00:00", "9999-12-31T23:59"):
        assert person.client.post(path_of(lead), {"follow_up": wrong}).status_code == 422
    assert person.client.post(path_of(lead), {"follow_up": ""}).status_code == 302
    lead.refresh_from_db()
    assert lead.follow_up_at is None


def test_the_api_takes_a_follow_up_with_its_offset(owner: Business, lead: Lead):
    patch = owner.client.patch
    answer = patch(f"/api/leads/{lead.pk}", {"follow_up_at": "2031-07-01T09:30:00+02:00"}, format="json")
    assert answer.json()["follow_up_at"] == "2031-07-01T07:30:00Z"
    for wrong in ("2031-07-01T09:30:00", "soon", 5, True, ["2031"]):
        assert patch(f"/api/leads/{lead.pk}", {"follow_up_at": wrong}, format="json").status_code == 400, wrong
    assert patch(f"/api/leads/{lead.pk}", {"follow_up_at": None}, format="json").json()["follow_up_at"] is None


def test_viewers_see_it_and_change_nothing(owner: Business, lead: Lead):
    Lead.objects.filter(pk=lead.pk).update(follow_up_at=timezone.now() + timedelta(days=1))
    viewer = member_of(owner, "viewer")
    page = pane(viewer, lead)
    assert "Follow up " in page
    assert "<form" not in page.partition('id="customer"')[2]
    for form in ({"status": "contacted"}, {"follow_up": ""}, {"details": "x"}):
        assert viewer.client.post(path_of(lead), form).status_code == 403
    lead.refresh_from_db()
    assert (lead.status, lead.details) == ("new", "Wants a cake")


def test_the_times_to_follow_up_stand_in_the_order_of_those_to_snooze(person: Staff, lead: Lead):
    Lead.objects.filter(pk=lead.pk).update(follow_up_at=timezone.now())
    page = pane(person, lead)
    for name, other in (("until", "snooze-until"), ("follow_up", f"follow-at-{lead.pk}")):
        places = [page.index(f'name="{name}" value="{time}"') for time in ("tomorrow", "next_week")]
        assert [*places, page.index(f'id="{other}"')] == sorted([*places, page.index(f'id="{other}"')])
    done = page.index('name="follow_up" value=""')
    assert done < page.index('name="follow_up" value="tomorrow"')


def test_a_step_is_undone_by_who_has_made_it_unless_the_status_has_changed_since(
    owner: Business, person: Staff, lead: Lead
):
    button, colleague = 'name="undo"', member_of(owner, "agent")
    assert button not in pane(person, lead)
    person.client.post(path_of(lead), {"status": "contacted"})
    person.client.post(path_of(lead), {"status": "lost", "lost_reason": "Too far"})
    assert button in pane(person, lead)
    for other in (colleague, member_of(owner, "viewer")):
        assert button not in pane(other, lead)
        assert other.client.post(path_of(lead), {"undo": "1"}).status_code in (403, 422)
    assert person.client.post(path_of(lead), {"undo": "1", "version": "1"}).status_code == 409
    assert person.client.post(path_of(lead), {"details": "Two cakes"}).status_code == 302
    assert person.client.post(path_of(lead), {"undo": "1"}).status_code == 302
    lead.refresh_from_db()
    assert (lead.status, lead.lost_reason, lead.details) == ("contacted", "", "Two cakes")
    assert button not in pane(person, lead)
    assert person.client.post(path_of(lead), {"undo": "1"}).status_code == 422
    assert person.client.post(path_of(lead), {"status": "new"}).status_code == 422
    person.client.post(path_of(lead), {"status": "converted"})
    colleague.client.post(path_of(lead), {"status": "lost", "lost_reason": "Cancelled"})
    assert (button in pane(person, lead), button in pane(colleague, lead)) == (False, True)
