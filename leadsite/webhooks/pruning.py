"""Service that deletes old events, and those of deleted endpoints."""

from datetime import datetime, timedelta
from typing import Final

import structlog
from django.db.models import Q

from leadsite.core.statements import delete_in_batches, fetch_rows
from leadsite.webhooks.models import WebhookEvent

log = structlog.get_logger(__name__)

State = WebhookEvent.State
KEEP_DAYS: Final = 30
KEEP_FAILED_DAYS: Final = 90
PRUNE_BATCH_SIZE: Final = 10_000
# The endpoints that have events, one look-up for each, and of them those that are deleted.
_DELETED: Final = """
    WITH RECURSIVE its AS (
        (SELECT endpoint_id FROM webhook_events ORDER BY endpoint_id LIMIT 1)
        UNION ALL
        SELECT (SELECT e.endpoint_id FROM webhook_events AS e WHERE e.endpoint_id > its.endpoint_id
                ORDER BY e.endpoint_id LIMIT 1)
        FROM its WHERE its.endpoint_id IS NOT NULL
    )
    SELECT endpoint_id FROM its
    WHERE endpoint_id IS NOT NULL AND NOT EXISTS (SELECT FROM webhook_endpoints AS w WHERE w.id = its.endpoint_id)
"""
# A function keeps the order of its rows, so that both lists still agree.
_FORGET_SECRETS: Final = """
    UPDATE webhook_endpoints AS e SET
        former_secrets = ARRAY(SELECT former.secret FROM unnest(e.former_secrets, e.former_until)
                               AS former (secret, until) WHERE former.until >= now()),
        former_until = ARRAY(SELECT until FROM unnest(e.former_until) AS until WHERE until >= now())
    WHERE now() > ANY (e.former_until)
"""


def prune(*, now: datetime) -> int:
    """Delete events: after KEEP_DAYS, failed ones after KEEP_FAILED_DAYS, and those without their endpoint.

    The days of a pending one begin again when it is queued again, or tried.

    In batches, each in its own transaction, because of statement_timeout. Returns the number of deleted events.
    """
    long_ago, very_long_ago = now - timedelta(days=KEEP_DAYS), now - timedelta(days=KEEP_FAILED_DAYS)
    over = WebhookEvent.objects.exclude(Q(state=State.PENDING, updated_at__gte=long_ago))
    too_old = over.filter(created_at__lt=very_long_ago)
    old = over.filter(created_at__lt=long_ago).exclude(state=State.FAILED)
    pruned = sum(delete_in_batches(rows, by="created_at", size=PRUNE_BATCH_SIZE) for rows in (too_old, old))
    # Events that delete_endpoint has left.
    for (endpoint_id,) in fetch_rows(_DELETED):
        pruned += delete_in_batches(WebhookEvent.objects.filter(endpoint_id=endpoint_id), size=PRUNE_BATCH_SIZE)
    fetch_rows(_FORGET_SECRETS)
    if pruned:
        log.info("webhook_events_pruned", events=pruned)
    return pruned
