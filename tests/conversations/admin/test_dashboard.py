"""Waiting customers on the admin's first page."""

from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from conversations.models import Conversation
from leads.models import Lead
from tests.staff import staff_of
from tests.whatsapp import meta
from tests.whatsapp.inbox import Inbox


def first_page(business):
    response = staff_of(business).get(reverse("overview"))
    assert response.status_code == 200
    return response.content.decode()


def test_a_returning_customer_of_a_lost_lead_waits_on_the_first_page(owner):
    inbox = Inbox(owner)
    inbox.gets(meta.text("One cake"), contacts=[meta.contact()])
    Lead.objects.update(status="lost", lost_reason="Too late")
    Conversation.objects.update(status="completed")
    inbox.gets(meta.message("image", {"id": "1"}, timestamp=meta.NOON + 60))
    page = first_page(owner)
    assert "Waiting for an answer" in page
    assert reverse("inbox-chat", args=[inbox.conversations[0].pk]) in page
    assert "Sheena Nelson" in page
    assert "Photo" in page


def test_nobody_waits_after_an_answer_and_strangers_see_nothing(owner, stranger):
    inbox = Inbox(owner)
    inbox.gets(meta.text("One cake"))
    assert "Waiting for an answer" not in first_page(stranger)
    inbox.gets_change("message_echoes", message_echoes=[meta.echo(timestamp=meta.NOON + 60)])
    assert "Waiting for an answer" not in first_page(owner)


def test_the_first_page_takes_the_same_statements_for_one_who_waits_and_for_several(owner):
    staff = staff_of(owner)

    def statements() -> int:
        with CaptureQueriesContext(connection) as queries:
            page = staff.get(reverse("overview")).content.decode()
        assert all(f"Cake for {number}" in page for number in range(waiting))
        return len(queries)

    waiting = 1
    Inbox(owner).gets(meta.text("Cake for 0"))
    statements()
    one = statements()
    for waiting in range(1, 4):
        Inbox(owner).gets(meta.text(f"Cake for {waiting}", from_=f"1650555000{waiting}"))
    assert statements() == one
