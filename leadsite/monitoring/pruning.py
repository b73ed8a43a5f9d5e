"""Service that deletes old failed transactions."""

from datetime import timedelta
from typing import Final

from django.conf import settings

from leadsite.core import clock
from leadsite.core.statements import delete_in_batches
from leadsite.monitoring.models import FailedTransaction

SIZE: Final = 10_000


def prune_failed_transactions() -> int:
    """Delete those older than FAILED_TRANSACTION_DAYS by the database's clock, in batches; return how many.

    Raises ClockDiffers.
    """
    oldest = clock.check_clock() - timedelta(days=settings.FAILED_TRANSACTION_DAYS)
    return delete_in_batches(FailedTransaction.objects.filter(at__lt=oldest), by="at", size=SIZE)
