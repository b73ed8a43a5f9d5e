"""The board: columns by status, moves that are allowed, pages of columns."""

from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from conversations.models import Conversation, Label
from leads.models import OPEN_STATUSES, Lead
from leads.services.status_order import TRANSITIONS
from leadsite.core import clock
from leadsite.inbox.work.board import PAGE
from tests.factories import Business
from tests.staff import ESCAPED, HOSTILE, Staff, member_of, person_of, staff_of

BOARD = "/admin/inbox/board/"


@pytest.fixture
def person(owner: Business) -> Staff:
    return staff_of(owner)


def columns(person: Staff) -> dict[str, Any]:
    response = person.get(BOARD)
    assert response.status_code == 200
    return {one["status"]: one for one in response.context["columns"]}


def test_each_lead_stands_in_the_column_of_its_status(owner: Business, stranger: Business, person: Staff):
    stranger.has_lead(customer_name="Theirs")
    for number, status in enumerate(TRANSITIONS):
        lead = owner.has_lead(customer_name=f"{HOSTILE}{number}")
        Lead.objects.filter(pk=lead.lead_id).update(status=status, lost_reason="Too far")
    found = columns(person)
    assert [(one, [card["lead"].status for card in found[one]["cards"]], found[one]["count"]) for one in found] == [
        (status, [status], "1") for status in TRANSITIONS
    ]
    page = person.get(BOARD).content.decode()
    assert ("<script>alert" in page, ESCAPED in page, "Theirs" in page) == (False, True, False)


def test_a_follow_up_is_due_on_cards_of_open_leads_alone(owner: Business, person: Staff):
    for status in TRANSITIONS:
        Lead.objects.filter(pk=owner.has_lead().lead_id).update(status=status, follow_up_at=clock.now())
    found = columns(person)
    assert {one for one in found if found[one]["cards"][0]["is_due"]} == set(OPEN_STATUSES)


def test_only_allowed_moves_and_lost_with_its_reason(owner: Business, person: Staff):
    lead = Lead.objects.get(pk=owner.has_lead().lead_id)
    path = f"{BOARD}{lead.pk}/"
    script = {"X-Inbox": "1"}
    moved = person.client.post(path, {"status": "qualified", "version": "1"}, headers=script)
    assert (moved.headers["X-Inbox-Status"], 'id="lead-' in moved.content.decode()) == ("200", True)
    for form, status in (
        ({"status": "new"}, "422"),
        ({"status": "lost"}, "422"),
        ({"status": "contacted", "version": "1"}, "409"),
    ):
        assert person.client.post(path, form, headers=script).headers["X-Inbox-Status"] == status
    assert person.client.post(path, {"status": "lost", "lost_reason": "Too far"}).status_code == 302
    lead.refresh_from_db()
    assert (lead.status, lead.lost_reason) == ("lost", "Too far")


def test_a_column_has_pages_and_the_board_takes_the_same_statements(owner: Business, person: Staff):
    def statements() -> int:
        with CaptureQueriesContext(connection) as queries:
            columns(person)
        return len(queries)

    owner.has_lead()
    columns(person)
    few = statements()
    for number in range(PAGE + 2):
        owner.has_lead(customer_name=f"Customer {number}")
    assert statements() == few
    first = columns(person)["new"]
    rest = person.get(f"{BOARD}column/", status="new", after=first["next"])
    ids = [card["lead"].pk for card in [*first["cards"], *rest.context["column"]["cards"]]]
    assert (len(ids), len(set(ids)), rest.context["column"]["next"]) == (PAGE + 3, PAGE + 3, "")
    assert person.get(f"{BOARD}column/", status="old").status_code == 404


def test_viewers_move_nothing_and_others_see_nothing(owner: Business, stranger: Business):
    lead = owner.has_lead(customer_name="Amina")
    viewer = member_of(owner, "viewer")
    page = viewer.get(BOARD).content.decode()
    assert ("Amina" in page, "draggable" in page) == (True, False)
    assert viewer.client.post(f"{BOARD}{lead.lead_id}/", {"status": "contacted"}).status_code == 403
    other = staff_of(stranger)
    assert other.client.post(f"{BOARD}{lead.lead_id}/", {"status": "contacted"}).status_code == 422
    assert Lead.objects.get().status == "new"


def test_a_card_shows_who_has_the_lead_and_the_labels_of_its_chat(owner: Business, person: Staff):
    ana = person_of(owner, "agent")
    label = Label.objects.create(user=owner.user, name=HOSTILE[:30], colour="pink")
    lead = owner.has_lead()
    Lead.objects.filter(pk=lead.lead_id).update(assigned_to=ana)
    Conversation.objects.filter(pk=lead.conversation_id).update(label_ids=[label.pk])
    for path in (BOARD, f"{BOARD}columns/", f"{BOARD}column/?status=new"):
        page = person.client.get(path).content.decode()
        assert f"<bdi>{ana.person_name}</bdi>" in page, path
        assert 'class="inbox-label label-pink"' in page, path
        assert "<script>alert" not in page, path
