"""Service that creates leads which a REST client may send again, after a lost response or as a part of a growing list.

A lead with the external id of an existing lead of the same customer is that lead: it is returned with `existed`, and
stays as it is. An external id of another customer's lead is taken.
"""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from conversations.models import Conversation
from conversations.phone import phone_key
from leads.models import Lead
from leads.services.create import OPEN_LEADS_LIMIT, CreatedLead, create_lead, create_leads, create_valid_leads
from leads.services.refusals import ExternalIdTaken
from leads.services.rules import LeadError, NewLead
from leadsite.core import metrics


def create_lead_once(*, user_id: UUID, lead: NewLead, source: str) -> CreatedLead:
    """Create one lead, unless it exists already. Opens the transaction; raises what create_lead raises.

    `lead` has its phone in E.164 and its external id trimmed. In both cases the result names the customer's other open
    leads.
    """
    (existing,) = _find_existing(user_id, [lead])
    if existing is None:
        try:
            return create_lead(user_id=user_id, lead=lead, source=source)
        except ExternalIdTaken:
            # The same request may have created it between the look-up and the insert.
            (existing,) = _find_existing(user_id, [lead])
            if existing is None:
                raise
    metrics.leads_created(source, "existed")
    return existing._replace(open_leads=_other_open_leads(user_id, existing))


def create_leads_once(
    *, user_id: UUID, leads: Sequence[NewLead], source: str, all_or_nothing: bool
) -> list[CreatedLead | LeadError]:
    """Create the leads that do not exist yet: all or none, or all valid ones. Opens the transaction.

    `leads` have their phones in E.164 and their external ids trimmed; the result is in their order. A lead that the
    list has twice is created once. Raises what create_leads, or create_valid_leads, raises; ExternalIdTaken names the
    places of the leads.
    """
    existing = _find_existing(user_id, leads)
    try:
        return _create_others(user_id, leads, source, existing, all_or_nothing=all_or_nothing)
    except ExternalIdTaken as error:
        error.places = _taken_places(user_id, leads) if all_or_nothing else ()
        if error.places:
            raise
        # A concurrent request has just taken an external id. The same one may have: then these are its leads.
        existing = _find_existing(user_id, leads)
        return _create_others(user_id, leads, source, existing, all_or_nothing=all_or_nothing)


def _create_others(
    user_id: UUID,
    leads: Sequence[NewLead],
    source: str,
    existing: Sequence[CreatedLead | None],
    *,
    all_or_nothing: bool,
) -> list[CreatedLead | LeadError]:
    """Create the leads that do not exist; return all of them."""
    create = create_leads if all_or_nothing else create_valid_leads
    keys = [_key(lead) or place for place, lead in enumerate(leads)]
    new: dict[Any, NewLead] = {}
    for key, lead, found in zip(keys, leads, existing, strict=True):
        if found is None:
            new.setdefault(key, lead)
    made = create(user_id=user_id, leads=list(new.values()), source=source) if new else []
    created: dict[Any, CreatedLead | LeadError] = dict(zip(new, made, strict=True))
    result = []
    for key, found in zip(keys, existing, strict=True):
        outcome = found or created[key]
        result.append(outcome)
        if isinstance(outcome, CreatedLead):
            # From its second place in the list on.
            created[key] = outcome._replace(conversation_created=False, existed=True)
    return result


def _key(lead: NewLead) -> tuple[str, str] | None:
    """What a lead that is sent again has in common with the first one; None for a lead that is new each time."""
    return (lead.external_id, phone_key(lead.customer_phone)) if lead.external_id else None


def _taken_places(user_id: UUID, leads: Sequence[NewLead]) -> list[int]:
    """The places of leads whose external id another customer has, in a stored lead or in an earlier one of the list."""
    keys = [_key(lead) for lead in leads]
    stored = Lead.objects.by_external_id(user_id=user_id, external_ids={key[0] for key in keys if key})
    owners = {external_id: lead.phone_key for external_id, lead in stored.items()}
    return [place for place, key in enumerate(keys) if key and owners.setdefault(*key) != key[1]]


def _find_existing(user_id: UUID, leads: Sequence[NewLead]) -> list[CreatedLead | None]:
    """For each lead, return the existing one with its external id, if it is of the same customer."""
    keys = [_key(lead) for lead in leads]
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
