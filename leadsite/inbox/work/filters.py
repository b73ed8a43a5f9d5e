"""What a person narrows the list down to: a label, who takes care, type and status of the leads; as in the address."""

from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlencode

from django.http import HttpRequest, QueryDict

from leads.models import Lead
from leadsite.adminkit.values import read_uuid

NOBODY: Final = "nobody"
ME: Final = "me"
NAMES: Final = ("label", "assignee", "type", "status")
# Conditions on conversations, as v. OFFSET 0: one look-up for each chat of the list, whatever the statistics say.
_LEAD: Final = """EXISTS (SELECT FROM leads AS w WHERE w.conversation_id = v.id AND w.deleted_at IS NULL
    AND w.{} = %(filter_{})s)"""
_CONDITIONS: Final = {
    # The first part is the condition of the index.
    "label": "v.label_ids <> '{}' AND v.label_ids @> ARRAY[%(filter_label)s::uuid]",
    "type": _LEAD.format("type", "type"),
    "status": _LEAD.format("status", "status"),
}


@dataclass(frozen=True, slots=True)
class Filters:
    """The chosen values, "" where nothing is chosen."""

    label: str = ""
    assignee: str = ""
    type: str = ""
    status: str = ""

    @property
    def chosen(self) -> dict[str, str]:
        return {name: value for name in NAMES if (value := getattr(self, name))}

    @property
    def query(self) -> str:
        """As a part of an address, after others."""
        return f"&{urlencode(self.chosen)}" if self.chosen else ""

    @property
    def condition(self) -> str:
        """SQL about a conversation v, with the parameters of `values` and person."""
        parts = [_CONDITIONS[name] for name in self.chosen if name in _CONDITIONS]
        if self.assignee == NOBODY:
            parts.append("v.assigned_to_id IS NULL")
        elif self.assignee:
            parts.append(f"v.assigned_to_id = {'%(person)s' if self.assignee == ME else '%(filter_assignee)s'}")
        return " AND ".join(parts) or "true"

    @property
    def values(self) -> dict[str, Any]:
        return {f"filter_{name}": value for name, value in self.chosen.items()}


EVERYTHING: Final = Filters()


def read_filters(given: Any) -> Filters:
    """Return the filters of an address or of a saved view; what is not valid counts as not chosen."""
    label, assignee = (str(given.get(name, "")) for name in ("label", "assignee"))
    kind, status = (str(given.get(name, "")) for name in ("type", "status"))
    return Filters(
        label=str(read_uuid(label) or ""),
        assignee=assignee if assignee in (NOBODY, ME) else str(read_uuid(assignee) or ""),
        type=kind if kind in Lead.Type.values else "",
        status=status if status in Lead.Status.values else "",
    )


def filters_of(request: HttpRequest) -> Filters:
    """Return those of the address; of a form those in its field, because it has others by their names: place.html."""
    return read_filters(QueryDict(request.POST["filters"]) if "filters" in request.POST else request.GET)
