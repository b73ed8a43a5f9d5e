"""Temporary failures that a provider reports after it accepted a message: the message is sent again, never twice."""

import json
from time import time

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from conversations.models import Message, ParkedStatus
from tests.staff import address, staff_of
from tests.whatsapp import meta
from tests.whatsapp.graph import RESET_ACCEPTED, Reaction, error
from tests.whatsapp.inbox import Inbox
from tests.whatsapp.mailing import AMINA, BRUNO, HELLO, Mailing, reloaded
from tests.whatsapp.twilio_forms import STATUS, TOKEN
from tests.whatsapp.wamids import wamid
from tests.whatsapp.webhook_client import deliver_form, provider_client
from whatsapp.inbound.replay import replay_due
from whatsapp.models import Channel, WebhookDelivery
from whatsapp.outbound import queue, resolve
from whatsapp.outbound.outcomes import Sent
from whatsapp.outbound.requeue import RECENT

FIRST, SECOND = "wamid.000001", "wamid.000002"
# Meta's code -> the pause in seconds after the first failure, and whether the whole number pauses.
TEMPORARY = {
    130429: (1, True),
    131056: (1, False),
    131000: (2, False),
    131016: (1, False),
    131057: (60, True),
    80007: (60, True),
}


def failed(code, provider_id=FIRST, *, of=None, ago=0):
    about = {"biz_opaque_callback_data": str(of.pk)} if of else {}
    errors = [meta.error(code, "Some error")]
    return meta.status("failed", id=provider_id, timestamp=int(time()) - ago, errors=errors, **about)


def pause_of(row):
    return (row.due_at - row.updated_at).total_seconds()


@pytest.fixture
def sent(mailing):
    row = mailing.writes()
    mailing.send_due()
    assert reloaded(row).provider_id == FIRST
    return row


@pytest.fixture
def inbox(owner, mailing):
    return Inbox(owner)


