"""Responses of the provider and the resulting statuses, with a stub of the Graph API."""

import pytest

from conversations.models import Message
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
from tests.whatsapp.mailing import AMINA, BRUNO, reloaded
from whatsapp.outbound.providers import cloud


def pause_of(row):
    """Seconds from the record until the next attempt."""
    return (row.due_at - row.updated_at).total_seconds()


RETRIED = {
    "throughput": (error(130429), 0.8, 1.2),
    "overload": (SERVER_ERROR, 0.8, 1.2),
    "an error that Meta calls transient": (error(999_999, is_transient=True), 0.8, 1.2),
    "a server error with a reason": (error(999_999, status=500), 0.8, 1.2),
    "too many requests": (TOO_MANY, 1, 1.2),
    "400 from a gateway": (Reaction(status=400, body=b"<html>bad</html>"), 1.6, 2.4),
    "unknown to Meta": (error(131000, status=500), 1.6, 2.4),
    "pair rate": (error(131056), 0.8, 1.2),
    "maintenance": (error(131057, status=500), 48, 72),
    "the app's limit": (error(4), 48, 72),
    "403 from a gateway": (Reaction(status=403, body=b"<html>forbidden</html>"), 1.6, 2.4),
}
PERMANENT = {
    "window": (error(131047, title="Re-engagement message"), "send an approved template"),
    "unreachable": (error(131026), "131026: "),
    "parameter": (error(100), "100: "),
    "opted out": (error(131050), "opted out"),
    "no such template": (error(132001, status=404), "no approved template"),
    "an unknown code": (error(999_999), "999999: "),
}
UNKNOWN = {
    "reset before it was read": RESET_UNREAD,
    "reset after it was read": RESET_READ,
    "reset after it was accepted": RESET_ACCEPTED,
    "200 with a body that is not JSON": GARBAGE,
    "200 with an empty body": Reaction(body=b"", accepts=True),
    "200 without an id": Reaction(body=b'{"messages": [{}]}', accepts=True),
    "502 from a gateway": GATEWAY_502,
    "503 from a gateway": GATEWAY_503,
    "500 with an empty body": Reaction(status=500, body=b""),
    "a response that is too long": Reaction(body=b"x" * 300_000, accepts=True),
}


class TestErrors:
    @pytest.mark.parametrize("case", RETRIED)
    def test_a_transient_error_is_retried_later(self, mailing, case):
        reaction, soonest, latest = RETRIED[case]
        mailing.graph.queue_reactions(reaction)
        row = mailing.writes()
        mailing.send_due()
        row = reloaded(row)
        assert (row.status, row.attempts) == ("queued", 1)
        assert row.error
        assert soonest <= pause_of(row) <= latest
        assert mailing.send_all() == 1
        assert (reloaded(row).status, reloaded(row).error) == ("sent", "")

    @pytest.mark.parametrize("case", PERMANENT)
    def test_a_message_with_a_permanent_error_fails_with_the_reason(self, mailing, case):
        reaction, reason = PERMANENT[case]
        mailing.graph.queue_reactions(reaction)
        row = mailing.writes()
        mailing.send_due()
        assert reloaded(row).status == "failed"
        assert reason in row.error
        assert (mailing.send_all(), mailing.graph.ledger) == (0, [])

    @pytest.mark.parametrize("case", UNKNOWN)
    def test_a_message_with_an_unknown_outcome_is_not_sent_again(self, mailing, case):
        mailing.graph.queue_reactions(UNKNOWN[case])
        row = mailing.writes()
        mailing.send_due()
        assert reloaded(row).status == "unknown"
        assert row.error
        assert mailing.send_all() == 0
        assert mailing.graph.requests == 1

    def test_a_missing_response_is_an_unknown_outcome(self, mailing, monkeypatch):
        monkeypatch.setattr("whatsapp.outbound.providers.http.READ_SECONDS", 0.2)
        mailing.graph.queue_reactions(Reaction(seconds=1, accepts=True))
        row = mailing.writes()
        mailing.send_due()
        assert reloaded(row).status == "unknown"

    def test_a_message_without_a_connection_is_queued_again(self, mailing, settings):
        settings.WHATSAPP_API_BASE_URL = "http://127.0.0.1:9"
        row = mailing.writes()
        mailing.send_due()
        assert (reloaded(row).status, row.error) == ("queued", "No connection to the provider: ConnectionRefusedError.")

    def test_pauses_grow_and_the_number_of_attempts_is_limited(self, mailing):
        row = mailing.writes()
        mailing.graph.queue_reactions(*[error(131000, status=500)] * 4)
        pauses = []
        for _ in range(3):
            mailing.send_all()
            pauses.append(pause_of(reloaded(row)))
        assert pauses == sorted(pauses)
        mailing.send_all()
        assert reloaded(row).status == "failed"
        assert row.error.startswith("Given up after 4 tries. 131000")

    def test_the_pair_rate_delays_that_customer_only(self, mailing):
        mailing.graph.queue_reactions(error(131056))
        row = mailing.writes("one")
        mailing.send_due()
        mailing.writes("two")
        mailing.writes("for Bruno", to=BRUNO)
        mailing.send_due()
        assert mailing.graph.texts() == ["for Bruno"]
        pauses = []
        for _ in range(3):
            mailing.graph.queue_reactions(error(131056))
            mailing.send_all()
            pauses.append(pause_of(reloaded(row)))
        for pause, expected in zip(pauses, (4, 16, 64), strict=True):
            assert 0.8 * expected <= pause <= 1.2 * expected
        mailing.send_all()
        assert mailing.graph.texts(AMINA) == ["one", "two"]

    def test_a_rate_limit_of_the_number_delays_messages_to_all_customers(self, mailing):
        mailing.graph.queue_reactions(error(80007))
        mailing.writes()
        mailing.send_due()
        mailing.writes(to=BRUNO)
        assert (mailing.send_due(), mailing.graph.ledger) == (0, [])

    def test_an_internal_error_before_the_request_fails_only_that_message(self, mailing):
        row = mailing.writes()
        Message.objects.filter(pk=row.pk).update(kind="template", extras={})
        mailing.writes(to=BRUNO)
        mailing.send_due()
        assert [state for _, state in mailing.states()] == ["failed", "sent"]

    def test_an_internal_error_after_the_request_is_an_unknown_outcome(self, mailing, monkeypatch):
        monkeypatch.setattr(cloud, "outcome_of", lambda answer: 1 / 0)
        row = mailing.writes()
        mailing.send_due()
        assert (reloaded(row).status, row.error) == ("unknown", "Internal error while sending: ZeroDivisionError.")

    def test_attempts_are_counted_for_each_kind_of_error(self, mailing):
        row = mailing.writes()
        mailing.graph.queue_reactions(*[error(131000, status=500)] * 3, error(131056), error(131000, status=500))
        for _ in range(5):
            mailing.send_all()
        assert (reloaded(row).status, row.attempts, row.retries) == ("queued", 5, 1)
        assert 1.6 <= pause_of(row) <= 2.4
        mailing.send_all()
        assert reloaded(row).status == "sent"
