"""A message on its way out: what leaves, what becomes of it, and in which order. Against a Graph API of our own."""

from datetime import timedelta

import pytest
from django.db import connection
from django.utils import timezone

from conversations.models import Conversation, Customer, Message, ParkedStatus
from tests.whatsapp import meta
from tests.whatsapp.graph import (
    GARBAGE,
    GATEWAY_502,
    GATEWAY_503,
    RESET_ACCEPTED,
    RESET_READ,
    RESET_UNREAD,
    SERVER_ERROR,
    TOO_MANY,
    Reaction,
    error,
)
from tests.whatsapp.inbox import Inbox
from tests.whatsapp.mailing import AMINA, TOKEN, Mailing
from whatsapp.channels import connect_channel
from whatsapp.models import Channel
from whatsapp.outbound import queue
from whatsapp.outbound.enqueue import Recipient, Written, send_message
from whatsapp.outbound.outcomes import Again, Failed, Sent, Unknown
from whatsapp.outbound.providers import cloud
from whatsapp.outbound.worker import send_in_turn

BRUNO, CARLA = "+4915100000002", "+4915100000003"


def of(message):
    message.refresh_from_db()
    return message


class TestWhatLeaves:
    def test_a_text_with_its_number_token_and_our_own_id(self, mailing):
        row = mailing.writes("Ready at five 🎂")
        assert mailing.is_sent() == 1
        (entry,) = mailing.graph.ledger
        assert entry["path"] == f"/v26.0/{meta.CHANNEL}/messages"
        assert entry["token"] == TOKEN
        assert entry["body"] == {
            "messaging_product": "whatsapp",
            "recipient_type": "individual",
            "to": AMINA,
            "biz_opaque_callback_data": str(row.pk),
            "type": "text",
            "text": {"body": "Ready at five 🎂", "preview_url": False},
        }

    def test_a_number_leaves_with_a_plus_sign_however_it_was_written(self, mailing):
        for written in ("0049 151 23456789", "+49 (151) 2345-6789"):
            mailing.post(to=written, message="Hello")
        mailing.is_sent()
        assert [entry["body"]["to"] for entry in mailing.graph.ledger] == [AMINA, AMINA]

    def test_a_user_id_leaves_as_recipient(self, mailing):
        mailing.writes(to=meta.SHEENA_ID)
        mailing.is_sent()
        body = mailing.graph.ledger[0]["body"]
        assert (body["recipient"], "to" in body) == (meta.SHEENA_ID, False)

    def test_an_answer_goes_to_the_address_as_the_customer_wrote_from_it(self, mailing, owner):
        """WhatsApp writes Mexican numbers with a 1 that people leave out."""
        mailing.writes(to="+525512345678")
        Inbox(owner).gets(meta.text("Hola", from_="5215512345678"))
        mailing.writes(to="+525512345678")
        mailing.is_sent()
        assert [entry["body"]["to"] for entry in mailing.graph.ledger] == ["+525512345678", "+5215512345678"]
        assert Customer.objects.count() == 1

    def test_a_number_that_was_given_stays_the_address_also_of_who_shows_an_id_now(self, mailing, owner):
        inbox = Inbox(owner)
        inbox.gets(meta.text("Hello", from_user_id=meta.SHEENA_ID))
        inbox.gets(meta.text("Hidden now", from_=None, from_user_id=meta.SHEENA_ID))
        conversation = Conversation.objects.get()
        mailing.writes(to=f"+{meta.SHEENA}")
        mailing.post(f"/api/conversations/{conversation.pk}/messages", message="A reply")
        template = {"name": "code", "language": "de"}
        mailing.post(f"/api/conversations/{conversation.pk}/messages", template=template)
        mailing.is_sent()
        bodies = [entry["body"] for entry in mailing.graph.ledger]
        assert [body.get("to") or body["recipient"] for body in bodies] == [
            f"+{meta.SHEENA}",
            meta.SHEENA_ID,
            f"+{meta.SHEENA}",
        ]

    def test_but_not_to_an_address_that_is_theirs_no_more(self, mailing, owner):
        inbox = Inbox(owner)
        inbox.gets(meta.text("Hello"))
        inbox.gets(meta.message("system", {"type": "user_changed_number", "body": "Changed", "wa_id": "12195555358"}))
        conversation = Conversation.objects.get()
        mailing.post(f"/api/conversations/{conversation.pk}/messages", message="Hello")
        mailing.is_sent()
        assert mailing.graph.ledger[0]["body"]["to"] == "+12195555358"

    def test_a_template_leaves_as_meta_takes_it(self, mailing):
        components = [{"type": "body", "parameters": [{"type": "text", "text": "Amina"}]}]
        template = {"name": "cake_ready", "language": "en_US", "components": components}
        mailing.post(to=AMINA, template=template)
        mailing.is_sent()
        body = mailing.graph.ledger[0]["body"]
        assert body["type"] == "template"
        assert body["template"] == template | {"language": {"code": "en_US"}}
        assert Message.objects.get().content == "cake_ready: Amina"

    def test_an_answer_goes_through_the_number_that_the_customer_wrote_to(self, mailing, owner):
        second = connect_channel(user_id=owner.id, phone_number_id="2222", access_token="another token")
        Inbox(owner, channel="2222").gets(meta.text("Hello", from_=AMINA[1:]))
        mailing.writes()
        mailing.writes(to=BRUNO)
        mailing.is_sent()
        sent = {entry["body"]["to"]: (entry["path"], entry["token"]) for entry in mailing.graph.ledger}
        assert sent[AMINA] == (f"/v26.0/{second.phone_number_id}/messages", "another token")
        assert sent[BRUNO] == (f"/v26.0/{meta.CHANNEL}/messages", TOKEN)


