"""Decides what the rows of a file change in leads that exist (--on-duplicate update). Pure functions.

A row changes only what it says. Its lead is the one with its external id; without one, the customer's lead that has the
type and the details that the row says, where there is exactly one. The rows are taken one after the other, so a row may
change the lead that an earlier one has created, and each status follows the one before it.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final
from uuid import UUID

from django.utils.translation import gettext_noop

from leads.services.file_rows import CheckedRows, FieldChange
from leads.services.rules import CheckedLead, LeadError
from leads.services.status_order import move_error

# The columns of a lead that a row may change. The order of messages about them.
CONTENTS: Final = ("type", "status", "details")
_SHOWN_LEADS: Final = 5


@dataclass(slots=True)
class PlannedLead:
    """A lead as the rows so far leave it. `id` is None where this import creates it. `owner`: see Known."""

    id: UUID | None
    owner: str
    external_id: str | None
    type: str
    details: str
    status: str


@dataclass(slots=True)
class Known:
    """The leads and customers that rows may be about. A customer is the phone key; without number, its id as text."""

    by_external_id: dict[str, PlannedLead] = field(default_factory=dict)
    by_owner: defaultdict[str, list[PlannedLead]] = field(default_factory=lambda: defaultdict(list))
    names: dict[str, str] = field(default_factory=dict)

    def add(self, lead: PlannedLead) -> None:
        if lead.external_id is not None:
            self.by_external_id[lead.external_id] = lead
        self.by_owner[lead.owner].append(lead)


@dataclass(slots=True)
class Plan:
    """`created`: by the index of the row that creates it, the lead as the last row leaves it. `touched`: the leads
    that rows change. `updated` and `unchanged`: how many rows are about a lead that is there.
    """

    created: dict[int, PlannedLead] = field(default_factory=dict)
    touched: list[PlannedLead] = field(default_factory=list)
    errors: dict[int, LeadError] = field(default_factory=dict)
    changes: list[FieldChange] = field(default_factory=list)
    updated: int = 0
    unchanged: int = 0


def plan_updates(rows: CheckedRows, known: Known) -> Plan:
    """Decide for each row without error. `known` is changed to what the rows leave."""
    plan = Plan()
    touched: dict[int, PlannedLead] = {}
    for index, row in enumerate(rows.leads):
        if isinstance(row, LeadError):
            continue
        said = rows.said[index]
        found = _find(row, said, known)
        if isinstance(found, LeadError):
            plan.errors[index] = found
        elif found is None and index in rows.incomplete:
            plan.errors[index] = rows.incomplete[index]
        elif found is None:
            plan.created[index] = lead = PlannedLead(
                None, row.phone_key, row.external_id, row.type, row.details, row.status
            )
            known.add(lead)
            plan.changes.extend(_rename(index, row.name, lead.owner, known))
        elif (error := move_error(found.status, said.get("status", found.status))) is not None:
            plan.errors[index] = LeadError("status", error)
        elif changes := [*_change(index, said, found), *_rename(index, row.name, found.owner, known)]:
            plan.changes.extend(changes)
            plan.updated += 1
            touched[id(found)] = found
        else:
            plan.unchanged += 1
    plan.touched = list(touched.values())
    return plan


def _find(row: CheckedLead, said: Mapping[str, str], known: Known) -> PlannedLead | LeadError | None:
    """Return the lead that the row is about, None where there is none, or an error where it may be several."""
    if row.external_id is not None:
        return known.by_external_id.get(row.external_id)
    leads = known.by_owner.get(row.phone_key, ())
    # A blank cell that empties the details does not say which lead it is.
    details = said.get("details") or None
    same = [
        lead for lead in leads if lead.type == said.get("type", lead.type) and lead.details == (details or lead.details)
    ]
    if len(same) < 2:
        return same[0] if same else None
    if all(getattr(lead, name) == said[name] for lead in same for name in CONTENTS if name in said):
        return same[0]
    return _ambiguous(same)


def _ambiguous(leads: list[PlannedLead]) -> LeadError:
    shown = [f"{lead.type} {lead.status}" for lead in leads[:_SHOWN_LEADS]]
    words = ", ".join([*shown, "…"] if len(leads) > _SHOWN_LEADS else shown)
    return LeadError(
        "external_id",
        gettext_noop(
            "The customer has %(leads)s leads that this row may be about (%(words)s). Give the "
            "external id, or the exact type and details, of the one to be updated."
        )
        % {"leads": len(leads), "words": words},
    )


def _change(index: int, said: Mapping[str, str], lead: PlannedLead) -> Iterable[FieldChange]:
    for name in CONTENTS:
        if name in said and said[name] != (before := getattr(lead, name)):
            setattr(lead, name, said[name])
            yield FieldChange(index, name, before, said[name])


def _rename(index: int, name: str, owner: str, known: Known) -> Iterable[FieldChange]:
    """A name replaces the customer's; the first name of a new customer replaces none."""
    before = known.names.setdefault(owner, name)
    if name and name != before:
        known.names[owner] = name
        yield FieldChange(index, "customer_name", before, name)
