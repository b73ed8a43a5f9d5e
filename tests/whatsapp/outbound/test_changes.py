"""What an outcome changes of a message: when it fails for good, and when it is tried again."""

from typing import Any
from uuid import UUID

import pytest

from whatsapp.outbound.changes import MAX_ATTEMPTS, changes_of, pause_after
from whatsapp.outbound.outcomes import Failed, Outgoing, Retry, Stopped, Unknown
from whatsapp.outbound.retries import AT_ONCE


def outgoing(attempt: int = 1) -> Outgoing:
    texts: dict[str, Any] = dict.fromkeys(("retry_kind", "content", "provider", "phone_number_id", "token"), "")
    ids: dict[str, Any] = dict.fromkeys(("id", "user_id", "channel_id"), UUID(int=1))
    return Outgoing(attempt=attempt, retries=0, kind="text", extras={}, address="+49151", wait=0.0, **texts, **ids)


@pytest.mark.parametrize(
    ("outcome", "status"),
    [
        (Failed("No."), "failed"),
        (Unknown("?"), "unknown"),
        (Stopped("No."), "queued"),
        (Stopped("No.", fails=True), "failed"),
        (Retry("Later."), "queued"),
    ],
)
def test_the_status_after_an_outcome(outcome, status):
    changes = changes_of(outgoing(), outcome)
    assert (changes["status"], changes["leased_until"]) == (status, None)
    assert (changes["due_at"] is not None) == (status == "queued")


def test_after_too_many_attempts_it_fails():
    assert changes_of(outgoing(attempt=MAX_ATTEMPTS), Retry("Later."))["status"] == "failed"


def test_the_provider_may_ask_for_a_longer_pause():
    assert pause_after(outgoing(), Retry("Later.", AT_ONCE, pause=77)) == 77
