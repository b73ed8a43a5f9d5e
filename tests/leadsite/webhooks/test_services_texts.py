"""What an event says of a message is what the API says, word by word, for every kind."""

from itertools import product
from typing import Any

import pytest

from conversations.kinds import KINDS, text_of_message
from conversations.models import Message
from tests.conversations.chat import Chat
from tests.leadsite.webhooks.test_services import times_read
from tests.whatsapp import meta
from tests.whatsapp.inbox import Inbox
from whatsapp.models import Channel

pytestmark = pytest.mark.django_db

OTHER_KINDS = ["hologram", "poll_update", "X", "über", "_"]
CONTENTS = ["", "Two cakes", "  ", "\u200b\u3164\u202a", "👍", "é", "?", "\n5", "\ufe0f", "(image)", "\U000e0041"]
EXTRAS: list[Any] = [{}, {"voice": True}, {"audio": {"voice": True}}, {"audio": {"voice": "true"}}, {"audio": "true"}]


def test_every_kind_and_text(integrator, owner):
    chat = Chat(owner)
    for kind, content in product([*KINDS, *OTHER_KINDS], CONTENTS):
        chat.says(content, kind=kind)
    for kind, extras in product(["audio", "image"], [*EXTRAS, {"voice": 1}, {"voice": None}]):
        chat.says("", kind=kind, extras=extras)
    events = [row.payload["data"] for row in integrator.rows() if row.type == "message.received"]
    told = {event["id"]: event["text"] for event in events}
    stored = Message.objects.all()
    assert told == {str(one.pk): text_of_message(one.kind, one.content, one.extras) for one in stored}
    assert len(told) == len(KINDS | dict.fromkeys(OTHER_KINDS)) * len(CONTENTS) + 2 * (len(EXTRAS) + 2)


@pytest.mark.parametrize("kind", [*KINDS, *OTHER_KINDS])
def test_every_kind_is_called_the_same_in_event_and_api(integrator, owner, kind):
    row = Chat(owner).says("", kind=kind)
    (event,) = [row.payload["data"] for row in integrator.rows() if row.type == "message.received"]
    answer = owner.client.get(f"/api/messages/{row.pk}").json()
    assert times_read(event) == times_read(answer)


@pytest.mark.parametrize("state", ["sent", "delivered", "played", "failed", "unknown"])
def test_a_status_of_a_template_has_its_text_too(integrator, owner, state):
    row = Chat(owner).answers("Your cake is ready", kind="template", status="queued")
    Message.objects.filter(pk=row.pk).update(status=state, error="No.")
    (event,) = [row.payload["data"] for row in integrator.rows() if row.type == "message.status"]
    assert times_read(event) == times_read(owner.client.get(f"/api/messages/{row.pk}").json())


def test_through_the_webhook(integrator, owner):
    inbox = Inbox(owner)
    Channel.objects.update(display_number="+49 30 5550100")  # else the first delivery fills it, after the event
    inbox.gets(
        meta.message("image", {"id": "1"}),
        meta.message("audio", {"id": "2", "voice": True}),
        meta.message("reaction", {"message_id": "wamid.away"}),
        meta.message("unsupported", {"type": "poll_creation"}),
        meta.message("location", {"latitude": 1.5, "longitude": 2.5}),
    )
    inbox.gets_change("calls", calls=[meta.call(), meta.call(event="terminate", id="wacid.1", status="FAILED")])
    events = [row.payload["data"] for row in integrator.rows() if row.type == "message.received"]
    for event in events:
        answer = owner.client.get(f"/api/messages/{event['id']}").json()
        assert times_read(event) == times_read(answer)
    assert {"Photo", "Voice message"} <= {event["text"] for event in events}
    assert len(events) == 7
