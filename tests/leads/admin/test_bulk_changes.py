"""Actions on all leads that match, and the page of a bulk change."""

import pytest
from django.utils import timezone
from django.utils.html import strip_tags

from conversations.admin.customer_rows import SearchPaginator
from leads.admin import bulk_progress
from leads.bulk import changes, chunks, worker
from leads.models import BulkChange, Lead
from leadsite.accounts.models import Membership, User
from tests.factories import Business
from tests.staff import Staff, address, form_of, messages_of, operator, staff_of

pytestmark = pytest.mark.django_db
LEADS = 5


@pytest.fixture
def staff(owner: Business, monkeypatch) -> Staff:
    """Of a business with more leads than are changed at once."""
    monkeypatch.setattr(changes, "AT_ONCE", 3)
    monkeypatch.setattr(chunks, "CHUNK_SIZE", 2)
    for _ in range(LEADS):
        owner.has_lead()
    return staff_of(owner)


def act_on_all(staff: Staff, action: str, query: str = "", **more: str):
    chosen = {
        "action": action,
        "select_across": "1",
        "_selected_action": ["01a20e4e-5f63-7d2b-8978-25877e6c373b"],
    } | more
    return staff.client.post(f"{address('changelist', Lead)}?{query}", chosen)


def the_change() -> BulkChange:
    return BulkChange.objects.latest("pk")


def work() -> None:
    worker.process_bulk_change(the_change().pk, should_stop=lambda: False)


def press(staff: Staff, button: str):
    return staff.client.post(address("decide", the_change()), {"do": button})


def page(staff: Staff) -> str:
    return staff.get(address("change", the_change())).content.decode()


def test_the_number_is_said_before_an_action_on_more_leads_than_the_list_counts(staff, monkeypatch):
    """The list of a search counts up to a limit of its own, but the action is for all that match."""
    monkeypatch.setattr(SearchPaginator, "limit", LEADS - 1)
    response = act_on_all(staff, "mark_contacted", "q=cake", shown_at="")
    asked = form_of(response.content.decode())
    assert f"{LEADS} leads match" in strip_tags(response.content.decode())
    assert not BulkChange.objects.exists()
    staff.client.post(f"{address('changelist', Lead)}?q=cake", asked)
    assert the_change().total == LEADS


def test_the_number_is_said_where_a_list_without_a_search_counts_to_its_limit(staff, monkeypatch):
    monkeypatch.setattr(bulk_progress, "COUNT_LIMIT", LEADS - 1)
    monkeypatch.setattr(SearchPaginator, "limit", LEADS)
    assert f"{LEADS} leads match" in strip_tags(act_on_all(staff, "mark_contacted").content.decode())


def test_a_number_that_the_list_has_shown_is_not_asked_about(staff, monkeypatch):
    monkeypatch.setattr(SearchPaginator, "limit", LEADS)
    assert act_on_all(staff, "mark_contacted", "q=cake").url == address("change", the_change())


def test_many_leads_are_changed_by_the_worker_with_progress_cancel_and_undo(staff):
    response = act_on_all(staff, "mark_contacted", "status__exact=new")
    assert response.url == address("change", the_change())
    assert "Waiting for a worker" in page(staff)
    assert "Cancel" in page(staff)
    numbers = staff.get(address("progress", the_change())).json()
    assert (numbers["over"], numbers["total"], numbers["read"]) == (False, LEADS, 0)
    chunks.process_chunk(change_id=the_change().pk)
    numbers = staff.get(address("progress", the_change())).json()
    assert (numbers["progress"], numbers["read"], numbers["done"], numbers["kept"]) == (0.4, 2, 2, 0)
    press(staff, "cancel")
    assert "Continue" in page(staff)
    press(staff, "resume")
    work()
    assert "5 leads: 5 changed." in page(staff)
    press(staff, "undo")
    assert "given back" in page(staff)
    work()
    assert "Undone: 5 leads given back." in page(staff)
    assert set(Lead.objects.values_list("status", flat=True)) == {"new"}


def test_the_filter_and_the_business_limit_what_is_chosen(staff, owner, stranger):
    theirs = stranger.has_lead()
    done = owner.has_lead(status="contacted")
    act_on_all(staff, "assign_to_me", "status__exact=new")
    work()
    assert the_change().changed == LEADS
    assert Lead.objects.get(pk=theirs.lead_id).assigned_to is None
    assert Lead.objects.get(pk=done.lead_id).assigned_to is None


