"""What a timeline says about the columns of conversations: names of labels in place of their ids, and until when."""

from collections.abc import Collection, Iterable, Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from django.utils import timezone

from conversations.models import Label
from leadsite.audit.sentences import say_field


def _names(ids: Collection[UUID]) -> dict[UUID, str]:
    return dict(Label.objects.filter(pk__in=ids).values_list("pk", "name"))


def _labels(before: Any, after: Any, names: Mapping[str, str]) -> str:
    former, present = before or [], after or []
    parts = [
        f"{verb} the label{'s' if len(ids) > 1 else ''} {_list(ids, names)}"
        for verb, ids in (
            ("added", [one for one in present if one not in former]),
            ("removed", [one for one in former if one not in present]),
        )
        if ids
    ]
    return " and ".join(parts) or "sorted the labels"


def _list(ids: Iterable[str], names: Mapping[str, str]) -> str:
    known = sorted(f"“{names[one]}”" for one in ids if one in names)
    # A deleted label has no name any more.
    return ", ".join([*known, *("(deleted)" for one in ids if one not in names)])


def _snooze(before: Any, after: Any, names: Mapping[str, str]) -> str:
    if after is None:
        return "ended the snooze"
    until = timezone.localtime(datetime.fromisoformat(after))
    return f"snoozed it until {until.day} {until:%b %Y, %H:%M}"


say_field("label_ids", _labels, naming=_names)
say_field("snoozed_until", _snooze)
