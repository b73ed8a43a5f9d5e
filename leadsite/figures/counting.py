"""Counts the days of businesses and stores the numbers, so that a page reads a few rows however many leads there are.

Today and yesterday are counted every few minutes, and every night all days that a page shows: a lead that is converted,
deleted or merged weeks later is in the figures of its day by the next morning.
"""

import math
from collections.abc import Mapping
from datetime import date, datetime, timedelta
from datetime import time as time_of_day
from typing import Final
from uuid import UUID
from zoneinfo import ZoneInfo

from django.db import transaction

from leadsite.accounts.business.places import zone_of
from leadsite.accounts.models import User
from leadsite.core import clock
from leadsite.core.statements import fetch_rows
from leadsite.core.transactions import end_if_idle, retried
from leadsite.figures.models import DailyFigure, Key

# How many days a page shows, with today.
SHOWN: Final = 30
RECENT: Final = 2
# Response times are counted in buckets, each of which is longer by this factor: the median is right to a tenth.
FACTOR: Final = 1.2

_LEADS: Final = """
    SELECT source, type, count(*), count(*) FILTER (WHERE status = 'converted') FROM leads
    WHERE user_id = %s AND created_at >= %s AND created_at < %s AND deleted_at IS NULL GROUP BY source, type
"""
# Ids are in the order of time, and indexed with the business.
_FAILED: Final = """
    SELECT count(*) FROM messages AS m JOIN conversations AS c ON c.id = m.conversation_id AND c.deleted_at IS NULL
    WHERE m.user_id = %s AND m.id >= %s AND m.id < %s AND m.direction = 'out' AND m.status = 'failed'
"""
# The first answer to the customer's first message, of conversations that began on this day.
_RESPONSES: Final = """
    SELECT extract(epoch FROM answer.sort_at - first.sort_at)::float8 FROM conversations AS c
    CROSS JOIN LATERAL (SELECT m.sort_at FROM messages AS m
        WHERE m.conversation_id = c.id AND m.direction = 'in' AND m.is_turn ORDER BY m.sort_at LIMIT 1) AS first
    CROSS JOIN LATERAL (SELECT m.sort_at FROM messages AS m
        WHERE m.conversation_id = c.id AND m.direction = 'out' AND m.is_turn AND m.status <> 'failed'
            AND m.sort_at > first.sort_at ORDER BY m.sort_at LIMIT 1) AS answer
    WHERE c.user_id = %s AND c.created_at >= %s AND c.created_at < %s AND c.deleted_at IS NULL
"""


def count_days(*, days: int) -> int:
    """Count the last days of all businesses; return how many were counted. Opens transactions."""
    businesses = User.objects.businesses().filter(is_active=True).values_list("pk", "time_zone")
    counted = 0
    for business_id, name in businesses:
        zone = zone_of(name)
        today = clock.now().astimezone(zone).date()
        for back in range(days):
            count_day(user_id=business_id, day=today - timedelta(days=back), zone=zone)
            counted += 1
    return counted


@retried(source="worker", operation="count a day")
def count_day(*, user_id: UUID, day: date, zone: ZoneInfo) -> None:
    """Count one day of a business, and store the numbers. Opens the transaction."""
    # Another worker may count the same day: both store what they have seen, and the later one is right.
    with transaction.atomic():
        end_if_idle(seconds=60)
        DailyFigure.objects.store(user_id=user_id, day=day, figures=figures_of(user_id=user_id, day=day, zone=zone))


def figures_of(*, user_id: UUID, day: date, zone: ZoneInfo) -> dict[Key, int]:
    """Return the numbers of a day; those that are 0 are missing. Three statements. Raises django.db.Error."""
    begin, end = (datetime.combine(one, time_of_day(), zone) for one in (day, day + timedelta(days=1)))
    figures: dict[Key, int] = {}

    def add(name: str, key: str, value: int) -> None:
        if value:
            figures[Key(name, key)] = figures.get(Key(name, key), 0) + value

    for source, kind, count, converted in fetch_rows(_LEADS, [user_id, begin, end]):
        add("leads", source, count)
        add("typed", kind, count)
        add("converted", kind, converted)
    ((failed,),) = fetch_rows(_FAILED, [user_id, first_id(begin), first_id(end)])
    add("failed", "", failed)
    for (seconds,) in fetch_rows(_RESPONSES, [user_id, begin, end]):
        add("response", str(bucket_of(seconds)), 1)
    return figures


def bucket_of(seconds: float) -> int:
    return int(math.log(max(seconds, 1.0), FACTOR))


def median(buckets: Mapping[int, int]) -> float | None:
    """Return the median of response times in seconds, from their numbers in buckets; None where there are none."""
    total, seen = sum(buckets.values()), 0
    for bucket in sorted(buckets):
        seen += buckets[bucket]
        if seen * 2 >= total:
            return float(FACTOR ** (bucket + 0.5))
    return None


def first_id(moment: datetime) -> UUID:
    """The smallest UUID version 7 of a moment."""
    return UUID(int=int(moment.timestamp() * 1000) << 80)