class TestAcceptance:
    def test_it_is_sent_with_the_providers_id(self, mailing):
        row = mailing.writes()
        mailing.is_sent()
        row = of(row)
        assert (row.status, row.provider_id, row.error, row.leased_until) == ("sent", "wamid.000001", "", None)
        assert not ParkedStatus.objects.exists()
        assert mailing.is_sent() == 0

    def test_what_meta_calls_the_customer_is_kept(self, mailing):
        body = (
            b'{"contacts": [{"input": "x", "wa_id": "491512345", "user_id": "DE.1"}], "messages": [{"id": "wamid.1"}]}'
        )
        mailing.graph.next_come(Reaction(body=body))
        row = mailing.writes()
        mailing.is_sent()
        assert of(row).extras["details"] == {"accepted": {"wa_id": "491512345", "user_id": "DE.1"}}

    def test_statuses_carry_it_on(self, mailing, owner):
        row = mailing.writes()
        mailing.is_sent()
        for state in ("delivered", "read"):
            Inbox(owner).gets_statuses(meta.status(state, id="wamid.000001"))
            assert of(row).status == state

    def test_a_status_that_comes_before_the_answer_does_no_harm(self, mailing, owner):
        row = mailing.writes()
        Inbox(owner).gets_statuses(meta.status("delivered", id="wamid.000001"))
        mailing.is_sent()
        assert of(row).status == "delivered"

    def test_a_failure_that_only_a_status_tells_says_what_to_do(self, mailing, owner):
        row = mailing.writes()
        mailing.is_sent()
        Inbox(owner).gets_statuses(
            meta.status("failed", id="wamid.000001", errors=[meta.error(131047, "Re-engagement message")])
        )
        row = of(row)
        assert row.status == "failed"
        assert row.error.startswith("131047: Re-engagement message")
        assert "template" in row.error
        answer = owner.client.get(f"/api/messages/{row.pk}").json()
        assert (answer["status"], answer["error"]) == ("failed", row.error)


def pause_of(row):
    """Seconds from when it was recorded until the next try."""
    return (row.due_at - row.updated_at).total_seconds()


