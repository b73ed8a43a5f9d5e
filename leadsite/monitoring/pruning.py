"""Service that deletes old failed transactions."""

from datetime import timedelta
from typing import Final

from django.conf import settings

from leadsite.core import clock
from leadsite.monitoring.models import FailedTransaction

SIZE: Final = 10_000


def prune_failed_transactions() -> int:
    """Delete those older than FAILED_TRANSACTION_DAYS by the database's clock, in batches; return how many.

    Raises ClockDiffers.
    """
    oldest = clock.check_clock() - timedelta(days=settings.FAILED_TRANSACTION_DAYS)
    old = FailedTransaction.objects.filter(at__lt=oldest)
    deleted = 0
    while ids := list(old.order_by("at").values_list("pk", flat=True)[:SIZE]):
        deleted += FailedTransaction.objects.filter(pk__in=ids).delete()[0]
    return deleted
