"""POST /api/leads/batch: many leads in one request, all or none, or every valid one."""

from collections.abc import Sequence
from typing import Any, Final, NamedTuple
from uuid import UUID

from rest_framework.exceptions import ValidationError

from leads.api.serializers import read_new_lead
from leads.models import Lead
from leads.services.create import CreatedLead
from leads.services.create_many import create_leads_once
from leads.services.rules import EXTERNAL_ID_TAKEN, LeadError, NewLead
from leadsite.rest.known_names import unknown_names

BATCH_LIMIT: Final = 1000
Problems = dict[str, list[str]]


class Refused(NamedTuple):
    """A lead that was not created: its errors by field, and the code of an answer that refuses it alone."""

    fields: Problems
    code: str = "invalid"


Outcome = CreatedLead | Refused


def read_batch(body: Any) -> tuple[list[Any], bool]:
    """Return the leads of the body, not yet validated, and all_or_nothing. Raises ValidationError."""
    if not isinstance(body, dict):
        raise ValidationError({"body": ['Send an object: {"leads": [...]}.']})
    leads, all_or_nothing = body.get("leads"), body.get("all_or_nothing", True)
    problems: Problems = unknown_names(body, ("leads", "all_or_nothing"), "field")
    if not isinstance(leads, list) or not 1 <= len(leads) <= BATCH_LIMIT:
        problems["leads"] = [f"Must be a list of 1 to {BATCH_LIMIT} leads."]
    if not isinstance(all_or_nothing, bool):
        problems["all_or_nothing"] = ["Must be true or false."]
    if problems:
        raise ValidationError(problems)
    return leads or [], all_or_nothing


def create_batch(*, user_id: UUID, leads: Sequence[Any], all_or_nothing: bool) -> list[Outcome]:
    """Create the leads of a batch; return for each, in order, the created lead or why it was refused.

    With `all_or_nothing` nothing is created if one lead has an error. Raises what create_leads_once raises.
    """
    read = [_read(lead) for lead in leads]
    if all_or_nothing and any(isinstance(lead, Refused) for lead in read):
        return [lead if isinstance(lead, Refused) else Refused({}) for lead in read]
    valid = [lead for lead in read if isinstance(lead, NewLead)]
    source = Lead.Source.API
    created = iter(create_leads_once(user_id=user_id, leads=valid, source=source, all_or_nothing=all_or_nothing))
    return [lead if isinstance(lead, Refused) else _outcome(next(created)) for lead in read]


def _outcome(created: CreatedLead | LeadError) -> Outcome:
    if isinstance(created, CreatedLead):
        return created
    code = "external_id_taken" if created == EXTERNAL_ID_TAKEN else "invalid"
    return Refused({created.field: [created.message]}, code)


def _read(lead: Any) -> NewLead | Refused:
    try:
        return read_new_lead(lead)
    except ValidationError as error:
        detail = error.detail if isinstance(error.detail, dict) else {"lead": error.detail}
        return Refused(
            {
                "lead" if field == "non_field_errors" else field: [str(item) for item in items]
                for field, items in detail.items()
            }
        )
