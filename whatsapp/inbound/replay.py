"""Stored deliveries: processes failed and unrouted ones again, and deletes old ones."""

from collections import Counter
from collections.abc import Collection, Iterable, Iterator
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

import structlog
from django.conf import settings
from django.db import Error, connection, transaction
from django.db.models import Q, QuerySet
from django.db.models.functions import Now

from conversations.models import ParkedStatus
from leadsite.core.transactions import sqlstate
from whatsapp.inbound import ingest
from whatsapp.models import Channel, WebhookDelivery

log = structlog.get_logger(__name__)

State = WebhookDelivery.State
# What can become of a delivery besides the states: another process holds it, or it is gone; trying it raised.
SKIPPED: Final = "skipped"
ERROR: Final = "error"
OPEN_STATES: Final = (State.FAILED, State.UNROUTED)
PRUNE_BATCH: Final = 1000


def replay_due(*, limit: int = 100) -> Counter[str]:
    """Try again what is due, oldest first, and count the outcomes. Raises what `replay_each` raises.

    Due are failed ones whose time has come, and unrouted ones with a number that somebody has connected since.
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
    """The deliveries in these states, oldest first."""
    return list(WebhookDelivery.objects.filter(state__in=states).order_by("id").values_list("id", flat=True))


def replay_each(ids: Iterable[UUID]) -> Iterator[tuple[UUID, str]]:
    """Try each again in a transaction of its own and say what became of it: a state, SKIPPED or ERROR.

    What one raises is logged and costs the others nothing. Raises django.db.Error where the connection is lost, for
    then the others would fail of the same.
    """
    for delivery_id in ids:
        try:
            outcome = ingest.replay(delivery_id=delivery_id) or SKIPPED
        except Error as error:
            if not connection.is_usable():
                raise
            # Without its text: that quotes rows, and so customers.
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
    """Delete what has been kept long enough, in batches, each in a transaction of its own. Counts what is gone.

    The times: settings.DELIVERY_DAYS for bodies that are rows and for statuses of messages that never came,
    settings.FAILED_DELIVERY_DAYS for bodies that are not rows.
    """
    done_before = now - timedelta(days=settings.DELIVERY_DAYS)
    open_before = now - timedelta(days=settings.FAILED_DELIVERY_DAYS)
    deliveries = WebhookDelivery.objects.order_by("id")
    old: dict[str, QuerySet[Any]] = {
        "processed": deliveries.filter(state=State.PROCESSED, received_at__lt=done_before),
        "failed": deliveries.filter(state=State.FAILED, received_at__lt=open_before),
        "unrouted": deliveries.filter(state=State.UNROUTED, received_at__lt=open_before),
        "parked_statuses": ParkedStatus.objects.filter(updated_at__lt=done_before).order_by("updated_at"),
    }
    pruned = Counter({name: _delete(rows) for name, rows in old.items()})
    if pruned.total():
        log.info("deliveries_pruned", **pruned)
    return pruned


def _delete(rows: QuerySet[Any]) -> int:
    """Short transactions: a single one would hold its locks, and keep vacuum waiting, for as long as it runs."""
    total = 0
    while True:
        with transaction.atomic():
            # Who works on a row keeps it; there is a tomorrow. The lock also reads the state once more.
            batch = list(rows.select_for_update(skip_locked=True).values_list("pk", flat=True)[:PRUNE_BATCH])
            rows.model._default_manager.filter(pk__in=batch).delete()
        total += len(batch)
        if len(batch) < PRUNE_BATCH:
            return total
