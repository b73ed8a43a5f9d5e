"""Service that creates leads from rows of files: thousands at once, and each only once.

It uses the same rules, managers and statements as create.py, and adds the treatment of leads that exist already.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final
from uuid import UUID

from conversations.models import Customer, UpsertedCustomer
from leads.models import Lead, LeadByExternalId, LeadContents
from leads.services.create import insert_leads
from leads.services.rules import (
    NAME_MISSING,
    PHONE_MISSING,
    CheckedLead,
    LeadError,
    NewLead,
    check_lead,
    external_ids,
    without_taken,
)
from leadsite.core.transactions import INDEX_PLANS, ConcurrentChange, set_locally

Checked = Sequence[CheckedLead | LeadError]
Identity = tuple[str, ...]
_OTHER_CUSTOMERS: Final = LeadError(
    "external_id", "A lead of another customer has this external_id.", "leads_external_id_unique"
)
_NOT_SAID: Final = {"customer_phone": "", "customer_name": "", "type": ""}
# What a new lead needs, and an update of an existing one does not.
_NEEDED: Final = ("customer_phone", "customer_name")

# What to do with a row whose lead exists already or is earlier in the list. CREATE: create another one; where it has an
# external id, that is an error. SKIP: leave it as it is; the name only fills a blank one. UPDATE: write the row to lead
# and customer; of several rows the last counts.
SKIP: Final = "skip"
CREATE: Final = "create"
UPDATE: Final = "update"
ON_DUPLICATE: Final = (SKIP, CREATE, UPDATE)


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


NOTHING_CHECKED: Final = CheckedRows((), ())


@dataclass(frozen=True, slots=True, kw_only=True)
class Imported:
    """How many leads of a list were created, updated and skipped, and the errors by index."""

    created: int
    updated: int
    skipped: int
    errors: dict[int, LeadError]


def lead_identity(*, external_id: str | None, phone_key: str, lead_type: str, details: str) -> Identity:
    """The identity of a lead within a business: the external id; without one, customer, type and details."""
    return ("id", external_id) if external_id else ("lead", phone_key, lead_type, details)


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
        return PHONE_MISSING
    return NAME_MISSING if not lead.name and "customer_name" not in defaults else None


def import_leads(
    *,
    user_id: UUID,
    rows: CheckedRows,
    source: str,
    on_duplicate: str,
    import_run_id: UUID | None,
) -> Imported:
    """Create, update or skip the leads of rows. Caller holds the transaction. The number of statements does not depend
    on the number of rows. `import_run_id`: None for a dry run, which the caller rolls back.

    Raises ConcurrentChange where another session has just taken an external id (a repeated call sees it);
    django.db.Error.
    """
    set_locally(**INDEX_PLANS)
    checked = _without_conflicts(user_id, rows.leads, on_duplicate)
    if on_duplicate == UPDATE:
        checked = _without_incomplete(user_id, checked, rows.incomplete)
    valid = {index: lead for index, lead in enumerate(checked) if isinstance(lead, CheckedLead)}
    customers = _upsert_customers(user_id, [lead for lead in valid.values() if lead.phone], on_duplicate)
    chosen = list(valid.values())
    if on_duplicate != CREATE:
        existing = _find(user_id, checked, customers)
        chosen = _choose(valid, existing, on_duplicate)
        if on_duplicate == UPDATE:
            _rewrite(valid, existing, rows.said)
    owners = [customers[lead.phone_key].id for lead in chosen]
    insert_leads(user_id=user_id, source=source, leads=chosen, customer_ids=owners, import_run_id=import_run_id)
    not_created = len(valid) - len(chosen)
    return Imported(
        created=len(chosen),
        updated=not_created if on_duplicate == UPDATE else 0,
        skipped=not_created if on_duplicate == SKIP else 0,
        errors=_errors(checked),
    )


def _without_incomplete(user_id: UUID, checked: Checked, incomplete: Mapping[int, LeadError]) -> Checked:
    """Replace by an error each row that lacks what a new lead needs, and whose lead does not exist."""
    existing = Lead.objects.by_external_id(user_id=user_id, external_ids=external_ids(checked))
    return [
        incomplete[index]
        if index in incomplete and isinstance(lead, CheckedLead) and lead.external_id not in existing
        else lead
        for index, lead in enumerate(checked)
    ]


def _choose(valid: Mapping[int, CheckedLead], existing: Collection[Identity], on_duplicate: str) -> list[CheckedLead]:
    """The leads to create: of several rows with the same identity the first, with UPDATE the last."""
    indexes: dict[Identity, int] = {}
    for index, lead in valid.items():
        identity = _identity_of(lead)
        if identity not in existing and (on_duplicate == UPDATE or identity not in indexes):
            indexes[identity] = index
    return [valid[index] for index in sorted(indexes.values())]


def validate_rows(*, user_id: UUID, rows: CheckedRows, on_duplicate: str) -> dict[int, LeadError]:
    """Return the errors of rows, by index. Writes nothing."""
    return _errors(_without_conflicts(user_id, rows.leads, on_duplicate))


def _without_conflicts(user_id: UUID, checked: Checked, on_duplicate: str) -> Checked:
    """Replace by an error each lead whose external id is taken."""
    existing = Lead.objects.by_external_id(user_id=user_id, external_ids=external_ids(checked))
    if on_duplicate == CREATE:
        return without_taken(checked, existing)
    return without_other_customers(checked, existing)


def without_other_customers(checked: Checked, existing: Mapping[str, LeadByExternalId]) -> Checked:
    """Replace by an error each lead whose external id belongs to another customer: that of a stored lead, or else of
    the first lead in the list.
    """
    owners: dict[str, str | None] = {external_id: lead.phone_key for external_id, lead in existing.items()}
    result: list[CheckedLead | LeadError] = []
    for lead in checked:
        if isinstance(lead, CheckedLead) and lead.external_id is not None:
            owner = owners.setdefault(lead.external_id, lead.phone_key)
            result.append(lead if lead.phone_key in ("", owner) else _OTHER_CUSTOMERS)
        else:
            result.append(lead)
    return result


def _errors(checked: Checked) -> dict[int, LeadError]:
    return {index: lead for index, lead in enumerate(checked) if isinstance(lead, LeadError)}


def _identity_of(lead: CheckedLead) -> Identity:
    return lead_identity(
        external_id=lead.external_id, phone_key=lead.phone_key, lead_type=lead.type, details=lead.details
    )


def _upsert_customers(user_id: UUID, leads: Sequence[CheckedLead], on_duplicate: str) -> dict[str, UpsertedCustomer]:
    """Return the customers by phone key, locked: a concurrent import of the same leads waits here."""
    # The last spelling and name counts. With SKIP the first row creates the lead, so its name is to count.
    ordered = reversed(leads) if on_duplicate == SKIP else leads
    return Customer.objects.upsert(
        user_id=user_id,
        customers=[(lead.phone, lead.name) for lead in ordered],
        replace_names=on_duplicate == UPDATE,
    )


def _find(user_id: UUID, checked: Checked, customers: Mapping[str, UpsertedCustomer]) -> dict[Identity, UUID]:
    """Return the stored leads that rows without error are about, by identity; of several the oldest."""
    existing = Lead.objects.by_external_id(user_id=user_id, external_ids=external_ids(checked))
    if without_other_customers(checked, existing) != checked:
        raise ConcurrentChange("An external id was taken by a concurrent transaction.")
    found: dict[Identity, UUID] = {("id", external_id): lead.id for external_id, lead in existing.items()}
    found.update(_find_without_external_id([lead for lead in checked if isinstance(lead, CheckedLead)], customers))
    return found


def _find_without_external_id(
    leads: Sequence[CheckedLead], customers: Mapping[str, UpsertedCustomer]
) -> Iterator[tuple[Identity, UUID]]:
    wanted = {_identity_of(lead) for lead in leads if lead.external_id is None}
    known = {key: customers[key] for key in {identity[1] for identity in wanted} if customers[key].existed}
    keys = {customer.id: key for key, customer in known.items()}
    for lead in Lead.objects.of_customers(list(keys)):
        identity = lead_identity(
            external_id=None, phone_key=keys[lead.customer_id], lead_type=lead.type, details=lead.details
        )
        if identity in wanted:
            wanted.remove(identity)
            yield identity, lead.id


def _rewrite(
    valid: Mapping[int, CheckedLead], existing: Mapping[Identity, UUID], said: Sequence[Mapping[str, str]]
) -> None:
    """Change what the rows say. Of several rows for one lead the last value of each field counts."""
    changes: dict[UUID, dict[str, str]] = {}
    for index, lead in valid.items():
        if (lead_id := existing.get(_identity_of(lead))) is not None:
            changes.setdefault(lead_id, {}).update(said[index])
    Lead.objects.rewrite(
        [
            LeadContents(lead_id, change.get("type"), change.get("details"), change.get("status"))
            for lead_id, change in changes.items()
        ]
    )
