"""Service that creates leads from rows of files: thousands at once, and each only once.

It uses the same rules, managers and statements as create.py, and adds the treatment of leads that exist already;
updates of those are in update_rows.py.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any, Final
from uuid import UUID

from django.db import IntegrityError

from conversations.models import Customer, UpsertedCustomer
from leads.models import ImportChange, Lead, LeadByExternalId, RecordedChange
from leads.services.create import insert_leads
from leads.services.file_rows import (
    CREATE,
    SKIP,
    UPDATE,
    Checked,
    CheckedRows,
    FieldChange,
    Imported,
    errors_of,
    without_other_customers,
)
from leads.services.refusals import ExternalIdTaken, refusal_of
from leads.services.rules import CheckedLead, LeadError, external_ids, without_taken
from leads.services.update_rows import EarlierRows, update_leads
from leadsite.core.statements import fetch_rows
from leadsite.core.transactions import INDEX_PLANS, ConcurrentChange, set_locally

Identity = tuple[str, ...]
# Note [Imports side by side]: a file that is stored as a whole locks customers batch by batch, so not in the order of
# Note [Lock order] in create.py, and what waits for it may have locked what it needs next. So no other transaction of
# an import of the business, of its undo or of a dry run is open beside it. These lock all their customers in that
# order, and go on side by side.
_SIDE_BY_SIDE: Final = "SELECT pg_advisory_xact_lock_shared(hashtextextended('imports of ' || %s::text, 0))::text"
_ALONE: Final = "SELECT pg_advisory_xact_lock(hashtextextended('imports of ' || %s::text, 0))::text"
_TAKEN: Final = "An external id was taken by a concurrent transaction."


def wait_for_whole_file(*, user_id: UUID) -> None:
    """Wait until no file of the business is being stored as a whole. See Note [Imports side by side].

    Caller holds the transaction, which has locked nothing yet. Raises django.db.Error.
    """
    fetch_rows(_SIDE_BY_SIDE, [str(user_id)])


def wait_for_other_imports(*, user_id: UUID) -> None:
    """Wait until no other import of the business has a transaction, and let none begin one until this one ends.

    Caller holds the transaction, which has locked nothing yet. Raises django.db.Error.
    """
    fetch_rows(_ALONE, [str(user_id)])


def identity_of(lead: CheckedLead) -> Identity:
    """The identity of a lead within a business: the external id; without one, customer, type and details."""
    if lead.external_id is not None:
        return ("id", lead.external_id)
    return ("lead", lead.phone_key, lead.type, lead.details)


def import_leads(
    *,
    user_id: UUID,
    rows: CheckedRows,
    source: str,
    on_duplicate: str,
    import_run_id: UUID | None,
    earlier: EarlierRows | None = None,
) -> Imported:
    """Create, update or skip the leads of rows. Caller holds the transaction. The number of statements does not depend
    on the number of rows. `import_run_id`: None for a dry run, which the caller rolls back, with the same `earlier` at
    each call.

    Raises ConcurrentChange where another session has just taken an external id (a repeated call sees it);
    django.db.Error.
    """
    set_locally(**INDEX_PLANS)
    more: dict[str, Any] = {"user_id": user_id, "rows": rows, "source": source, "import_run_id": import_run_id}
    try:
        if on_duplicate == UPDATE:
            return update_leads(**more, earlier=earlier)
        return _create_leads(**more, on_duplicate=on_duplicate)
    except IntegrityError as error:
        # Another session has given an external id to a lead since it was looked for.
        if isinstance(refusal_of(error), ExternalIdTaken):
            raise ConcurrentChange(_TAKEN) from error
        raise


def _create_leads(
    *, user_id: UUID, rows: CheckedRows, source: str, on_duplicate: str, import_run_id: UUID | None
) -> Imported:
    """As import_leads with CREATE or SKIP."""
    checked = _without_conflicts(user_id, rows.leads, on_duplicate)
    valid = {index: lead for index, lead in enumerate(checked) if isinstance(lead, CheckedLead)}
    customers = _upsert_customers(user_id, list(valid.values()), on_duplicate)
    chosen = list(valid.values())
    if on_duplicate == SKIP:
        chosen = _choose(valid, _find(user_id, checked, customers))
    changes = _fill_names(user_id, valid, customers, import_run_id)
    owners = [customers[lead.phone_key].id for lead in chosen]
    insert_leads(user_id=user_id, source=source, leads=chosen, customer_ids=owners, import_run_id=import_run_id)
    return Imported(
        created=len(chosen), updated=0, skipped=len(valid) - len(chosen), errors=errors_of(checked), changes=changes
    )


def _choose(valid: Mapping[int, CheckedLead], existing: Collection[Identity]) -> list[CheckedLead]:
    """The leads to create: of several rows with the same identity the first."""
    chosen: dict[Identity, CheckedLead] = {}
    for lead in valid.values():
        identity = identity_of(lead)
        if identity not in existing and identity not in chosen:
            chosen[identity] = lead
    return list(chosen.values())


def validate_rows(*, user_id: UUID, rows: CheckedRows, on_duplicate: str) -> dict[int, LeadError]:
    """Return the errors of rows, by index. Writes nothing."""
    return errors_of(_without_conflicts(user_id, rows.leads, on_duplicate))


def _without_conflicts(user_id: UUID, checked: Checked, on_duplicate: str) -> Checked:
    """Replace by an error each lead whose external id is taken."""
    existing = Lead.objects.by_external_id(user_id=user_id, external_ids=external_ids(checked))
    if on_duplicate == CREATE:
        return without_taken(checked, existing)
    return without_other_customers(checked, _owners(existing))


def _owners(existing: Mapping[str, LeadByExternalId]) -> dict[str, str | None]:
    return {external_id: lead.phone_key for external_id, lead in existing.items()}


def _upsert_customers(user_id: UUID, leads: Sequence[CheckedLead], on_duplicate: str) -> dict[str, UpsertedCustomer]:
    """Return the customers by phone key, locked: a concurrent import of the same leads waits here."""
    # The last spelling and name counts. With SKIP the first row creates the lead, so its name is to count.
    ordered = reversed(leads) if on_duplicate == SKIP else leads
    return Customer.objects.upsert(
        user_id=user_id, customers=[(lead.phone, lead.name) for lead in ordered], replace_names=False
    )


def _fill_names(
    user_id: UUID,
    valid: Mapping[int, CheckedLead],
    customers: Mapping[str, UpsertedCustomer],
    import_run_id: UUID | None,
) -> list[FieldChange]:
    """Give customers without a name that of their first row with one."""
    nameless = {customer.phone_key for customer in customers.values() if not customer.name}
    if not nameless:
        return []
    changes: list[FieldChange] = []
    names: dict[UUID, str] = {}
    for index, lead in valid.items():
        if lead.phone_key in nameless and lead.name:
            nameless.remove(lead.phone_key)
            names[customers[lead.phone_key].id] = lead.name
            if customers[lead.phone_key].existed:
                changes.append(FieldChange(index, "customer_name", "", lead.name))
    Customer.objects.rename(names)
    if import_run_id is not None:
        filled = [customers[valid[change.row].phone_key].id for change in changes]
        ImportChange.objects.record(
            user_id=user_id,
            run_id=import_run_id,
            customers=[RecordedChange(pk, {"name": ""}, {"name": names[pk]}) for pk in filled],
        )
    return changes


def _find(user_id: UUID, checked: Checked, customers: Mapping[str, UpsertedCustomer]) -> set[Identity]:
    """Return which leads of rows without error exist."""
    existing = Lead.objects.by_external_id(user_id=user_id, external_ids=external_ids(checked))
    if without_other_customers(checked, _owners(existing)) != checked:
        raise ConcurrentChange(_TAKEN)
    found: set[Identity] = {("id", external_id) for external_id in existing}
    found.update(_find_without_external_id([lead for lead in checked if isinstance(lead, CheckedLead)], customers))
    return found


def _find_without_external_id(
    leads: Sequence[CheckedLead], customers: Mapping[str, UpsertedCustomer]
) -> Iterator[Identity]:
    wanted = {identity_of(lead) for lead in leads if lead.external_id is None}
    known = {key: customers[key] for key in {identity[1] for identity in wanted} if customers[key].existed}
    keys = {customer.id: key for key, customer in known.items()}
    for lead in Lead.objects.of_customers(list(keys)):
        if (identity := ("lead", keys[lead.customer_id], lead.type, lead.details)) in wanted:
            yield identity
