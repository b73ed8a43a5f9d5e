"""What an outcome other than `Sent` changes of a message: pure functions."""

from datetime import timedelta
from typing import Any, Final

from django.db.models.functions import Now

from conversations.models import Message
from whatsapp.outbound.outcomes import Failed, Outgoing, Retry, Stopped, Unknown
from whatsapp.outbound.retries import given_up

MAX_ATTEMPTS: Final = 100  # for messages whose errors keep changing, so that no Schedule ends

Status = Message.Status


def changes_of(message: Outgoing, outcome: Retry | Failed | Unknown | Stopped) -> dict[str, Any]:
    """Return the new values of the message's columns."""
    changes: dict[str, Any] = {"error": outcome.reason, "leased_until": None, "due_at": None, "updated_at": Now()}
    if isinstance(outcome, Unknown):
        return changes | {"status": Status.UNKNOWN}
    if isinstance(outcome, Failed) or (isinstance(outcome, Stopped) and outcome.fails):
        return changes | {"status": Status.FAILED}
    if isinstance(outcome, Stopped):
        return changes | {"status": Status.QUEUED, "due_at": Now()}
    failures = outcome.schedule.failures_after(message.retry_kind, message.retries)
    pause = pause_after(message, outcome)
    if pause is None or message.attempt >= MAX_ATTEMPTS:
        return changes | {"status": Status.FAILED, "error": given_up(failures, outcome.reason)}
    due_at = Now() + timedelta(seconds=pause)
    retry = {"retry_kind": outcome.schedule.name, "retries": failures, "due_at": due_at}
    return changes | {"status": Status.QUEUED} | retry


def pause_after(message: Outgoing, outcome: Retry) -> float | None:
    """Return the seconds until the message is due again; None where the attempts are used up."""
    schedule = outcome.schedule
    pause = schedule.pause_after(schedule.failures_after(message.retry_kind, message.retries))
    return None if pause is None else max(pause, outcome.pause)