AGAIN = {
    "throughput": (error(130429), 0.8, 1.2),
    "overload": (SERVER_ERROR, 0.8, 1.2),
    "Meta's word that it will pass": (error(999_999, is_transient=True), 0.8, 1.2),
    "a server's error with a reason": (error(999_999, status=500), 0.8, 1.2),
    "too many requests": (TOO_MANY, 1, 1.2),
    "a gateway's 400": (Reaction(status=400, body=b"<html>bad</html>"), 1.6, 2.4),
    "unknown to Meta": (error(131000, status=500), 1.6, 2.4),
    "pair rate": (error(131056), 0.8, 1.2),
    "maintenance": (error(131057, status=500), 48, 72),
    "the app's limit": (error(4), 48, 72),
    "a gateway's 403": (Reaction(status=403, body=b"<html>forbidden</html>"), 1.6, 2.4),
}
PERMANENT = {
    "window": (error(131047, title="Re-engagement message"), "send an approved template"),
    "unreachable": (error(131026), "131026: "),
    "parameter": (error(100), "100: "),
    "opted out": (error(131050), "opted out"),
    "no such template": (error(132001, status=404), "no approved template"),
    "a code that nobody knows": (error(999_999), "999999: "),
}
UNKNOWN = {
    "reset before it was read": RESET_UNREAD,
    "reset after it was read": RESET_READ,
    "reset after it was accepted": RESET_ACCEPTED,
    "200 and nonsense": GARBAGE,
    "200 and nothing": Reaction(body=b"", accepts=True),
    "200 without an id": Reaction(body=b'{"messages": [{}]}', accepts=True),
    "a gateway that lost the answer": GATEWAY_502,
    "a gateway that is too busy, or lost it": GATEWAY_503,
    "a broken server without a word": Reaction(status=500, body=b""),
    "an answer without end": Reaction(body=b"x" * 300_000, accepts=True),
}


