"""Rows of a file as the service import_leads takes them: what each says, checked by the rules that need no database."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final, NamedTuple

from django.utils.translation import gettext_noop

from leads.services.rules import NAME_MISSING, CheckedLead, LeadError, NewLead, check_lead

Checked = Sequence[CheckedLead | LeadError]

# What to do with a row whose lead exists already or is earlier in the list. CREATE: create another one; where it has an
# external id, that is an error. SKIP: leave it as it is; the name only fills a blank one. UPDATE: change what the row
# says, of lead and customer: update_plan.py.
SKIP: Final = "skip"
CREATE: Final = "create"
UPDATE: Final = "update"
ON_DUPLICATE: Final = (SKIP, CREATE, UPDATE)

_NOT_SAID: Final = {"customer_phone": "", "customer_name": "", "type": ""}
# What a new lead needs, and an update of an existing one does not.
_NEEDED: Final = ("customer_phone", "customer_name")
_PHONE_MISSING: Final = LeadError(
    "customer_phone",
    gettext_noop("customer_phone is required, because there is no lead with this external_id yet."),
    "customers_identified",
)
OTHER_CUSTOMERS: Final = LeadError(
    "external_id", gettext_noop("A lead of another customer has this external_id."), "leads_external_id_unique"
)


@dataclass(frozen=True, slots=True)
class CheckedRows:
    """Rows validated by the rules that need no database.

    `leads` has for each row the lead that it creates where there is none, or an error. `said` has what the row itself
    says, which is all that an update changes; a field that it empties on purpose is "". `incomplete` has, by index, the
    errors of rows that can only update a lead, because what a new lead needs is missing.
    """

    leads: Checked
    said: Sequence[Mapping[str, str]]
    incomplete: Mapping[int, LeadError] = field(default_factory=dict)

    def with_lines(self, lines: Sequence[int]) -> "CheckedRows":
        """The same rows, each lead with its line in the file."""
        leads = [
            lead._replace(line=line) if isinstance(lead, CheckedLead) else lead
            for line, lead in zip(lines, self.leads, strict=True)
        ]
        return replace(self, leads=leads)


NOTHING_CHECKED: Final = CheckedRows((), ())


class FieldChange(NamedTuple):
    """A field that the row with this index changes: customer_name, type, details or status."""

    row: int
    field: str
    before: str
    after: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Imported:
    """How many leads of a list were created, updated and skipped, and the errors by index.

    `changes`: what the rows changed in leads and customers that were there, in the order of the rows.
    """

    created: int
    updated: int
    skipped: int
    errors: dict[int, LeadError]
    changes: Sequence[FieldChange] = ()


def check_rows(
    said: Sequence[Mapping[str, str]], *, defaults: Mapping[str, str], on_duplicate: str = SKIP
) -> CheckedRows:
    """Check rows, each with the fields of NewLead that it says.

    `defaults` are for new leads; a customer_name among them, "", allows customers without one. With UPDATE a row may
    lack what only a new lead needs.
    """
    base = {**_NOT_SAID, **defaults}
    may_lack = _NEEDED if on_duplicate == UPDATE else tuple(name for name in _NEEDED if name in defaults)
    leads = [check_lead(NewLead(**{**base, **row}), may_lack=may_lack) for row in said]
    incomplete: dict[int, LeadError] = {}
    if on_duplicate == UPDATE:
        for index, lead in enumerate(leads):
            if isinstance(lead, CheckedLead) and (error := _missing(lead, defaults)) is not None:
                incomplete[index] = error
    return CheckedRows(leads, said, incomplete)


def _missing(lead: CheckedLead, defaults: Mapping[str, str]) -> LeadError | None:
    """Why the lead cannot be created, although it may update one."""
    if not lead.phone:
        return _PHONE_MISSING
    return NAME_MISSING if not lead.name and "customer_name" not in defaults else None


def without_other_customers(checked: Checked, owners: Mapping[str, str | None]) -> list[CheckedLead | LeadError]:
    """Replace by an error each lead whose external id belongs to another customer: that of a stored lead, or else of
    the first lead in the list. A row without phone is about the owner's lead. `owners`: the phone key of the customer
    of each external id that is taken; None where the number is hidden.
    """
    owners = dict(owners)
    result: list[CheckedLead | LeadError] = []
    for lead in checked:
        if isinstance(lead, CheckedLead) and lead.external_id is not None and lead.phone_key:
            owner = owners.setdefault(lead.external_id, lead.phone_key)
            result.append(lead if owner == lead.phone_key else OTHER_CUSTOMERS)
        else:
            result.append(lead)
    return result


def errors_of(checked: Checked) -> dict[int, LeadError]:
    return {index: lead for index, lead in enumerate(checked) if isinstance(lead, LeadError)}
