"""Service that creates a list of leads which a REST client may send again: as create_lead_once does for one."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from leads.models import Lead
from leads.services.create import CreatedLead, create_leads, create_valid_leads, find_existing, repeated_key
from leads.services.refusals import ExternalIdTaken
from leads.services.rules import LeadError, NewLead


def create_leads_once(
    *, user_id: UUID, leads: Sequence[NewLead], source: str, all_or_nothing: bool
) -> list[CreatedLead | LeadError]:
    """Create the leads that do not exist yet: all or none, or all valid ones. Opens the transaction.

    `leads` have their phones in E.164 and their external ids trimmed; the result is in their order. A lead that the
    list has twice is created once. Raises what create_leads, or create_valid_leads, raises; ExternalIdTaken names the
    places of the leads.
    """
    existing = find_existing(user_id, leads)
    try:
        return _create_others(user_id, leads, source, existing, all_or_nothing=all_or_nothing)
    except ExternalIdTaken as error:
        error.places = _taken_places(user_id, leads) if all_or_nothing else ()
        if error.places:
            raise
        # A concurrent request has just taken an external id. The same one may have: then these are its leads.
        existing = find_existing(user_id, leads)
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
    keys = [repeated_key(lead) or place for place, lead in enumerate(leads)]
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


def _taken_places(user_id: UUID, leads: Sequence[NewLead]) -> list[int]:
    """The places of leads whose external id another customer has, in a stored lead or in an earlier one of the list."""
    keys = [repeated_key(lead) for lead in leads]
    stored = Lead.objects.by_external_id(user_id=user_id, external_ids={key[0] for key in keys if key})
    owners = {external_id: lead.phone_key for external_id, lead in stored.items()}
    return [place for place, key in enumerate(keys) if key and owners.setdefault(*key) != key[1]]
