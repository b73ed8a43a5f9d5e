"""The order of lists of conversations."""

from datetime import UTC, datetime

import pytest

from conversations.models import Conversation
from tests.factories import Business
from tests.whatsapp import meta
from tests.whatsapp.inbox import Inbox


@pytest.fixture
def inbox(owner: Business) -> Inbox:
    return Inbox(owner)


def test_the_list_is_ordered_by_the_last_message_and_filtered_by_waiting(inbox):
    client = inbox.business.client
    inbox.business.has_lead()  # a conversation without messages
    customers = [f"49151000000{n}" for n in range(3)]
    for n, phone in enumerate(customers):
        inbox.gets(meta.text("Hello", from_=phone, timestamp=meta.NOON + n))
    inbox.gets_change("message_echoes", message_echoes=[meta.echo(to=customers[0], timestamp=meta.NOON + 60)])
    first = client.get("/api/conversations", {"page_size": 2}).json()
    second = client.get(first["next"]).json()
    rows = first["results"] + second["results"]
    assert [row["customer_phone"] for row in rows[:3]] == [f"+{customers[n]}" for n in (0, 2, 1)]
    assert [row["last_message_at"] is None for row in rows] == [False, False, False, True]
    assert client.get(second["previous"]).json()["results"] == first["results"]
    waiting = client.get("/api/conversations", {"waiting": "true"}).json()["results"]
    assert [row["customer_phone"] for row in waiting] == [f"+{customers[2]}", f"+{customers[1]}"]


@pytest.mark.parametrize("cursor", ["nonsense", "cD0yMDI2", "cD1ub3cgeA=="])
def test_an_invalid_cursor_is_400(inbox, cursor):
    assert inbox.business.client.get("/api/conversations", {"cursor": cursor}).status_code == 400


@pytest.mark.parametrize("ordering", ["-last_message_at", "-created_at", "created_at"])
def test_orderings_of_conversations(inbox, ordering):
    assert inbox.business.client.get("/api/conversations", {"ordering": ordering}).status_code == 200
    assert inbox.business.client.get("/api/conversations", {"ordering": "id"}).status_code == 400


@pytest.mark.parametrize(("ordering", "expected"), [("created_at", [2, 0, 1]), ("-created_at", [1, 0, 2])])
def test_conversations_that_came_with_their_dates_stand_by_these(inbox, ordering, expected):
    """As import_supabase brings them: with ids that say nothing about the time."""
    ids = [inbox.business.has_lead().conversation_id for _ in range(3)]
    Conversation.objects.filter(pk=ids[2]).update(created_at=datetime(2024, 5, 1, tzinfo=UTC))
    first = inbox.business.client.get("/api/conversations", {"ordering": ordering, "page_size": 2}).json()
    second = inbox.business.client.get(first["next"]).json()
    rows = first["results"] + second["results"]
    assert [row["id"] for row in rows] == [str(ids[n]) for n in expected]
    assert inbox.business.client.get(second["previous"]).json()["results"] == first["results"]