class TestErrors:
    @pytest.mark.parametrize("case", AGAIN)
    def test_what_may_pass_is_tried_again_later(self, mailing, case):
        reaction, soonest, latest = AGAIN[case]
        mailing.graph.next_come(reaction)
        row = mailing.writes()
        mailing.is_sent()
        row = of(row)
        assert (row.status, row.attempts) == ("queued", 1)
        assert row.error
        assert soonest <= pause_of(row) <= latest
        assert mailing.is_sent_again() == 1
        assert (of(row).status, of(row).error) == ("sent", "")

    @pytest.mark.parametrize("case", PERMANENT)
    def test_what_will_not_pass_has_failed_with_its_reason(self, mailing, case):
        reaction, words = PERMANENT[case]
        mailing.graph.next_come(reaction)
        row = mailing.writes()
        mailing.is_sent()
        assert of(row).status == "failed"
        assert words in row.error
        assert (mailing.is_sent_again(), mailing.graph.ledger) == (0, [])

    @pytest.mark.parametrize("case", UNKNOWN)
    def test_what_nobody_knows_is_not_sent_again(self, mailing, case):
        mailing.graph.next_come(UNKNOWN[case])
        row = mailing.writes()
        mailing.is_sent()
        assert of(row).status == "unknown"
        assert row.error
        assert mailing.is_sent_again() == 0
        assert mailing.graph.requests == 1

    def test_an_answer_that_does_not_come_is_unknown(self, mailing, monkeypatch):
        monkeypatch.setattr("whatsapp.outbound.providers.http.READ_SECONDS", 0.2)
        mailing.graph.next_come(Reaction(seconds=1, accepts=True))
        row = mailing.writes()
        mailing.is_sent()
        assert of(row).status == "unknown"

    def test_nobody_there_is_certainly_not_sent(self, mailing, settings):
        settings.WHATSAPP_API_BASE_URL = "http://127.0.0.1:9"
        row = mailing.writes()
        mailing.is_sent()
        assert (of(row).status, row.error) == ("queued", "No connection to the provider: ConnectionRefusedError.")

    def test_pauses_grow_and_there_is_a_last_attempt(self, mailing):
        row = mailing.writes()
        mailing.graph.next_come(*[error(131000, status=500)] * 4)
        pauses = []
        for _ in range(3):
            mailing.is_sent_again()
            pauses.append(pause_of(of(row)))
        assert pauses == sorted(pauses)
        mailing.is_sent_again()
        assert of(row).status == "failed"
        assert row.error.startswith("Given up after 4 tries. 131000")

    def test_the_pair_rate_delays_that_customer_only(self, mailing):
        mailing.graph.next_come(error(131056))
        row = mailing.writes("one")
        mailing.is_sent()
        mailing.writes("two")
        mailing.writes("for Bruno", to=BRUNO)
        mailing.is_sent()
        assert mailing.graph.texts() == ["for Bruno"]
        pauses = []
        for _ in range(3):
            mailing.graph.next_come(error(131056))
            mailing.is_sent_again()
            pauses.append(pause_of(of(row)))
        for pause, expected in zip(pauses, (4, 16, 64), strict=True):
            assert 0.8 * expected <= pause <= 1.2 * expected
        mailing.is_sent_again()
        assert mailing.graph.texts(AMINA) == ["one", "two"]

    def test_a_limit_of_the_number_holds_back_all_its_customers(self, mailing):
        mailing.graph.next_come(error(80007))
        mailing.writes()
        mailing.is_sent()
        mailing.writes(to=BRUNO)
        assert (mailing.is_sent(), mailing.graph.ledger) == (0, [])

    def test_a_fault_of_ours_before_the_request_has_failed_and_costs_the_others_nothing(self, mailing):
        row = mailing.writes()
        Message.objects.filter(pk=row.pk).update(kind="template", extras={})
        mailing.writes(to=BRUNO)
        mailing.is_sent()
        assert [state for _, state in mailing.states()] == ["failed", "sent"]

    def test_a_fault_of_ours_after_it_is_unknown(self, mailing, monkeypatch):
        monkeypatch.setattr(cloud, "outcome_of", lambda answer: 1 / 0)
        row = mailing.writes()
        mailing.is_sent()
        assert (of(row).status, row.error) == ("unknown", "Sending broke on our side: ZeroDivisionError.")

    def test_tries_are_counted_for_each_kind_of_error(self, mailing):
        row = mailing.writes()
        mailing.graph.next_come(*[error(131000, status=500)] * 3, error(131056), error(131000, status=500))
        for _ in range(5):
            mailing.is_sent_again()
        assert (of(row).status, row.attempts, row.retries) == ("queued", 5, 1)
        assert 1.6 <= pause_of(row) <= 2.4
        mailing.is_sent_again()
        assert of(row).status == "sent"


class TestSettlingTheUnknown:
    @pytest.fixture
    def unknown(self, mailing):
        mailing.graph.next_come(RESET_ACCEPTED)
        row = mailing.writes()
        mailing.is_sent()
        return of(row)

    @pytest.mark.parametrize("state", ["sent", "delivered", "read"])
    def test_a_status_with_our_id_tells_that_it_was_sent(self, unknown, owner, state):
        Inbox(owner).gets_statuses(meta.status(state, id="wamid.9", biz_opaque_callback_data=str(unknown.pk)))
        assert (of(unknown).status, unknown.provider_id) == (state, "wamid.9")
        Inbox(owner).gets_statuses(meta.status("read", id="wamid.9"))
        assert of(unknown).status == "read"

    def test_or_that_it_failed(self, unknown, owner):
        failed = meta.status("failed", id="wamid.9", errors=[meta.error(131026, "Undeliverable")])
        Inbox(owner).gets_statuses(failed | {"biz_opaque_callback_data": str(unknown.pk)})
        assert (of(unknown).status, unknown.error) == ("failed", "131026: Undeliverable")

    def test_a_strangers_status_with_our_id_tells_nothing(self, unknown, stranger):
        told = meta.status("read", id="wamid.9", biz_opaque_callback_data=str(unknown.pk))
        Inbox(stranger, channel="222").gets_statuses(told)
        assert (of(unknown).status, unknown.provider_id) == ("unknown", None)

    @pytest.mark.parametrize("data", ["", "cake", "x" * 600, "01a20e10-c789-751e-8139-2738ff45afdb"])
    def test_other_data_of_that_name_does_no_harm(self, unknown, owner, data):
        kept = Inbox(owner).gets_statuses(meta.status("read", id="wamid.9", biz_opaque_callback_data=data))
        assert (kept.state, of(unknown).status) == ("processed", "unknown")

    def test_one_that_would_be_tried_again_is_not_when_a_status_says_it_was_sent(self, mailing, owner):
        mailing.graph.next_come(SERVER_ERROR)
        row = mailing.writes()
        mailing.is_sent()
        Inbox(owner).gets_statuses(meta.status("sent", id="wamid.9", biz_opaque_callback_data=str(row.pk)))
        assert mailing.is_sent_again() == 0
        assert of(row).status == "sent"


