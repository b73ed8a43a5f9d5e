"""What a timeline says about the columns of conversations: names of labels in place of their ids, and until when."""

from collections.abc import Collection, Iterable, Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext, ngettext

from conversations.models import Label
from leadsite.audit.sentences import say_field
from leadsite.languages.texts import joined


def _names(ids: Collection[UUID]) -> dict[UUID, str]:
    return dict(Label.objects.filter(pk__in=ids).values_list("pk", "name"))


def _labels(before: Any, after: Any, names: Mapping[str, str]) -> str:
    former, present = before or [], after or []
    added = [one for one in present if one not in former]
    removed = [one for one in former if one not in present]
    parts = []
    if added:
        words = ngettext("added the label %(labels)s", "added the labels %(labels)s", len(added))
        parts.append(words % {"labels": _list(added, names)})
    if removed:
        words = ngettext("removed the label %(labels)s", "removed the labels %(labels)s", len(removed))
        parts.append(words % {"labels": _list(removed, names)})
    return joined(parts) or gettext("sorted the labels")


def _list(ids: Iterable[str], names: Mapping[str, str]) -> str:
    known = sorted(f"“{names[one]}”" for one in ids if one in names)
    # A deleted label has no name any more.
    return ", ".join([*known, *(gettext("(deleted)") for one in ids if one not in names)])


def _snooze(before: Any, after: Any, names: Mapping[str, str]) -> str:
    if after is None:
        return gettext("ended the snooze")
    until = timezone.localtime(datetime.fromisoformat(after))
    return gettext("snoozed it until %(time)s") % {"time": date_format(until, gettext("j M Y, H:i"))}


say_field("label_ids", _labels, naming=_names)
say_field("snoozed_until", _snooze)
