"""Service that creates leads with customer and conversation, for REST and the admin.

A REST client may send a lead again, after a lost response or as a part of a growing list (create_many.py). A lead with
the external id of an existing lead of the same customer is that lead: it is returned with `existed`, and stays as it
is. An external id of another customer's lead is taken.

Through the same managers, and nowhere else, leads are created from inbound messages (receive.py), from files
(import_rows.py), with an outgoing message (whatsapp/outbound/enqueue.py, createLead), and as the previous system had
them (leads/migrating/store.py). SQL clients call create_lead_with_conversation (leads/sql/).

Note [Lock order]: customer, conversation, lead, message. Several customers are locked in the order of their phone key,
then those without phone in the order of their WhatsApp user id. Who writes conversations or leads locks the customer's
row first, so lock waits cannot form a cycle. Three kinds of writers do not:
- The sender and statuses lock messages first, in the order of their ids or without waiting (SKIP LOCKED), and then the
  customers without waiting (Customer.objects.lock_owners): their waits cannot close a cycle.
- An erasure looks for the person in all tables (leadsite/privacy/rows.py), and the deletion of old messages for leads
  of others that began with one (purge.py, retention.py, there). They lock the few rows that they find; in a cycle with
  a writer who has several of these, PostgreSQL ends one of the two, and `retried` repeats it.
- A file that is stored as a whole, batch by batch: Note [Imports side by side] in import_rows.py.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Final, NamedTuple
from uuid import UUID

from django.db import Error, transaction

from conversations.models import Conversation, Customer, Opening
from conversations.phone import phone_key
from leads.creation_counts import count_creations
from leads.models import Lead, LeadRow
from leads.services.refusals import ExternalIdTaken, LeadRefused, UnknownBusiness, log_failed_creation, refusal_of
from leads.services.rules import CheckedLead, LeadError, NewLead, check_lead, external_ids, without_taken
from leadsite.accounts.models import User
from leadsite.core import metrics
from leadsite.core.postgresql import patience
from leadsite.core.transactions import after_commit, attempt_of, retried

OPEN_LEADS_LIMIT: Final = 50


class CreatedLead(NamedTuple):
    """`open_leads`: the customer's other open leads, newest first; None where they were not looked up.

    `existed`: the lead existed already, and nothing was written.
    """

    lead_id: UUID
    conversation_id: UUID
    conversation_created: bool
    open_leads: list[UUID] | None = None
    existed: bool = False


def create_lead(*, user_id: UUID, lead: NewLead, source: str) -> CreatedLead:
    """Create one lead with its conversation for the business `user_id`. Opens the transaction; see create_leads.

    The result names the customer's other open leads, which the new one may duplicate.
    """
    return create_leads(user_id=user_id, leads=[lead], source=source)[0]


def create_leads(*, user_id: UUID, leads: Sequence[NewLead], source: str) -> list[CreatedLead]:
    """Create leads with their customers and conversations, all or none. Opens the transaction.

    The customer is found by phone key or inserted, and gets the name given. The lead joins the customer's active
    conversation or opens one. `source` is a Lead.Source. The result is in the order of `leads`.

    Raises LeadRefused for the first lead that breaks a rule, ExternalIdTaken, UnknownBusiness; django.db.Error where
    the database is away or stayed locked through every attempt. Each failure is logged once.
    """
    created = _create(user_id, leads, source, skip_invalid=False)
    return [lead for lead in created if isinstance(lead, CreatedLead)]


def create_valid_leads(*, user_id: UUID, leads: Sequence[NewLead], source: str) -> list[CreatedLead | LeadError]:
    """As create_leads, but leads that break a rule are left out, and the result has their errors.

    Opens the transaction. Raises UnknownBusiness; ExternalIdTaken where a concurrent request has just taken one, which
    a repeated call then reports for that lead alone; django.db.Error.
    """
    return _create(user_id, leads, source, skip_invalid=True)


def create_lead_once(*, user_id: UUID, lead: NewLead, source: str) -> CreatedLead:
    """Create one lead, unless it exists already. Opens the transaction; raises what create_lead raises.

    `lead` has its phone in E.164 and its external id trimmed. Created or found, the result names the customer's other
    open leads.
    """
    (existing,) = find_existing(user_id, [lead])
    if existing is None:
        try:
            return create_lead(user_id=user_id, lead=lead, source=source)
        except ExternalIdTaken:
            # The same request may have created it between the look-up and the insert.
            (existing,) = find_existing(user_id, [lead])
            if existing is None:
                raise
    metrics.leads_created(source, "existed")
    return existing._replace(open_leads=_other_open_leads(user_id, existing))


def repeated_key(lead: NewLead) -> tuple[str, str] | None:
    """What a lead that is sent again has in common with the first one; None for a lead that is new each time."""
    return (lead.external_id, phone_key(lead.customer_phone)) if lead.external_id else None


def find_existing(user_id: UUID, leads: Sequence[NewLead]) -> list[CreatedLead | None]:
    """For each lead, return the existing one with its external id, if it is of the same customer."""
    keys = [repeated_key(lead) for lead in leads]
    external_ids = {key[0] for key in keys if key}
    found = {
        (external_id, lead.phone_key): CreatedLead(lead.id, lead.conversation_id, False, existed=True)
        for external_id, lead in Lead.objects.by_external_id(user_id=user_id, external_ids=external_ids).items()
    }
    return [found.get(key) if key else None for key in keys]


def _other_open_leads(user_id: UUID, lead: CreatedLead) -> list[UUID]:
    """Return the customer's other open leads, newest first."""
    owner = Conversation.objects.filter(user_id=user_id, pk=lead.conversation_id).values_list("customer_id", flat=True)
    open_ones = [
        lead_id for customer_id in owner for lead_id in Lead.objects.open_of(customer_id, limit=OPEN_LEADS_LIMIT + 1)
    ]
    return [lead_id for lead_id in open_ones if lead_id != lead.lead_id][:OPEN_LEADS_LIMIT]


