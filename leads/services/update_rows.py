"""The part of import_rows.py for --on-duplicate update: reads and locks what rows are about, and writes their plan."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from uuid import UUID

from conversations.models import Customer, UpsertedCustomer
from conversations.phone import key_of
from leads.models import ImportChange, Lead, LeadContents, RecordedChange, Rewritten, StoredLead
from leads.services.create import insert_leads
from leads.services.file_rows import Checked, CheckedRows, Imported, errors_of, without_other_customers
from leads.services.rules import CheckedLead, external_ids
from leads.services.update_plan import CONTENTS, Known, Plan, PlannedLead, plan_updates
from leadsite.core.transactions import ConcurrentChange


class EarlierRows:
    """What the earlier batches of a dry run would have left; each was rolled back.

    It grows with the number of leads that the file creates or changes. A batch that fails may be repeated: its plan
    changes copies, and what it has changed is remembered when its statements have succeeded.
    """

    def __init__(self) -> None:
        self.changed: dict[UUID, PlannedLead] = {}
        self.created = Known()
        # The leads that earlier batches have created, by the id() of the copy that the batch has of them.
        self._originals: dict[int, PlannedLead] = {}

    def add_to(self, known: Known, *, owners: Iterable[str], external_ids: Iterable[str]) -> None:
        """Add the leads that earlier batches have created, and the names that they have given."""
        self._originals.clear()
        self._add_to(known, owners=owners, external_ids=external_ids)

    def _add_to(self, known: Known, *, owners: Iterable[str], external_ids: Iterable[str]) -> None:
        for owner in owners:
            for lead in self.created.by_owner.get(owner, ()):
                lent = replace(lead)
                self._originals[id(lent)] = lead
                known.add(lent)
            if (name := self.created.names.get(owner)) is not None:
                known.names[owner] = name
        for external_id in external_ids:
            created = self.created.by_external_id.get(external_id)
            if created is not None and external_id not in known.by_external_id:
                self._add_to(known, owners=[created.owner], external_ids=())

    def remember(self, plan: Plan, known: Known) -> None:
        for lead in plan.created.values():
            self.created.add(lead)
        for lead in (*plan.created.values(), *plan.touched):
            self.created.names[lead.owner] = known.names[lead.owner]
            if lead.id is not None:
                self.changed[lead.id] = lead
            elif (original := self._originals.get(id(lead))) is not None:
                original.type, original.details, original.status = lead.type, lead.details, lead.status


def update_leads(
    *, user_id: UUID, rows: CheckedRows, source: str, import_run_id: UUID | None, earlier: EarlierRows | None
) -> Imported:
    """As import_leads with UPDATE. `earlier` is that of a dry run."""
    earlier = earlier or EarlierRows()
    named = external_ids(rows.leads)
    stored = Lead.objects.contents_by_external_id(user_id=user_id, external_ids=named)
    checked = without_other_customers(rows.leads, _owners(named, stored, earlier))
    # A concurrent import of the same leads waits here.
    customers = _lock_by_phone(user_id, checked, rows, stored)
    hidden = Customer.objects.lock({lead.customer_id for lead in stored if lead.phone is None})
    places = _places(stored)
    stored = Lead.objects.contents_by_external_id(user_id=user_id, external_ids=named)
    if _places(stored) != places:
        raise ConcurrentChange(
            "A lead with one of these external ids was created or moved by a concurrent transaction."
        )
    stored += Lead.objects.contents_of_customers(_searched(checked, customers))
    known = _known(stored, customers, hidden, earlier)
    keys = {lead.phone_key for lead in checked if isinstance(lead, CheckedLead)}
    earlier.add_to(known, owners=keys | known.by_owner.keys(), external_ids=named)
    plan = plan_updates(CheckedRows(checked, rows.said, rows.incomplete), known)
    _create(plan, checked, customers, user_id=user_id, source=source, import_run_id=import_run_id)
    _write(plan, known, [*customers.values()], hidden, user_id=user_id, import_run_id=import_run_id)
    earlier.remember(plan, known)
    return Imported(
        created=len(plan.created),
        updated=plan.updated,
        skipped=plan.unchanged,
        errors=errors_of(checked) | plan.errors,
        changes=plan.changes,
    )


def _owners(named: Iterable[str], stored: Iterable[StoredLead], earlier: EarlierRows) -> dict[str, str | None]:
    """The phone key of the customer of each external id that a lead has."""
    created = earlier.created.by_external_id
    owners: dict[str, str | None] = {name: created[name].owner for name in named if name in created}
    owners.update((lead.external_id, key_of(lead.phone)) for lead in stored if lead.external_id is not None)
    return owners


def _places(stored: Sequence[StoredLead]) -> set[tuple[UUID, UUID]]:
    return {(lead.id, lead.customer_id) for lead in stored}


def _lock_by_phone(
    user_id: UUID, checked: Checked, rows: CheckedRows, stored: Sequence[StoredLead]
) -> dict[str, UpsertedCustomer]:
    """Lock the customers of rows and of stored leads, and create those of rows that may create a lead."""
    leads = [(index, lead) for index, lead in enumerate(checked) if isinstance(lead, CheckedLead) and lead.phone]
    known = Customer.objects.known_phone_keys(
        user_id=user_id, phone_keys={lead.phone_key for index, lead in leads if index in rows.incomplete}
    )
    there = [(lead.phone, "") for lead in stored if lead.phone is not None]
    there += [(lead.phone, "") for index, lead in leads if index in rows.incomplete and lead.phone_key in known]
    new = [(lead.phone, lead.name) for index, lead in leads if index not in rows.incomplete]
    return Customer.objects.upsert(user_id=user_id, customers=[*there, *new], replace_names=False)


def _searched(checked: Checked, customers: Mapping[str, UpsertedCustomer]) -> list[UUID]:
    """The customers whose leads are searched, because a row does not give the external id."""
    keys = {lead.phone_key for lead in checked if isinstance(lead, CheckedLead) and lead.external_id is None}
    return [customers[key].id for key in sorted(keys) if key in customers and customers[key].existed]


def _known(
    stored: Sequence[StoredLead],
    customers: Mapping[str, UpsertedCustomer],
    hidden: Sequence[Customer],
    earlier: EarlierRows,
) -> Known:
    known = Known(names={key: customer.name for key, customer in customers.items() if customer.existed})
    known.names |= {str(customer.pk): customer.name for customer in hidden}
    for lead in {lead.id: lead for lead in sorted(stored)}.values():
        changed = earlier.changed.get(lead.id)
        known.add(
            replace(changed)
            if changed
            else PlannedLead(
                lead.id,
                key_of(lead.phone) or str(lead.customer_id),
                lead.external_id,
                lead.type,
                lead.details,
                lead.status,
            )
        )
    return known


def _create(
    plan: Plan,
    checked: Checked,
    customers: Mapping[str, UpsertedCustomer],
    *,
    user_id: UUID,
    source: str,
    import_run_id: UUID | None,
) -> None:
    """Insert each new lead as its last row leaves it."""
    leads = [
        lead._replace(type=planned.type, details=planned.details, status=planned.status)
        for index, planned in plan.created.items()
        if isinstance(lead := checked[index], CheckedLead)
    ]
    owners = [customers[lead.phone_key].id for lead in leads]
    insert_leads(user_id=user_id, source=source, leads=leads, customer_ids=owners, import_run_id=import_run_id)


def _write(
    plan: Plan,
    known: Known,
    customers: Sequence[UpsertedCustomer],
    hidden: Sequence[Customer],
    *,
    user_id: UUID,
    import_run_id: UUID | None,
) -> None:
    """Update leads and customers that were there, and record what they were before."""
    contents = {
        lead.id: LeadContents(lead.id, lead.type, lead.details, lead.status)
        for lead in plan.touched
        if lead.id is not None
    }
    rewritten = Lead.objects.rewrite(list(contents.values()))
    names = [(customer.phone_key, customer.id, customer.name, customer.existed) for customer in customers]
    names += [(str(customer.pk), customer.pk, customer.name, True) for customer in hidden]
    renamed = [
        (customer_id, before, after, existed)
        for key, customer_id, before, existed in names
        if (after := known.names.get(key, before)) != before
    ]
    Customer.objects.rename({customer_id: after for customer_id, _, after, _ in renamed})
    if import_run_id is not None:
        ImportChange.objects.record(
            user_id=user_id,
            run_id=import_run_id,
            leads=[_recorded(lead, contents[lead.former.lead_id]) for lead in rewritten],
            customers=[
                RecordedChange(customer_id, {"name": before}, {"name": after})
                for customer_id, before, after, existed in renamed
                if existed
            ],
        )


def _recorded(lead: Rewritten, now: LeadContents) -> RecordedChange:
    changed = [name for name in CONTENTS if getattr(lead.former, name) != getattr(now, name)]
    return RecordedChange(
        lead.former.lead_id,
        {name: getattr(lead.former, name) for name in changed},
        {name: getattr(now, name) for name in changed},
        lead.updated_at,
    )