def test_a_lead_that_arrives_after_the_list_was_shown_is_not_changed(staff, owner):
    form = staff.get(address("changelist", Lead)).context["action_form"]
    shown_at = form["shown_at"].value()
    late = owner.has_lead()
    Lead.objects.filter(pk=late.lead_id).update(created_at=timezone.now())  # now() is the same throughout a test
    act_on_all(staff, "mark_contacted", shown_at=shown_at)
    work()
    assert the_change().changed == LEADS
    assert Lead.objects.get(pk=late.lead_id).status == "new"


@pytest.mark.parametrize("shown_at", ["", "yesterday", "-5", "9" * 500, "9" * 13])
def test_a_malformed_time_of_the_list_is_ignored(staff, shown_at):
    act_on_all(staff, "mark_contacted", shown_at=shown_at)
    assert the_change().total == LEADS


def test_few_leads_are_changed_at_once_and_the_kept_ones_are_shown_with_the_reason(staff, owner):
    fresh, done = (Lead.objects.get(pk=owner.has_lead(details=words).lead_id) for words in ("a", "b"))
    Lead.objects.filter(pk=done.pk).update(status="converted")
    response = staff.client.get(staff.act("mark_contacted", fresh, done).url)
    assert [strip_tags(text) for text in messages_of(response)] == [
        "Changed: 1 lead. Details and undo",
        "Not changed, because their status does not allow it: 1 lead.",
    ]
    assert address("change", done) in page(staff)
    assert "Its status does not allow it." in page(staff)
    press(staff, "undo")
    assert the_change().state == "undone"


def test_the_type_is_set_and_leads_are_unassigned(staff):
    act_on_all(staff, "set_type_booking")
    work()
    assert set(Lead.objects.values_list("type", flat=True)) == {"booking"}
    act_on_all(staff, "assign_to_me")
    work()
    act_on_all(staff, "assign_to_nobody")
    work()
    assert set(Lead.objects.values_list("assigned_to", flat=True)) == {None}
    assert "Assigned to: nobody" in page(staff)


def test_another_business_sees_nothing_of_a_change(staff, stranger):
    act_on_all(staff, "mark_contacted")
    other = staff_of(stranger)
    assert other.found(BulkChange) == set()
    assert other.get(address("progress", the_change())).status_code == 404
    other.client.post(address("decide", the_change()), {"do": "cancel"})
    assert the_change().state == "waiting"
    assert operator().found(BulkChange) == {the_change().pk}


def test_a_viewer_without_the_right_to_change_leads_sees_no_bulk_changes(staff, owner):
    act_on_all(staff, "mark_contacted")
    group = owner.user.groups.get()
    group.permissions.remove(*group.permissions.filter(codename="change_lead"))
    assert staff.get(address("changelist", BulkChange)).status_code == 403
    assert staff.client.post(address("decide", the_change()), {"do": "cancel"}).status_code == 403
    assert staff.get(address("decide", the_change())).status_code == 405


def test_a_button_that_comes_too_late_is_answered_with_a_sentence(staff):
    act_on_all(staff, "mark_contacted")
    work()
    response = staff.client.get(press(staff, "cancel").url)
    assert messages_of(response) == [
        "This is not possible now: the state of the bulk change is another one. See the page."
    ]


def test_nothing_that_matches_is_no_bulk_change_of_nothing(staff):
    response = act_on_all(staff, "mark_contacted", "status__exact=lost")
    assert messages_of(staff.client.get(response.url)) == ["No lead matches any more: nothing was changed."]


def test_a_change_over_several_businesses_is_the_operators_also_where_they_work_for_one(staff, owner, stranger):
    """Staff of that one business saw, continued and undid what an operator did with the leads of the others."""
    stranger.has_lead()
    operators = operator()
    Membership.objects.create(person=User.objects.get(is_superuser=True), business=owner.user, role="owner")
    act_on_all(operators, "mark_contacted")
    work()
    assert the_change().changed == LEADS + 1
    assert staff.found(BulkChange) == set()
    assert staff.get(address("progress", the_change())).status_code == 404
    press(staff, "undo")
    assert the_change().state == "finished"
    assert operators.found(BulkChange) == {the_change().pk}
    press(operators, "undo")
    assert the_change().state == "undo_waiting"
