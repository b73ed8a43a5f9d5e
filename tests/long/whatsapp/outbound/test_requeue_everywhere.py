"""Failures as staff and programs see them: what is tried again, what is final and why, and what has arrived."""

from time import time

import pytest
from django.urls import reverse

from conversations.models import Conversation, Message
from leadsite.inbox.writing.failures import TOO_LATE
from tests.cases import each_case
from tests.envelope import refused
from tests.whatsapp import meta
from tests.whatsapp.graph import error
from tests.whatsapp.inbox import Inbox
from tests.whatsapp.mailing import AMINA, Mailing, reloaded
from tests.whatsapp.outbound.providers.test_twilio import WORDS
from tests.whatsapp.outbound.test_requeue import TEMPORARY, failed
from tests.whatsapp.twilio_forms import STATUS, TOKEN
from tests.whatsapp.views import Views
from tests.whatsapp.webhook_client import deliver_form, provider_client
from whatsapp.models import Channel

TEXT = "Your cake is ready"
SENT = f"message.status: {TEXT} (sent)"
LOST = f"The customer did not receive this. {TOO_LATE}"


@pytest.fixture
def views(owner, mailing):
    return Views(owner)


def sent(mailing: Mailing) -> Message:
    row = mailing.writes(TEXT)
    Channel.objects.update(paced_until=None)
    mailing.send_due()
    assert reloaded(row).status == "sent"
    return row


def assert_seen(views: Views, row: Message, state: str, tick: str, events: list[str], *, advice: str = "") -> None:
    """The row with its error, which staff and programs read too."""
    assert reloaded(row).status == state
    error = row.error if state in ("queued", "failed") else ""
    (answer,), (line,) = views.answers(row.conversation), views.page(row.conversation)
    assert (answer["status"], answer["text"], answer["error"]) == (state, TEXT, error or None)
    assert line == f"{' / '.join(part for part in (TEXT, error, advice) if part)} [{tick}]"
    # To be queued again is no event, nor is a failure of what was read.
    assert (views.told() if state in ("queued", "read") else views.events([answer])) == events


@each_case("code", TEMPORARY)
def test_what_passes_is_queued_again_without_an_event_until_it_is_sent(mailing, owner, views, code):
    row, inbox = sent(mailing), Inbox(owner)
    inbox.gets_statuses(failed(code, row.provider_id, of=row))
    assert_seen(views, row, "queued", "Queued", [SENT])
    assert row.error.startswith(f"{code}: ")
    mailing.send_all()
    assert_seen(views, row, "sent", "Sent", [SENT, SENT])
    inbox.gets_statuses(meta.status("delivered", id=row.provider_id))
    assert_seen(views, row, "delivered", "Delivered", [SENT, SENT, f"message.status: {TEXT} (delivered)"])


@each_case("code", [131026, 131047, 131049, 131050, 132001, 999_999])
def test_what_is_final_says_so(mailing, owner, views, code):
    row = sent(mailing)
    Inbox(owner).gets_statuses(failed(code, row.provider_id))
    assert_seen(views, row, "failed", "Not sent", [SENT, f"message.status: {TEXT} (failed)"], advice=LOST)
    assert row.error.startswith(f"{code}: ")


@each_case(("states", "tick"), [(("failed", "delivered"), "Delivered"), (("read", "failed"), "Read")])
@each_case("code", [131000, 131026])
@each_case("together", [True, False])
def test_what_has_arrived_shows_no_error(mailing, owner, views, states, tick, code, together):
    row, inbox = sent(mailing), Inbox(owner)
    arrived = next(state for state in states if state != "failed")
    reports = [
        failed(code, row.provider_id) if state == "failed" else meta.status(state, id=row.provider_id)
        for state in states
    ]
    for some in [reports] if together else [[report] for report in reports]:
        inbox.gets_statuses(*some)
    told = [f"message.status: {TEXT} (failed)"] if code == 131026 and states[0] == "failed" and not together else []
    assert_seen(views, row, arrived, tick, [SENT, *told, f"message.status: {TEXT} ({arrived})"])


def test_a_dead_number_stops_its_queue_waits_and_there_is_no_event(mailing, owner, views):
    mailing.graph.queue_reactions(error(100, title="Unsupported post request", error_subcode=33))
    row = mailing.writes(TEXT)
    mailing.send_due()
    assert mailing.reload().stopped_at
    assert reloaded(row).error == mailing.channel.stop_reason
    assert_seen(views, row, "queued", "Queued", [])
    assert "sends nothing: " in views.staff.get(reverse("inbox")).content.decode()


class TestTwilio:
    @pytest.fixture
    def twilio(self, owner, graph):
        return Mailing(owner, graph, number="+14155238886", token=TOKEN)

    @pytest.fixture
    def views(self, owner, twilio):
        return Views(owner)

    def report(self, row, state, **more):
        callback = STATUS | {"From": "whatsapp:+14155238886", "MessageSid": row.provider_id, "MessageStatus": state}
        assert deliver_form(provider_client(), callback | more).status_code == 200

    @each_case("code", WORDS)
    def test_a_code_told_by_callback_is_a_sentence(self, twilio, views, code):
        row = sent(twilio)
        self.report(row, "undelivered", ErrorCode=str(code))
        assert WORDS[code] in reloaded(row).error
        if code == 63018:
            assert_seen(views, row, "queued", "Queued", [SENT])
            twilio.send_all()
            assert_seen(views, row, "sent", "Sent", [SENT, SENT])
        else:
            told = [SENT, f"message.status: {TEXT} (failed)"]
            assert_seen(views, row, "failed", "Not sent", told, advice=LOST)

    def test_what_has_arrived_shows_no_error(self, twilio, views):
        row = sent(twilio)
        for state, more in (("undelivered", {"ErrorCode": "63003"}), ("delivered", {})):
            self.report(row, state, **more)
        told = [SENT, f"message.status: {TEXT} (failed)", f"message.status: {TEXT} (delivered)"]
        assert_seen(views, row, "delivered", "Delivered", told)

    @each_case(
        ("body", "words"),
        [
            ({"message": "x" * 1601}, "1600"),
            ({"template": {"name": "cake_ready", "language": "de"}}, "content_sid"),
        ],
    )
    def test_what_can_be_known_at_once_is_refused_and_seen_nowhere(self, twilio, views, owner, body, words):
        Inbox(owner, channel="222").gets(meta.text("Hello", from_=AMINA[1:], timestamp=int(time())))
        Channel.objects.filter(phone_number_id="222").update(active=False)
        thread = Conversation.objects.get()
        assert words in str(refused(twilio.post(to=AMINA, **body), 400)["fields"])
        if text := body.get("message"):
            answer = views.staff.client.post(reverse("inbox-reply", args=[thread.pk]), {"text": text})
            assert words in answer.content.decode()
        assert views.rows(thread) == ["in text: Hello"]
        assert [line.partition(" [")[0] for line in views.page(thread)] == ["Hello"]
        assert views.told() == ["message.received: Hello", "lead.created: Hello"]