class TestMeta:
    @pytest.mark.parametrize("code", TEMPORARY)
    def test_it_is_sent_again_by_the_same_schedule_as_if_told_at_once(self, mailing, inbox, owner, sent, code):
        seconds, pauses = TEMPORARY[code]
        Channel.objects.update(paced_until=None)
        inbox.gets_statuses(failed(code, of=sent))
        row = reloaded(sent)
        assert (row.status, row.provider_id, row.retries) == ("queued", None, 1)
        assert row.error.startswith(f"{code}: Some error")
        assert 0.8 * seconds <= pause_of(row) <= 1.2 * seconds
        assert (mailing.reload().paced_until is not None) == pauses
        answer = owner.client.get(f"/api/messages/{row.pk}").json()
        assert (answer["status"], answer["error"], answer["times"]) == ("queued", row.error, {})
        assert row.error in staff_of(owner).get(address("change", row.conversation)).content.decode()
        assert mailing.send_all() == 1
        assert (reloaded(row).status, row.provider_id, row.error) == ("sent", SECOND, "")
        inbox.gets_statuses(meta.status("delivered", id=SECOND))
        assert reloaded(row).status == "delivered"

    @pytest.mark.parametrize("with_id", [True, False])
    def test_repeated_and_late_reports_of_the_failed_attempt_change_nothing(self, mailing, inbox, sent, with_id):
        report = failed(131000, of=sent if with_id else None)
        late = meta.status("sent", id=FIRST, **({"biz_opaque_callback_data": str(sent.pk)} if with_id else {}))
        for _ in range(3):
            inbox.gets_statuses(report, report, late)
            assert (reloaded(sent).status, sent.retries) == ("queued", 1)
        mailing.send_all()
        for _ in range(2):
            inbox.gets_statuses(report, late)
            assert (reloaded(sent).status, sent.provider_id) == ("sent", SECOND)
        assert mailing.send_all() == 0
        assert len(mailing.graph.ledger) == 2

    @pytest.mark.parametrize("with_id", [True, False])
    def test_reports_of_the_failed_attempt_with_another_form_of_its_id_change_nothing(self, mailing, inbox, with_id):
        row = mailing.writes()
        answered, reported = (wamid(peer, "3EB0FAILED", outgoing=True) for peer in (AMINA[1:], "DE.1"))
        body = json.dumps({"messages": [{"id": answered}]}).encode()
        mailing.graph.queue_reactions(Reaction(body=body))
        mailing.send_due()
        about = {"of": row} if with_id else {}
        late = meta.status("sent", id=reported, **({"biz_opaque_callback_data": str(row.pk)} if with_id else {}))
        inbox.gets_statuses(failed(131000, answered, **about))
        for _ in range(2):
            inbox.gets_statuses(failed(131000, reported, **about), late)
            assert (reloaded(row).status, row.retries) == ("queued", 1)
        mailing.send_all()
        inbox.gets_statuses(failed(131000, reported, **about), late)
        assert (reloaded(row).status, row.provider_id) == ("sent", FIRST)
        assert mailing.send_all() == 0

    def test_one_that_arrived_after_all_is_not_sent_again(self, mailing, inbox, sent):
        inbox.gets_statuses(failed(131000, of=sent))
        inbox.gets_statuses(meta.status("delivered", id=FIRST, biz_opaque_callback_data=str(sent.pk)))
        assert (reloaded(sent).status, sent.error) == ("delivered", "")
        assert mailing.send_all() == 0

    @pytest.mark.parametrize("order", [(0, 1), (1, 0)])
    def test_one_that_is_reported_as_delivered_too_is_delivered(self, mailing, inbox, sent, order):
        reports = [failed(131000, of=sent), meta.status("read", id=FIRST, biz_opaque_callback_data=str(sent.pk))]
        for position in order:
            inbox.gets_statuses(reports[position])
        assert reloaded(sent).status == "read"
        assert mailing.send_all() == 0

    def test_attempts_end_as_if_told_at_once(self, mailing, inbox, sent):
        for number in range(1, 5):
            inbox.gets_statuses(failed(131000, f"wamid.{number:06}", of=sent))
            mailing.send_all()
        assert reloaded(sent).status == "failed"
        assert sent.error.startswith("Given up after 4 tries. 131000")
        assert len(mailing.graph.ledger) == 4
        assert resolve.can_be_sent_again(sent)

    def test_failures_told_at_once_and_later_are_counted_together(self, mailing, inbox, sent):
        inbox.gets_statuses(failed(131000, of=sent))
        mailing.graph.queue_reactions(error(131000, status=500))
        mailing.send_all()
        assert (reloaded(sent).status, sent.retries) == ("queued", 2)

    def test_the_report_may_come_before_the_response_is_recorded(self, mailing, inbox):
        row = mailing.writes()
        (message,) = queue.claim(1)
        inbox.gets_statuses(failed(131056, "wamid.early", of=row))
        assert (reloaded(row).status, row.leased_until) == ("queued", None)
        queue.record([(message, Sent("wamid.early"))])
        assert (reloaded(row).status, row.provider_id) == ("queued", None)
        mailing.send_all()
        assert (reloaded(row).status, row.provider_id) == ("sent", FIRST)

    def test_one_whose_outcome_was_unknown_is_sent_again(self, mailing, inbox):
        mailing.graph.queue_reactions(RESET_ACCEPTED)
        row = mailing.writes()
        mailing.send_due()
        inbox.gets_statuses(failed(131016, of=row))
        mailing.send_all()
        assert (reloaded(row).status, row.provider_id) == ("sent", SECOND)

    def test_one_that_staff_have_sent_again_is_not(self, mailing, inbox):
        mailing.graph.queue_reactions(RESET_ACCEPTED)
        row = mailing.writes()
        mailing.send_due()
        resolve.send_again(message=row)
        inbox.gets_statuses(failed(131016, of=row))
        mailing.send_all()
        assert [status for _, status in mailing.states()] == ["failed", "sent"]
        assert len(mailing.graph.ledger) == 2

    def test_one_that_staff_have_left_is_not(self, mailing, inbox):
        mailing.graph.queue_reactions(RESET_ACCEPTED)
        row = mailing.writes()
        mailing.send_due()
        resolve.leave(message=row)
        inbox.gets_statuses(failed(131016, of=row))
        mailing.send_all()
        assert [status for _, status in mailing.states()] == ["failed"]
        assert len(mailing.graph.ledger) == 1

    def test_an_old_failure_and_one_that_later_messages_have_overtaken_are_offered_to_staff(
        self, mailing, inbox, owner, sent
    ):
        inbox.gets_statuses(failed(131000, ago=int(RECENT.total_seconds()) + 60))
        later = mailing.writes("And the candles?")
        mailing.writes("to another", to=BRUNO)
        mailing.send_due()
        mailing.writes("And the napkins?")
        mailing.send_due()
        inbox.gets_statuses(failed(131000, reloaded(later).provider_id, of=later))
        assert [status for _, status in mailing.states()] == ["failed", "failed", "sent", "sent"]
        assert "later messages have been sent since" in reloaded(later).error
        for row in (sent, later):
            assert "Send again" in staff_of(owner).get(address("change", row)).content.decode()

    def test_later_messages_wait_for_it(self, mailing, inbox, sent):
        inbox.gets_statuses(failed(131000, of=sent))
        mailing.writes("And the candles?")
        assert mailing.send_due() == 0
        mailing.send_all()
        mailing.send_all()
        assert mailing.graph.texts(AMINA) == [HELLO["message"]] * 2 + ["And the candles?"]

    @pytest.mark.parametrize("code", [131026, 131047, 131049, 999_999])
    def test_another_failure_is_final(self, mailing, inbox, sent, code):
        inbox.gets_statuses(failed(code, of=sent))
        assert reloaded(sent).status == "failed"
        assert mailing.send_all() == 0

    def test_a_message_that_is_not_ours_is_parked(self, inbox, stranger):
        inbox.gets_statuses(failed(131000, "wamid.elsewhere"))
        assert ParkedStatus.objects.get().status == "failed"

    def test_a_message_of_another_business_is_not_sent_again(self, mailing, sent, stranger):
        Inbox(stranger, channel="222").gets_statuses(failed(131000, of=sent))
        assert reloaded(sent).status == "sent"

    def test_a_replayed_delivery_sends_nothing_again(self, mailing, inbox, sent):
        inbox.gets_statuses(failed(131000, of=sent))
        mailing.send_all()
        WebhookDelivery.objects.update(state="failed", next_attempt_at="2026-01-01T00:00:00Z")
        replay_due()
        assert reloaded(sent).status == "sent"
        assert mailing.send_all() == 0

    def test_the_number_of_statements_does_not_depend_on_the_number_of_failures(self, mailing, inbox):
        rows = [mailing.writes(to=f"+4915100000{number:03}") for number in range(12)]
        mailing.send_all()
        counts = []
        for some in (rows[:2], rows[2:]):
            reports = [failed(131056, reloaded(row).provider_id, of=row) for row in some]
            with CaptureQueriesContext(connection) as queries:
                inbox.gets_statuses(*reports)
            counts.append(len(queries))
        assert counts[0] == counts[1]
        assert {status for _, status in mailing.states()} == {"queued"}


class TestTwilio:
    @pytest.mark.parametrize("code", ["63018", "63012"])
    @pytest.mark.parametrize("state", ["failed", "undelivered"])
    def test_a_rate_limit_told_by_callback_is_tried_again(self, owner, graph, code, state):
        mailing = Mailing(owner, graph, number="+14155238886", token=TOKEN)
        row = mailing.writes()
        mailing.send_due()
        callback = STATUS | {"From": "whatsapp:+14155238886", "MessageSid": FIRST, "MessageStatus": state}
        for _ in range(2):
            deliver_form(provider_client(), callback | {"ErrorCode": code})
            assert (reloaded(row).status, row.retries) == ("queued", 1)
        assert pause_of(row) <= 1.2
        assert "by itself" in row.error
        mailing.send_all()
        deliver_form(provider_client(), callback | {"ErrorCode": code})
        assert (reloaded(row).status, row.provider_id) == ("sent", SECOND)
        assert Message.objects.count() == 1
        assert len(graph.ledger) == 2