def _create(
    user_id: UUID, leads: Sequence[NewLead], source: str, *, skip_invalid: bool
) -> list[CreatedLead | LeadError]:
    waited = patience.counted()
    try:
        created = _make_leads(user_id=user_id, leads=leads, source=source, skip_invalid=skip_invalid)
        metrics.round_trips(source, patience.counted() - waited)
        after_commit(count_creations, user_id, source, leads, created)
        return created
    except (LeadRefused, Error) as error:
        refusal = error if isinstance(error, LeadRefused) else refusal_of(error)
        metrics.leads_created(source, "refused" if refusal else "failed", len(leads))
        log_failed_creation(
            source=source,
            phone=leads[0].customer_phone if len(leads) == 1 else None,
            error=error,
            field=refusal.field if refusal else None,
            attempt=attempt_of(error),
        )
        if refusal is None or refusal is error:
            raise
        raise refusal from error


@retried(operation="create leads")
def _make_leads(
    *, user_id: UUID, leads: Sequence[NewLead], source: str, skip_invalid: bool
) -> list[CreatedLead | LeadError]:
    checked = [check_lead(lead) for lead in leads]
    # Two requests for one new customer at the same moment: the upsert locks the customer's row, so the second waits and
    # then joins the conversation of the first. An exception rolls everything back.
    with transaction.atomic():
        errors = [lead for lead in checked if isinstance(lead, LeadError)]
        if (errors or not leads) and not User.objects.filter(pk=user_id).exists():
            raise UnknownBusiness
        if skip_invalid:
            taken = Lead.objects.by_external_id(user_id=user_id, external_ids=external_ids(checked))
            checked = without_taken(checked, taken)
        elif errors:
            error = errors[0]
            raise LeadRefused(error.message, field=error.field, constraint=error.constraint, sqlstate=error.sqlstate)
        made = iter(_insert(user_id, [lead for lead in checked if isinstance(lead, CheckedLead)], source))
        return [lead if isinstance(lead, LeadError) else next(made) for lead in checked]


def _insert(user_id: UUID, leads: Sequence[CheckedLead], source: str) -> list[CreatedLead]:
    """Caller holds the transaction."""
    customers = Customer.objects.upsert(user_id=user_id, customers=[(lead.phone, lead.name) for lead in leads])
    owners = [customers[lead.phone_key] for lead in leads]
    others = None
    if len(leads) == 1:
        others = Lead.objects.open_of(owners[0].id, limit=OPEN_LEADS_LIMIT) if owners[0].existed else []
    made = insert_leads(user_id=user_id, source=source, leads=leads, customer_ids=[owner.id for owner in owners])
    return [lead._replace(open_leads=others) for lead in made]


def insert_leads(
    *,
    user_id: UUID,
    source: str,
    leads: Sequence[CheckedLead],
    customer_ids: Sequence[UUID],
    import_run_id: UUID | None = None,
) -> list[CreatedLead]:
    """Insert leads with their conversations. `customer_ids` has the customer of each lead, in the same order. Caller
    holds the transaction and has locked the customers.

    Raises django.db.IntegrityError: leads_external_id_unique.
    """
    conversations = Conversation.objects.join_or_open(
        [
            Opening(user_id, customer_id, lead.conversation_status)
            for customer_id, lead in zip(customer_ids, leads, strict=True)
        ]
    )
    lead_ids = Lead.objects.insert(
        [
            LeadRow(
                user_id,
                opened.id,
                lead.type,
                source,
                lead.details,
                lead.status,
                lead.external_id,
                import_run_id,
                created_at=datetime.fromisoformat(lead.created_at) if lead.created_at else None,
                import_line=lead.line,
            )
            for opened, lead in zip(conversations, leads, strict=True)
        ]
    )
    return [
        CreatedLead(lead_id, opened.id, opened.created) for lead_id, opened in zip(lead_ids, conversations, strict=True)
    ]
