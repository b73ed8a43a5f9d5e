"""Services that send events again: one, or all of an endpoint that have failed."""

from datetime import datetime
from typing import Any, Final, NamedTuple
from uuid import UUID

from django.db import transaction
from django.db.models import QuerySet
from django.db.models.functions import Now
from django.utils.translation import gettext_noop

from leadsite.core.transactions import retried
from leadsite.webhooks.models import WebhookEvent
from leadsite.webhooks.services import EventPending, UnknownEndpoint, get_active

State = WebhookEvent.State
# In one transaction; who has more repeats the call.
RESEND_LIMIT: Final = 10_000
# Queued again with all attempts.
_AGAIN: Final[dict[str, Any]] = {
    "state": State.PENDING,
    "attempts": 0,
    "leased_until": None,
    "delivered_at": None,
}


class Resent(NamedTuple):
    """How many events were queued again, and whether there are more."""

    queued: int
    more: bool


@retried
def resend(*, user_id: UUID, endpoint_id: UUID, event_id: UUID) -> WebhookEvent:
    """Queue an event that has failed, or was delivered, again with all attempts. Opens the transaction.

    Raises UnknownEndpoint, EndpointOff, EventPending.
    """
    # Two requests at the same moment: the second waits for the event's row and finds it pending.
    with transaction.atomic():
        get_active(user_id, endpoint_id)
        mine = WebhookEvent.objects.filter(user_id=user_id, endpoint_id=endpoint_id, pk=event_id)
        event = mine.select_for_update().first()
        if event is None:
            raise UnknownEndpoint(gettext_noop("There is no such event."))
        if event.state == State.PENDING:
            raise EventPending(gettext_noop("This event is pending: it will be posted anyway."))
        mine.update(**_AGAIN, due_at=Now(), updated_at=Now())
        event.refresh_from_db()
        return event


@retried
def resend_failed(*, user_id: UUID, endpoint_id: UUID, since: datetime | None = None) -> Resent:
    """Queue the failed events of an endpoint again, oldest first; with `since`, those written since then.

    At most RESEND_LIMIT. Opens the transaction. Raises UnknownEndpoint, EndpointOff.
    """
    # Two requests at the same moment: each takes events that the other has not locked.
    with transaction.atomic():
        get_active(user_id, endpoint_id)
        failed = WebhookEvent.objects.filter(user_id=user_id, endpoint_id=endpoint_id, state=State.FAILED)
        return _queue(failed if since is None else failed.filter(created_at__gte=since))


@retried
def resend_chosen(*, events: QuerySet[WebhookEvent]) -> Resent:
    """Queue those of the chosen events again that are not pending and whose endpoints are on: at most RESEND_LIMIT.

    Opens the transaction.
    """
    # As in resend_failed.
    with transaction.atomic():
        return _queue(events.exclude(state=State.PENDING).filter(endpoint__active=True))


def _queue(events: QuerySet[WebhookEvent]) -> Resent:
    locked = events.order_by("pk").select_for_update(skip_locked=True, of=("self",)).values_list("pk", flat=True)
    ids = list(locked[: RESEND_LIMIT + 1])
    chosen = WebhookEvent.objects.filter(pk__in=ids[:RESEND_LIMIT])
    return Resent(chosen.update(**_AGAIN, due_at=Now(), updated_at=Now()), len(ids) > RESEND_LIMIT)
