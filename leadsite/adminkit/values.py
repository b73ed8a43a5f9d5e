"""Formats values for display in the admin, and reads ids that pages have sent."""

from datetime import datetime
from uuid import UUID

from django.contrib.admin.utils import quote
from django.db.models import Model
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

NOTHING = SafeString("–")

BLUE = "bg-blue-100 text-blue-700 dark:bg-blue-500/20 dark:text-blue-400"
GREEN = "badge-green bg-green-100 text-green-700 dark:bg-green-500/20 dark:text-green-400"
ORANGE = "bg-orange-100 text-orange-700 dark:bg-orange-500/20 dark:text-orange-400"
PURPLE = "bg-primary-100 text-primary-700 dark:bg-primary-500/20 dark:text-primary-400"
RED = "bg-red-100 text-red-700 dark:bg-red-500/20 dark:text-red-400"
GREY = "bg-base-100 text-base-700 dark:bg-base-500/20 dark:text-base-200"
COLOURS = {
    "new": BLUE,
    "contacted": ORANGE,
    "qualified": PURPLE,
    "converted": GREEN,
    "lost": RED,
    "active": GREEN,
    "queued": BLUE,
    "sending": BLUE,
    "failed": RED,
    "unknown": ORANGE,
    "processed": GREEN,
    "pending": BLUE,
    "delivered": GREEN,
    "unrouted": ORANGE,
}
WAITS_FOR_WORKER = _("Waiting for a worker. If this takes longer than a minute, no worker is running.")


def badge(label: str, value: str) -> SafeString:
    """A status as a coloured label."""
    shape = "inline-block font-semibold leading-normal px-2 py-1 rounded text-xs whitespace-nowrap"
    return format_html('<span class="{} {}">{}</span>', shape, COLOURS.get(value, GREY), label)


def moment(time: datetime | None) -> SafeString:
    """A time in short form, with the exact time as tooltip."""
    if time is None:
        return NOTHING
    local = timezone.localtime(time)
    this_year = local.year == timezone.localtime().year
    text = date_format(local, gettext("j M, H:i") if this_year else gettext("j M Y"))
    exact = f"{local:%Y-%m-%d %H:%M:%S %Z}"
    return format_html('<span class="whitespace-nowrap" title="{}">{}</span>', exact, text)


def day(time: datetime) -> str:
    return date_format(timezone.localtime(time), gettext("j M Y"))


def link(row: Model, label: str = "") -> SafeString:
    """A link to the row's page, by default with its name."""
    address = reverse(f"admin:{row._meta.app_label}_{row._meta.model_name}_change", args=[quote(row.pk)])
    return format_html('<a href="{}" class="text-link">{}</a>', address, foreign(label or row))


def foreign(text: object) -> SafeString:
    """Untrusted text: with its own writing direction, and with long words broken instead of widening the page."""
    return format_html('<span class="block foreign" dir="auto">{}</span>', text)


def shorten(text: str, length: int = 80) -> str:
    """The beginning of a text, on one line."""
    line = " ".join(text.split())
    return line if len(line) <= length else line[: length - 1] + "…"


def read_uuid(text: str) -> UUID | None:
    """The id in a parameter or a form's field; an invalid one counts as missing."""
    try:
        return UUID(text)
    except ValueError:
        return None
