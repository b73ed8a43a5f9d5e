"""POST /api/leads/batch: many leads in one request, all or none, or every valid one."""

from collections.abc import Sequence
from typing import Any, Final
from uuid import UUID

from rest_framework.exceptions import ValidationError

from conversations.phone import phone_key
from leads.api.serializers import read_new_lead
from leads.models import Lead
from leads.services.create import CreatedLead, ExternalIdTaken, create_good_leads, create_leads
from leads.services.queries import leads_by_external_id
from leads.services.rules import LeadError, NewLead

BATCH_LIMIT: Final = 1000
Problems = dict[str, list[str]]
Outcome = CreatedLead | Problems


def read_batch(body: Any) -> tuple[list[Any], bool]:
    """Return the leads of the body, not yet validated, and all_or_nothing. Raises ValidationError."""
    if not isinstance(body, dict):
        raise ValidationError({"body": ['Send an object: {"leads": [...]}.']})
    leads, all_or_nothing = body.get("leads"), body.get("all_or_nothing", True)
    problems: Problems = {}
    if not isinstance(leads, list) or not 1 <= len(leads) <= BATCH_LIMIT:
        problems["leads"] = [f"Must be a list of 1 to {BATCH_LIMIT} leads."]
    if not isinstance(all_or_nothing, bool):
        problems["all_or_nothing"] = ["Must be true or false."]
    if problems:
        raise ValidationError(problems)
    return leads or [], all_or_nothing


def create_batch(*, user_id: UUID, leads: Sequence[Any], all_or_nothing: bool) -> list[Outcome]:
    """Make the leads of a client's list; of each, in order, what was made of it or what is wrong with it.

    With `all_or_nothing` nothing is made where one is wrong. A lead that is here already, by external id and customer,
    counts as made. Raises ExternalIdTaken where twins met, and what the services raise.
    """
    outcomes: list[Outcome | NewLead] = [_read(lead) for lead in leads]
    _find_those_before(user_id, outcomes)
    places = [place for place, outcome in enumerate(outcomes) if isinstance(outcome, NewLead)]
    good = [outcome for outcome in outcomes if isinstance(outcome, NewLead)]
    if all_or_nothing and any(isinstance(outcome, dict) for outcome in outcomes):
        return [outcome if isinstance(outcome, dict) else {} for outcome in outcomes]
    for place, made in zip(places, _make(user_id, good, all_or_nothing=all_or_nothing), strict=True):
        outcomes[place] = {made.field: [made.message]} if isinstance(made, LeadError) else made
    return [outcome for outcome in outcomes if not isinstance(outcome, NewLead)]


def _make(user_id: UUID, good: list[NewLead], *, all_or_nothing: bool) -> Sequence[CreatedLead | LeadError]:
    if not good:
        return []
    if all_or_nothing:
        return create_leads(user_id=user_id, leads=good, source=Lead.Source.API)
    try:
        return create_good_leads(user_id=user_id, leads=good, source=Lead.Source.API)
    except ExternalIdTaken:
        # Somebody else has just taken one: now it is there to be seen, and costs that lead alone.
        return create_good_leads(user_id=user_id, leads=good, source=Lead.Source.API)


def _read(lead: Any) -> NewLead | Problems:
    try:
        return read_new_lead(lead)
    except ValidationError as error:
        detail = error.detail if isinstance(error.detail, dict) else {"lead": error.detail}
        return {
            "lead" if field == "non_field_errors" else field: [str(item) for item in items]
            for field, items in detail.items()
        }


def _find_those_before(user_id: UUID, outcomes: list[Outcome | NewLead]) -> None:
    named = {lead.external_id for lead in outcomes if isinstance(lead, NewLead) and lead.external_id}
    before = leads_by_external_id(user_id=user_id, external_ids=named) if named else {}
    for place, lead in enumerate(outcomes):
        if isinstance(lead, NewLead) and lead.external_id:
            outcomes[place] = before.get((lead.external_id, phone_key(lead.customer_phone)), lead)
