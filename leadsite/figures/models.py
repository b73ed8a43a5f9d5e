"""The model DailyFigure: what was counted of one day of a business."""

from collections.abc import Mapping
from datetime import date
from typing import Final, NamedTuple
from uuid import UUID

from django.conf import settings
from django.db import models
from django.db.models.functions import Now

from leadsite.core.arrays import array
from leadsite.core.statements import fetch_rows


class Key(NamedTuple):
    """`name`: leads, by source; typed and converted, by type; failed; response, by bucket: counting.py."""

    name: str
    key: str


# In the order of the keys: two workers that count the same day wait for each other.
_STORE: Final = """
    INSERT INTO daily_figures AS f (user_id, day, name, key, value, counted_at)
    SELECT %s, %s::date, name, key, value, now()
    FROM unnest(%s::text[], %s::text[], %s::bigint[]) AS given (name, key, value)
    ORDER BY name, key
    ON CONFLICT (user_id, day, name, key) DO UPDATE SET value = excluded.value, counted_at = excluded.counted_at
"""
_FORGET: Final = """
    DELETE FROM daily_figures AS f WHERE f.user_id = %s AND f.day = %s::date AND NOT EXISTS (
        SELECT FROM unnest(%s::text[], %s::text[]) AS given (name, key) WHERE given.name = f.name AND given.key = f.key)
"""


class FigureManager(models.Manager["DailyFigure"]):
    def store(self, *, user_id: UUID, day: date, figures: Mapping[Key, int]) -> None:
        """Replace what is stored of a day. Caller holds the transaction."""
        names, keys = array(key.name for key in figures), array(key.key for key in figures)
        fetch_rows(_FORGET, [user_id, day.isoformat(), names, keys])
        if figures:
            fetch_rows(_STORE, [user_id, day.isoformat(), names, keys, array(figures.values())])


class DailyFigure(models.Model):
    """A number of one day, in the time zone of the business. Counted again for some weeks: what is late is in it."""

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.CASCADE, db_constraint=False, db_index=False, related_name="+"
    )
    day = models.DateField()
    name = models.CharField()
    key = models.CharField(blank=True, default="")
    value = models.BigIntegerField()
    counted_at = models.DateTimeField(db_default=Now())

    objects = FigureManager()

    class Meta:
        db_table = "daily_figures"
        constraints = [models.UniqueConstraint(fields=["user", "day", "name", "key"], name="daily_figures_unique")]

    def __str__(self) -> str:
        return f"{self.name} {self.key} {self.day}: {self.value}"
