"""Services for the partitions of the audit: made ahead, and dropped when they are old. Both are functions of the
database, because the worker does not own the table.
"""

from typing import Final, cast

from django.conf import settings

from leadsite.core import clock
from leadsite.core.statements import fetch_rows

# prune_audit.sql refuses less: the application must not be able to remove what it has just done.
LEAST_DAYS: Final = 30


def make_partitions() -> int:
    """Make the partitions of this month and the next three where they are missing; return how many.

    Raises django.db.Error: another session kept the table for more than two seconds.
    """
    ((made,),) = fetch_rows("SELECT make_audit_partitions()")
    return cast(int, made)


def prune_audit() -> int:
    """Drop the partitions whose month was over AUDIT_DAYS ago, 30 at least, by the database's clock; return how many.

    Raises ClockDiffers; django.db.Error: another session kept the table for more than two seconds.
    """
    if not settings.AUDIT_DAYS:
        return 0
    clock.check_clock()
    ((dropped,),) = fetch_rows("SELECT prune_audit(%s)", [max(settings.AUDIT_DAYS, LEAST_DAYS)])
    return cast(int, dropped)
