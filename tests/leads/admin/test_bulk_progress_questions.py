"""What is asked before an action on leads: why they were lost."""

from django.utils.html import strip_tags

from leads.admin import bulk_progress
from leads.models import BulkChange, Lead
from tests.factories import Business
from tests.staff import ESCAPED, HOSTILE, address, form_of, member_of, messages_of, staff_of


def test_leads_are_marked_as_lost_with_a_reason_and_come_back_as_they_were(owner: Business, stranger: Business):
    people = staff_of(owner)
    chosen = [Lead.objects.get(pk=owner.has_lead().lead_id) for _ in range(3)]
    Lead.objects.filter(pk=chosen[1].pk).update(status="contacted", lost_reason="Too far")
    Lead.objects.filter(pk=chosen[2].pk).update(status="lost", lost_reason="Closed")
    theirs = Lead.objects.get(pk=stranger.has_lead().lead_id)

    asked = people.act("mark_lost", *chosen, theirs)
    page = asked.content.decode()
    assert (asked.status_code, "Why was it lost?" in page, BulkChange.objects.exists()) == (200, True, False)
    assert page.count('name="_selected_action"') == 4
    posted = {"action": "mark_lost", "_selected_action": [str(one.pk) for one in (*chosen, theirs)]}
    for wrong in ("  ", "x" * 1001):
        again = people.client.post(address("changelist", Lead), posted | {"lost_reason": wrong})
        assert (again.status_code, BulkChange.objects.exists()) == (200, False)
    done = people.client.post(address("changelist", Lead), posted | {"lost_reason": HOSTILE})
    said = [strip_tags(text) for text in messages_of(people.client.get(done["Location"]))]
    assert said[0] == "Changed: 2 leads. Details and undo"
    now = dict(Lead.objects.values_list("pk", "lost_reason").filter(status="lost"))
    assert now == {chosen[0].pk: HOSTILE, chosen[1].pk: HOSTILE, chosen[2].pk: "Closed"}

    change = BulkChange.objects.get()
    assert (change.changed, change.same) == (2, 1)
    shown = people.get(address("change", change)).content.decode()
    assert (ESCAPED in shown, "<script>alert" in shown) == (True, False)
    people.client.post(address("decide", change), {"do": "undo"})
    before = [("new", ""), ("contacted", "Too far"), ("lost", "Closed")]
    assert [Lead.objects.values_list("status", "lost_reason").get(pk=one.pk) for one in chosen] == before


def test_of_more_than_are_counted_the_reason_is_asked_for_first(owner: Business, monkeypatch):
    monkeypatch.setattr(bulk_progress, "COUNT_LIMIT", 1)
    people = staff_of(owner)
    for _ in range(2):
        owner.has_lead()
    posted = {"action": "mark_lost", "select_across": "1", "_selected_action": ["x"], "lost_reason": "Too far"}
    confirm = people.client.post(address("changelist", Lead), posted).content.decode()
    assert "2 leads match" in confirm
    form = form_of(confirm)
    assert (form["lost_reason"], form["confirmed"]) == ("Too far", "1")
    people.client.post(address("changelist", Lead), form)
    assert set(Lead.objects.values_list("status", "lost_reason")) == {("lost", "Too far")}


def test_viewers_mark_nothing(owner: Business):
    lead = Lead.objects.get(pk=owner.has_lead().lead_id)
    viewer = member_of(owner, "viewer")
    assert "mark_lost" not in viewer.list(Lead)
    posted = {"action": "mark_lost", "_selected_action": [str(lead.pk)], "lost_reason": "Too far"}
    viewer.client.post(address("changelist", Lead), posted)
    lead.refresh_from_db()
    assert lead.status == "new"