class TestOrderAndPace:
    def test_of_a_customer_one_at_a_time_and_in_order(self, mailing):
        for text in ["one", "two", "three"]:
            mailing.writes(text)
        mailing.writes("for Bruno", to=BRUNO)
        claimed = queue.claim(16)
        assert [message.content for message in claimed] == ["one", "for Bruno"]
        assert queue.claim(16) == []
        queue.record([(message, Sent(f"wamid.{message.id}")) for message in claimed])
        assert [message.content for message in queue.claim(16)] == ["two"]

    def test_also_where_the_customer_has_several_conversations(self, mailing):
        mailing.writes("one")
        Conversation.objects.update(status="archived")
        mailing.writes("two")
        (first,) = queue.claim(16)
        assert (first.content, queue.claim(16)) == ("one", [])

    def test_those_behind_a_failed_or_unknown_one_go_on(self, mailing):
        for text in ["one", "two", "three"]:
            mailing.writes(text)
        mailing.graph.next_come(error(131026), RESET_ACCEPTED)
        mailing.is_sent()
        assert mailing.states() == [("one", "failed"), ("two", "unknown"), ("three", "sent")]

    def test_a_number_keeps_its_pace(self, mailing, settings):
        settings.WHATSAPP_MESSAGES_PER_SECOND = 50
        for number in range(20):
            mailing.writes(to=f"+49151000000{number:02}")
        claimed = queue.claim(16)
        assert [round(message.wait, 3) for message in claimed] == [0, 0.02, 0.04, 0.06, 0.08, 0.1]
        Channel.objects.update(paced_until=timezone.now() + timedelta(seconds=10))
        assert queue.claim(16) == []

    def test_a_number_with_a_long_queue_leaves_room_for_the_others(self, mailing, stranger):
        for number in range(20):
            mailing.writes(to=f"+49151000000{number:02}")
        other = Mailing(stranger, mailing.graph, number="222")
        other.writes("for Bruno", to=BRUNO)
        claimed = [*queue.claim(4), *queue.claim(4)]
        assert "for Bruno" in [message.content for message in claimed]

    def test_a_customer_gets_so_many_at_once_and_then_one_each_few_seconds(self, mailing, settings):
        settings.WHATSAPP_PAIR_BURST, settings.WHATSAPP_PAIR_SECONDS = 3, 6
        for number in range(5):
            mailing.writes(f"{number}")
        mailing.is_sent()
        assert mailing.graph.texts(AMINA) == ["0", "1", "2"]
        with connection.cursor() as cursor:
            cursor.execute("UPDATE customers SET paced_until = paced_until - interval '6 seconds'")
        mailing.is_sent()
        assert mailing.graph.texts(AMINA) == ["0", "1", "2", "3"]


