"""Processes failed and unrouted deliveries again, and deletes old deliveries."""

from collections import Counter
from collections.abc import Collection, Iterable, Iterator
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

import structlog
from django.conf import settings
from django.db import Error, connection
from django.db.models import Q, QuerySet
from django.db.models.functions import Now

from conversations.models import ParkedStatus
from leadsite.core import clock
from leadsite.core.statements import delete_in_batches
from leadsite.core.transactions import sqlstate
from whatsapp.inbound import ingest
from whatsapp.models import Channel, WebhookDelivery

log = structlog.get_logger(__name__)

State = WebhookDelivery.State
# Outcomes besides the states. SKIPPED: locked by another process, or deleted. ERROR: an exception was raised.
SKIPPED: Final = "skipped"
ERROR: Final = "error"
OPEN_STATES: Final = (State.FAILED, State.UNROUTED)
PRUNE_BATCH: Final = 1000


def replay_due(*, limit: int = 100) -> Counter[str]:
    """Replay due deliveries, oldest first, and count the outcomes. Raises what `replay_each` raises.

    Due are failed deliveries whose next attempt is due, and unrouted ones with a number that has been connected since.
    """
    connected = Channel.objects.filter(active=True).values_list("phone_number_id")
    due = WebhookDelivery.objects.filter(
        Q(state=State.FAILED, next_attempt_at__lte=Now()) | Q(state=State.UNROUTED, unrouted__overlap=connected)
    )
    outcomes = Counter(outcome for _, outcome in replay_each(due.order_by("id").values_list("id", flat=True)[:limit]))
    if outcomes:
        log.info("deliveries_replayed", **outcomes)
    return outcomes


def ids_in(states: Collection[str]) -> list[UUID]:
    """Return the deliveries in these states, oldest first."""
    return list(WebhookDelivery.objects.filter(state__in=states).order_by("id").values_list("id", flat=True))


def replay_each(ids: Iterable[UUID]) -> Iterator[tuple[UUID, str]]:
    """Replay each delivery in a separate transaction and yield its outcome: a state, SKIPPED or ERROR.

    An exception is logged and does not stop the others. Raises django.db.Error where the connection is lost: the
    others would fail the same way.
    """
    for delivery_id in ids:
        try:
            outcome = ingest.replay(delivery_id=delivery_id) or SKIPPED
        except Error as error:
            if not connection.is_usable():
                raise
            # Without the error's text, which may quote personal data.
            log.error(
                "delivery_replay_failed",
                delivery_id=str(delivery_id),
                error=type(error).__name__,
                sqlstate=sqlstate(error),
            )
            outcome = ERROR
        except Exception:
            log.exception("delivery_replay_failed", delivery_id=str(delivery_id))
            outcome = ERROR
        yield delivery_id, outcome


def prune(*, now: datetime) -> Counter[str]:
    """Delete old deliveries and parked statuses in batches, each in a separate transaction. Returns the counts.

    Processed deliveries and parked statuses are kept for settings.DELIVERY_DAYS, failed and unrouted deliveries for
    settings.FAILED_DELIVERY_DAYS.
    """
    done_before = now - timedelta(days=settings.DELIVERY_DAYS)
    open_before = now - timedelta(days=settings.FAILED_DELIVERY_DAYS)
    deliveries = WebhookDelivery.objects.all()
    # Those that are not processed have an index of their own; of the others there may be millions.
    first = deliveries.filter(pk__lte=clock.last_id(done_before))
    old: dict[str, tuple[QuerySet[Any], str]] = {
        "processed": (first.filter(state=State.PROCESSED, received_at__lt=done_before), "pk"),
        "failed": (deliveries.filter(state=State.FAILED, received_at__lt=open_before), "pk"),
        "unrouted": (deliveries.filter(state=State.UNROUTED, received_at__lt=open_before), "pk"),
        "parked_statuses": (ParkedStatus.objects.filter(updated_at__lt=done_before), "updated_at"),
    }
    pruned = Counter({name: delete_in_batches(rows, by=by, size=PRUNE_BATCH) for name, (rows, by) in old.items()})
    if pruned.total():
        log.info("deliveries_pruned", **pruned)
    return pruned
