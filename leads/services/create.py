"""Service that creates leads, each with its customer and conversation: for REST, the admin and sending with createLead.

A client of the REST API may send a lead again: after a lost answer, or each night from a list that has grown. A lead
with the external id of one that is there, of the same customer, is that lead: create_lead_once and create_leads_once
answer it with `made_before` and leave it as it is. Of another customer the external id is taken.

receive.py creates those of what customers write, import_rows.py those of files: through the same managers. SQL clients
have create_lead_with_conversation.sql.

Note [Lock order]: customer, conversation, lead, message; several customers in the order of their phone key, those
without phone after them by WhatsApp user id. Every writer takes the customer's row first, so lock waits cannot form a
cycle.
"""

from collections.abc import Sequence
from typing import Final, NamedTuple
from uuid import UUID

from django.db import Error, transaction

from conversations.models import Conversation, Customer, Opening
from conversations.phone import phone_key
from leads.models import Lead, LeadRow
from leads.services.refusals import ExternalIdTaken, LeadRefused, UnknownBusiness, log_failed_creation, refusal_of
from leads.services.rules import (
    CheckedLead,
    LeadError,
    NewLead,
    check_lead,
    external_ids,
    without_taken,
)
from leadsite.accounts.models import User
from leadsite.core.transactions import attempt_of, retried

OPEN_LEADS_LIMIT: Final = 50


class CreatedLead(NamedTuple):
    """`open_leads`: the customer's other leads that nobody has closed, newest first; None where nobody asked.

    `made_before`: it was there already, and nothing was written.
    """

    lead_id: UUID
    conversation_id: UUID
    conversation_created: bool
    open_leads: list[UUID] | None = None
    made_before: bool = False


def create_lead(*, user_id: UUID, lead: NewLead, source: str) -> CreatedLead:
    """Make one lead with its conversation for the business `user_id`. Opens the transaction; see create_leads.

    The answer names the customer's other open leads: the new one may repeat one of them.
    """
    return create_leads(user_id=user_id, leads=[lead], source=source)[0]


def create_leads(*, user_id: UUID, leads: Sequence[NewLead], source: str) -> list[CreatedLead]:
    """Make each lead with its customer and conversation, all or none. Opens the transaction.

    The customer is found by phone key, or made, and takes the name given. The lead joins the customer's active
    conversation or opens one. `source` is a Lead.Source. The result is in the order of `leads`.

    Raises LeadRefused for the first lead that breaks a rule, ExternalIdTaken, UnknownBusiness; django.db.Error where
    the database is away or stayed locked through every attempt. Each failure is logged once.
    """
    return [made for made in _create(user_id, leads, source, skip_bad=False) if isinstance(made, CreatedLead)]


def create_good_leads(*, user_id: UUID, leads: Sequence[NewLead], source: str) -> list[CreatedLead | LeadError]:
    """As create_leads, but a lead that breaks a rule is left out, and the result says why. Opens the transaction.

    Raises UnknownBusiness; ExternalIdTaken where another client has just taken one, and the next call will say whose;
    django.db.Error.
    """
    return _create(user_id, leads, source, skip_bad=True)


def create_lead_once(*, user_id: UUID, lead: NewLead, source: str) -> CreatedLead:
    """Make one lead, unless it was made before. Opens the transaction; raises what create_lead raises.

    `lead` has its phone in E.164 and its external id trimmed. Either way the answer names the customer's other open
    leads.
    """
    (before,) = _made_before(user_id, [lead])
    if before is None:
        try:
            return create_lead(user_id=user_id, lead=lead, source=source)
        except ExternalIdTaken:
            # The same request may have created it between the look-up and the insert.
            (before,) = _made_before(user_id, [lead])
            if before is None:
                raise
    return before._replace(open_leads=_other_open_leads(user_id, before))