class TestLeases:
    """See Note [Sent once] in whatsapp/outbound/queue.py."""

    @staticmethod
    def time_passes():
        with connection.cursor() as cursor:
            cursor.execute("UPDATE messages SET leased_until = leased_until - interval '31 seconds'")

    @pytest.fixture
    def slept(self, mailing):
        """A message that a worker took and said nothing of until its lease was over."""
        mailing.writes("one")
        mailing.writes("two")
        (message,) = queue.claim(16)
        self.time_passes()
        assert queue.lose() == 1
        return message

    def row(self, message):
        return Message.objects.get(pk=message.id)

    def test_a_message_of_a_worker_that_is_gone_is_unknown_and_the_next_one_goes(self, mailing, slept):
        assert self.row(slept).status == "unknown"
        mailing.is_sent()
        assert mailing.graph.texts() == ["two"]

    def test_while_the_lease_runs_it_is_the_workers(self, mailing):
        mailing.writes()
        queue.claim(16)
        assert (queue.lose(), queue.claim(16)) == (0, [])

    def test_late_news_that_it_was_sent_counts(self, slept):
        queue.record([(slept, Sent("wamid.9"))])
        row = self.row(slept)
        assert (row.status, row.provider_id, row.error) == ("sent", "wamid.9", "")

    def test_late_news_that_it_was_not_sent_does_not_turn_the_order_round(self, mailing, slept):
        mailing.is_sent()
        assert mailing.graph.texts() == ["two"]
        queue.record([queue.not_begun(slept)])
        assert (self.row(slept).status, self.row(slept).error) == ("failed", queue.OVERTAKEN)
        assert mailing.is_sent_again() == 0

    def test_late_news_that_it_was_not_sent_puts_it_back(self, mailing, slept):
        queue.record([queue.not_begun(slept)])
        assert self.row(slept).status == "queued"
        mailing.is_sent_again()
        assert mailing.graph.texts() == ["one", "two"]

    @pytest.mark.parametrize("outcome", [Again("no"), Failed("no"), Unknown("no")])
    def test_late_news_of_an_earlier_try_changes_nothing(self, mailing, slept, outcome):
        queue.record([queue.not_begun(slept)])
        Message.objects.update(due_at="2026-01-01T00:00:00Z")
        (again,) = queue.claim(16)
        queue.record([(slept, outcome)])
        assert self.row(slept).status == "sending"
        queue.record([(again, Sent("wamid.9"))])
        queue.record([(slept, outcome)])
        assert self.row(slept).status == "sent"

    def test_a_worker_that_slept_too_long_does_not_begin(self, mailing, monkeypatch):
        monkeypatch.setattr(queue, "BEGIN_SECONDS", -1)
        row = mailing.writes()
        claimed = queue.claim(16)
        queue.record([send_in_turn(claimed[0], 0.0)])
        assert (of(row).status, mailing.graph.requests) == ("queued", 0)


class TestNumbers:
    def test_without_a_number_a_message_waits_until_one_is_connected(self, owner, graph):
        queued = send_message(user_id=owner.id, to=Recipient(phone=AMINA), written=Written(content="Hello"))
        assert queue.claim(16) == []
        connect_channel(user_id=owner.id, phone_number_id=meta.CHANNEL, access_token=TOKEN)
        assert [message.id for message in queue.claim(16)] == [queued.message_id]

    def test_without_a_token_the_number_stops(self, owner, graph):
        mailing = Mailing(owner, graph, token="")
        row = mailing.writes()
        mailing.is_sent()
        assert (of(row).status, graph.requests) == ("queued", 0)
        assert mailing.reload().stop_reason == "No access token is stored for this number. Store one."

    def test_a_stopped_number_does_not_keep_back_what_goes_through_another(self, mailing, owner):
        mailing.writes("one")
        Channel.objects.update(stopped_at=timezone.now())
        connect_channel(user_id=owner.id, phone_number_id="2222", access_token=TOKEN)
        Inbox(owner, channel="2222").gets(meta.text("Hello", from_=AMINA[1:]))
        mailing.writes("two")
        mailing.is_sent()
        assert mailing.states() == [("one", "queued"), ("two", "sent")]

    def test_a_number_that_is_switched_off_sends_nothing(self, mailing):
        mailing.writes()
        Channel.objects.update(active=False)
        assert queue.claim(16) == []

    def test_messages_of_a_number_given_to_another_business_do_not_go_through_it(self, mailing, stranger):
        mailing.writes()
        Channel.objects.update(user=stranger.user)
        assert queue.claim(16) == []
