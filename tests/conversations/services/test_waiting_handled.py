"""A conversation that staff complete is handled; what arrives late waits although an answer was queued before."""

import pytest
from django.urls import reverse

from conversations.models import Conversation, Message
from leadsite.monitoring.integrity import check_integrity
from tests.staff import address, staff_of
from tests.whatsapp import meta
from tests.whatsapp.conftest import graph, mailing
from tests.whatsapp.graph import error
from tests.whatsapp.inbox import Inbox

__all__ = ["graph", "mailing"]

# Times of arrival are those of transactions.
pytestmark = pytest.mark.django_db(transaction=True)


def since(inbox):
    """Since when the customer waits, in seconds after the first message."""
    (thread,) = inbox.conversations
    return int(thread.waiting_since.timestamp()) - meta.NOON if thread.waiting_since else None


def patch(inbox, status):
    path = f"/api/conversations/{inbox.conversations[0].pk}"
    answer = inbox.business.client.patch(path, {"status": status}, format="json")
    assert answer.status_code == 200, answer.content
    return answer.json()


def by_form(inbox, status):
    page = address("change", inbox.conversations[0])
    assert staff_of(inbox.business).fill(page, status=status).status_code == 302
    (thread,) = inbox.conversations
    return {"waiting_since": thread.waiting_since, "status": thread.status}


def reply(inbox, text):
    path = f"/api/conversations/{inbox.conversations[0].pk}/messages"
    assert inbox.business.client.post(path, {"message": text}, format="json").status_code == 202


@pytest.fixture
def inbox(mailing, owner):
    inbox = Inbox(owner)
    inbox.gets(meta.text("Open today?"))
    return inbox


@pytest.mark.parametrize("change", [patch, by_form])
@pytest.mark.parametrize("status", ["completed", "archived"])
def test_nobody_waits_in_a_conversation_that_staff_have_ended(inbox, change, status):
    assert since(inbox) == 0
    assert change(inbox, status)["waiting_since"] is None
    assert inbox.business.client.get("/api/conversations", {"waiting": "true"}).json()["results"] == []
    assert change(inbox, "active")["waiting_since"] is not None
    assert since(inbox) == 0


@pytest.mark.parametrize("status", ["completed", "archived"])
def test_an_answer_that_fails_after_the_end_makes_nobody_wait(inbox, mailing, status):
    """Also where nobody has said here that it is handled: it has come from another system."""
    reply(inbox, "Yes")
    Conversation.objects.update(status=status)
    mailing.graph.queue_reactions(error(131047))
    mailing.send_all()
    assert (Message.objects.get(direction="out").status, since(inbox)) == ("failed", None)
    staff, (thread,) = staff_of(inbox.business), inbox.conversations
    client = inbox.business.client
    assert client.get("/api/conversations", {"waiting": "true"}).json()["results"] == []
    assert client.get(f"/api/conversations/{thread.pk}").json()["waiting_since"] is None
    assert staff.found(Conversation, waiting="yes") == set()
    assert str(thread.pk) in staff.get(f"{reverse('inbox')}list/", tab="all").content.decode()
    assert str(thread.pk) not in staff.get(f"{reverse('inbox')}list/", tab="waiting").content.decode()
    assert staff.get(reverse("overview")).context["figures"]["now"][0]["value"] == "0"
    assert check_integrity() == []


def test_who_writes_again_waits_from_then_on(inbox, mailing):
    patch(inbox, "completed")
    inbox.gets(meta.text("Hello?", timestamp=meta.NOON + 60))
    assert (inbox.conversations[0].status, since(inbox)) == ("active", 60)
    inbox.gets(meta.text("Anybody?", timestamp=meta.NOON + 70))
    assert since(inbox) == 60
    # A failed answer does not bring back what was handled.
    reply(inbox, "Yes")
    mailing.graph.queue_reactions(error(131047))
    mailing.send_all()
    assert since(inbox) == 60


def test_a_status_that_stays_changes_nothing(inbox):
    reply(inbox, "Yes")
    assert patch(inbox, "active")["waiting_since"] is None
    assert Conversation.objects.get().handled_at is None


def test_a_late_message_waits_again_when_the_answer_to_it_fails(inbox, mailing):
    """It arrived after the first answer, so only the second one answers it."""
    inbox.gets(meta.text("And tomorrow?", timestamp=meta.NOON + 10))
    reply(inbox, "Until six")
    Message.objects.filter(direction="out").update(status="sent", provider_id="wamid.1")
    inbox.gets(meta.text("Do you have lemon cake?", timestamp=meta.NOON + 5))
    assert since(inbox) == 5
    inbox.gets(meta.text("Hello?", timestamp=meta.NOON + 20))
    assert since(inbox) == 5
    reply(inbox, "We do")
    assert since(inbox) is None
    mailing.graph.queue_reactions(error(131047))
    mailing.send_all()
    assert since(inbox) == 5