def create_leads_once(
    *, user_id: UUID, leads: Sequence[NewLead], source: str, all_or_nothing: bool
) -> list[CreatedLead | LeadError]:
    """Make each lead that was not made before, all or none, or each that breaks no rule. Opens the transaction.

    `leads` have their phones in E.164 and their external ids trimmed; the result is in their order. Raises what
    create_leads, or create_good_leads, raises.
    """
    before = _made_before(user_id, leads)
    new = [lead for lead, found in zip(leads, before, strict=True) if found is None]
    made = iter(_create_new(user_id, new, source, all_or_nothing=all_or_nothing) if new else [])
    return [found or next(made) for found in before]


def _create(user_id: UUID, leads: Sequence[NewLead], source: str, *, skip_bad: bool) -> list[CreatedLead | LeadError]:
    try:
        return _make_leads(user_id=user_id, leads=leads, source=source, skip_bad=skip_bad)
    except (LeadRefused, Error) as error:
        refusal = error if isinstance(error, LeadRefused) else refusal_of(error)
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


def _create_new(
    user_id: UUID, leads: Sequence[NewLead], source: str, *, all_or_nothing: bool
) -> Sequence[CreatedLead | LeadError]:
    if all_or_nothing:
        return create_leads(user_id=user_id, leads=leads, source=source)
    try:
        return create_good_leads(user_id=user_id, leads=leads, source=source)
    except ExternalIdTaken:
        # Another client has just taken one: now it is there to be seen, and costs that lead alone.
        return create_good_leads(user_id=user_id, leads=leads, source=source)


def _made_before(user_id: UUID, leads: Sequence[NewLead]) -> list[CreatedLead | None]:
    """For each lead the one that is there with its external id, if that is of the same customer."""
    external_ids = {lead.external_id for lead in leads if lead.external_id}
    if not external_ids:
        return [None] * len(leads)
    found = {
        (external_id, lead.phone_key): CreatedLead(lead.id, lead.conversation_id, False, made_before=True)
        for external_id, lead in Lead.objects.by_external_id(user_id=user_id, external_ids=external_ids).items()
        if lead.phone_key is not None
    }
    return [
        found.get((lead.external_id, phone_key(lead.customer_phone))) if lead.external_id else None for lead in leads
    ]


def _other_open_leads(user_id: UUID, lead: CreatedLead) -> list[UUID]:
    """The customer's leads besides this one that nobody has closed, newest first."""
    owner = Conversation.objects.filter(user_id=user_id, pk=lead.conversation_id).values_list("customer_id", flat=True)
    open_ones = [
        lead_id for customer_id in owner for lead_id in Lead.objects.open_of(customer_id, limit=OPEN_LEADS_LIMIT + 1)
    ]
    return [lead_id for lead_id in open_ones if lead_id != lead.lead_id][:OPEN_LEADS_LIMIT]


@retried
def _make_leads(
    *, user_id: UUID, leads: Sequence[NewLead], source: str, skip_bad: bool
) -> list[CreatedLead | LeadError]:
    checked = [check_lead(lead) for lead in leads]
    # Two clients may create for one new customer at this moment. The upsert locks the customer's row: the second waits
    # there, and then joins the conversation of the first. Leaving the block by an exception undoes all.
    with transaction.atomic():
        errors = [lead for lead in checked if isinstance(lead, LeadError)]
        if (errors or not leads) and not User.objects.filter(pk=user_id).exists():
            raise UnknownBusiness
        if skip_bad:
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
    """Make each lead with its conversation, for the customer at the same place of the other list. Caller holds the
    transaction and has locked the customers.

    Raises django.db.IntegrityError: leads_external_id_unique.
    """
    conversations = Conversation.objects.join_or_open(
        [
            Opening(user_id, customer_id, lead.conversation_status)
            for customer_id, lead in zip(customer_ids, leads, strict=True)
        ]
    )
    places = list(zip(conversations, leads, strict=True))
    lead_ids = Lead.objects.insert(
        [
            LeadRow(user_id, place.id, lead.type, source, lead.details, lead.status, lead.external_id, import_run_id)
            for place, lead in places
        ]
    )
    return [CreatedLead(lead_id, place.id, place.created) for lead_id, (place, _) in zip(lead_ids, places, strict=True)]
