"""Alerts on the admin's index page and badges in the menu, for problems that need attention."""

from dataclasses import dataclass
from typing import Any, Final

from django.db.models import QuerySet
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext

SHOWN: Final = 5
COUNT_LIMIT: Final = 1000


@dataclass(frozen=True, slots=True)
class Alert:
    text: SafeString
    url: str = ""


def foreign_line(text: str) -> SafeString:
    """A provider's text within a sentence."""
    return format_html('<bdi class="foreign">{}</bdi>', text)


def counted(rows: QuerySet[Any]) -> str:
    """The number of rows, or "over 1000"; empty for none. They are read in the order of `rows`, if it has one: that of
    an index keeps PostgreSQL from looking for the first thousand in the whole table, where those of others come first.
    """
    count = rows.values("pk")[: COUNT_LIMIT + 1].count()
    return gettext("over %(count_limit)s") % {"count_limit": COUNT_LIMIT} if count > COUNT_LIMIT else str(count or "")


def as_number(count: str) -> int:
    """What `counted` returned, for `ngettext`: where it is "over 1000", any number of many."""
    return int(count) if count.isdigit() else COUNT_LIMIT
