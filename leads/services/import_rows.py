"""Service that makes leads of rows of files: thousands at once, and each only once.

The same rules, managers and statements as create.py; what is added is that a lead may be there already.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from conversations.models import Customer, UpsertedCustomer
from leads.models import Lead, NamedLead, Rewriting
from leads.services.create import insert_leads
from leads.services.rules import CheckedLead, LeadError, NewLead, check_lead, external_ids, without_taken
from leadsite.core.transactions import ChangedMeanwhile

Checked = Sequence[CheckedLead | LeadError]
Identity = tuple[str, ...]
_OTHER_CUSTOMERS: Final = LeadError(
    "external_id", "A lead of another customer has this external_id.", "leads_external_id_unique"
)
_ABSENT: Final = {"customer_phone": "", "customer_name": "", "type": ""}


# What becomes of a lead that is there already, or earlier in the list. CREATE: it is made again; an external id cannot
# be, that is an error. SKIP: it stays as it is, and the name fills a blank one. UPDATE: lead and customer get what the
# row says, and of several rows the last counts.
SKIP: Final = "skip"
CREATE: Final = "create"
UPDATE: Final = "update"
ON_DUPLICATE: Final = (SKIP, CREATE, UPDATE)


@dataclass(frozen=True, slots=True)
class CheckedRows:
    """Rows judged by every rule that needs no database: a lead or an error in the place of each row.

    `naming_status`: the indexes of the rows that say a status.
    """

    leads: Checked
    naming_status: frozenset[int]


NOTHING_CHECKED: Final = CheckedRows((), frozenset())


@dataclass(frozen=True, slots=True, kw_only=True)
class Imported:
    """What became of a list: how many leads were made, changed and left as they are, and the errors by index."""

    created: int
    updated: int
    skipped: int
    errors: dict[int, LeadError]


def lead_identity(*, external_id: str | None, phone_key: str, lead_type: str, details: str) -> Identity:
    """What makes two leads of a business the same one: the external id; without one, customer, type and details."""
    return ("id", external_id) if external_id else ("lead", phone_key, lead_type, details)


def check_rows(rows: Sequence[Mapping[str, str]]) -> CheckedRows:
    """Judge rows, of each the fields of NewLead that it says."""
    return CheckedRows(
        [check_lead(NewLead(**{**_ABSENT, **row})) for row in rows],
        frozenset(index for index, row in enumerate(rows) if "status" in row),
    )


def import_leads(
    *,
    user_id: UUID,
    rows: CheckedRows,
    source: str,
    on_duplicate: str,
    import_run_id: UUID | None,
) -> Imported:
    """Make leads of rows, or find them. Caller holds the transaction. The statements are as many for one row as for
    thousands. `import_run_id`: None where the caller undoes all again.

    Raises ChangedMeanwhile where another session has just taken an external id: another attempt will see whose;
    django.db.Error.
    """
    checked = _without_conflicts(user_id, rows.leads, on_duplicate)
    good = {index: lead for index, lead in enumerate(checked) if isinstance(lead, CheckedLead)}
    customers = _upsert_customers(user_id, list(good.values()), on_duplicate)
    chosen = list(good.values())
    if on_duplicate != CREATE:
        there = _find(user_id, checked, customers)
        chosen = _choose(good, there, on_duplicate)
        if on_duplicate == UPDATE:
            _rewrite(good, there, rows.naming_status)
    owners = [customers[lead.phone_key].id for lead in chosen]
    insert_leads(user_id=user_id, source=source, leads=chosen, customer_ids=owners, import_run_id=import_run_id)
    again = len(good) - len(chosen)
    return Imported(
        created=len(chosen),
        updated=again if on_duplicate == UPDATE else 0,
        skipped=again if on_duplicate == SKIP else 0,
        errors=_errors(checked),
    )


def _choose(good: Mapping[int, CheckedLead], there: Collection[Identity], on_duplicate: str) -> list[CheckedLead]:
    """The leads that are to be made: of several rows that mean one lead the first, or with UPDATE the last."""
    places: dict[Identity, int] = {}
    for index, lead in good.items():
        identity = _identity_of(lead)
        if identity not in there and (on_duplicate == UPDATE or identity not in places):
            places[identity] = index
    return [good[index] for index in sorted(places.values())]


def judge_rows(*, user_id: UUID, rows: CheckedRows, on_duplicate: str) -> dict[int, LeadError]:
    """The errors of rows, by index; writes nothing."""
    return _errors(_without_conflicts(user_id, rows.leads, on_duplicate))


def _without_conflicts(user_id: UUID, checked: Checked, on_duplicate: str) -> Checked:
    """An error in the place of each lead whose external id it cannot have."""
    there = Lead.objects.by_external_id(user_id=user_id, external_ids=external_ids(checked))
    if on_duplicate == CREATE:
        return without_taken(checked, there)
    return without_other_customers(checked, there)


def without_other_customers(checked: Checked, there: Mapping[str, NamedLead]) -> Checked:
    """An error in the place of each lead whose external id a lead of another customer has: one that is there, or else
    the first of the list.
    """
    owners: dict[str, str | None] = {external_id: lead.phone_key for external_id, lead in there.items()}
    result: list[CheckedLead | LeadError] = []
    for lead in checked:
        if isinstance(lead, CheckedLead) and lead.external_id is not None:
            owner = owners.setdefault(lead.external_id, lead.phone_key)
            result.append(lead if owner == lead.phone_key else _OTHER_CUSTOMERS)
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
    """The customers by phone key, locked: whoever makes the same lead waits here, and what it made is seen below."""
    # Of several spellings and names the last counts; where rows are skipped, it is the first that makes the lead.
    ordered = reversed(leads) if on_duplicate == SKIP else leads
    return Customer.objects.upsert(
        user_id=user_id,
        customers=[(lead.phone, lead.name) for lead in ordered],
        replace_names=on_duplicate == UPDATE,
    )


def _find(user_id: UUID, checked: Checked, customers: Mapping[str, UpsertedCustomer]) -> dict[Identity, UUID]:
    """The leads that are there of those without error, by what makes them the same; of several the oldest."""
    there = Lead.objects.by_external_id(user_id=user_id, external_ids=external_ids(checked))
    if without_other_customers(checked, there) != checked:
        raise ChangedMeanwhile("An external id was taken meanwhile.")
    found: dict[Identity, UUID] = {("id", external_id): lead.id for external_id, lead in there.items()}
    found.update(_find_unnamed([lead for lead in checked if isinstance(lead, CheckedLead)], customers))
    return found


def _find_unnamed(
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


def _rewrite(good: Mapping[int, CheckedLead], there: Mapping[Identity, UUID], naming_status: Collection[int]) -> None:
    """Of several rows that mean one lead the last counts. A row without a status leaves the lead's."""
    last: dict[UUID, Rewriting] = {}
    for index, lead in good.items():
        if (lead_id := there.get(_identity_of(lead))) is not None:
            status = lead.status if index in naming_status else None
            last[lead_id] = Rewriting(lead_id, lead.type, lead.details, status)
    Lead.objects.rewrite(list(last.values()))
