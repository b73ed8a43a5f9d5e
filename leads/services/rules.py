"""The rules for a new lead. Pure functions.

lead_error.sql has the same rules for SQL clients, and the constraints of the tables enforce them for every writer. One
table of cases and random sequences test all three. Choices and lengths come from the models.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

from django.utils.translation import gettext_noop

from conversations.models import NAME_MAX_LENGTH, Conversation
from conversations.phone import PHONE_FORM, PhoneInvalid, normalise, phone_key
from conversations.visible_text import visible_text
from leads.models import DETAILS_MAX_LENGTH, EXTERNAL_ID_MAX_LENGTH, Lead

_EXTERNAL_ID_UNIQUE: Final = "leads_external_id_unique"
_TYPES: Final = tuple(Lead.Type.values)
_STATUSES: Final = tuple(Lead.Status.values)
_CONVERSATION_STATUSES: Final = tuple(Conversation.Status.values)
_PHONE_RULE: Final = gettext_noop("customer_phone must be an international number: %(phone_form)s.") % {
    "phone_form": PHONE_FORM
}


@dataclass(frozen=True, slots=True, kw_only=True)
class NewLead:
    """A lead as a client sends it. check_lead trims, normalises and validates the texts."""

    customer_phone: str
    customer_name: str
    type: str
    details: str = ""
    status: str = Lead.Status.NEW
    external_id: str | None = None
    conversation_status: str = Conversation.Status.ACTIVE
    # In ISO 8601; "" for the present.
    created_at: str = ""


class CheckedLead(NamedTuple):
    """A valid lead as it will be stored: phone in E.164, name and external id trimmed. `line`: of a file."""

    phone: str
    phone_key: str
    name: str
    type: str
    details: str
    status: str
    external_id: str | None
    conversation_status: str
    created_at: str = ""
    line: int | None = None


@dataclass(frozen=True, slots=True)
class LeadError:
    """Why a lead is refused: the client's field, a sentence, and the constraint that has the rule, or None."""

    field: str
    message: str
    constraint: str | None = None

    @property
    def is_conflict(self) -> bool:
        """Whether stored rows are the reason: the same lead could be stored at another time."""
        return (self.constraint or "").endswith("_unique")

    @property
    def sentence(self) -> str:
        """The message without the field's name, where that is shown next to it."""
        sentence = self.message.removeprefix(f"{self.field} ")
        return self.message if sentence == self.message else sentence.capitalize()

    @property
    def sqlstate(self) -> str:
        """The code that the SQL functions return."""
        if self.constraint is None:
            return "LD001"
        return "23505" if self.constraint == _EXTERNAL_ID_UNIQUE else "23514"


PHONE_MISSING: Final = LeadError("customer_phone", gettext_noop("customer_phone is required."), "customers_identified")
NAME_MISSING: Final = LeadError("customer_name", gettext_noop("customer_name is required and must not be blank."))
EXTERNAL_ID_TAKEN: Final = LeadError(
    "external_id", gettext_noop("Another lead has this external_id."), _EXTERNAL_ID_UNIQUE
)


def check_lead(lead: NewLead, *, may_lack: Collection[str] = ()) -> CheckedLead | LeadError:
    """Return the lead as it will be stored, or the error of the first rule that it breaks.

    `may_lack` may have customer_phone and customer_name, which may be empty then.
    """
    if (error := _check_characters(lead)) is not None:
        return error
    phone = ""
    if lead.customer_phone:
        try:
            phone = normalise(lead.customer_phone)
        except PhoneInvalid:
            return LeadError("customer_phone", _PHONE_RULE, "customers_phone_e164")
    elif "customer_phone" not in may_lack:
        return PHONE_MISSING
    name = lead.customer_name.strip()
    external_id = lead.external_id.strip() if lead.external_id is not None else None
    return (
        (None if not name and "customer_name" in may_lack else _check_name(name))
        or _check_fields(lead, external_id)
        or CheckedLead(
            phone,
            phone and phone_key(phone),
            name,
            lead.type,
            lead.details,
            lead.status,
            external_id,
            lead.conversation_status,
            lead.created_at,
        )
    )


def _check_characters(lead: NewLead) -> LeadError | None:
    # One check of all fields first: fast for lists of thousands.
    if is_storable(
        f"{lead.customer_phone}{lead.customer_name}{lead.type}{lead.details}{lead.status}{lead.external_id}"
        f"{lead.conversation_status}"
    ):
        return None
    texts = {field: getattr(lead, field) or "" for field in NewLead.__slots__}
    field = next(field for field, text in texts.items() if not is_storable(text))
    return LeadError(
        field,
        gettext_noop("%(field)s holds a character that cannot be stored (NUL or a lone surrogate).") % {"field": field},
    )


def _check_name(name: str) -> LeadError | None:
    if not visible_text(name):
        return NAME_MISSING
    if len(name) > NAME_MAX_LENGTH:
        message = gettext_noop("customer_name may have at most %(name_max_length)s characters.") % {
            "name_max_length": NAME_MAX_LENGTH
        }
        return LeadError("customer_name", message, "customers_name_length")
    return None


def _check_fields(lead: NewLead, external_id: str | None) -> LeadError | None:
    if lead.type not in _TYPES:
        return LeadError(
            "type", gettext_noop("type must be one of %(value)s.") % {"value": ", ".join(_TYPES)}, "leads_type_valid"
        )
    if len(lead.details) > DETAILS_MAX_LENGTH:
        return LeadError(
            "details",
            gettext_noop("details may have at most %(details_max_length)s characters.")
            % {"details_max_length": DETAILS_MAX_LENGTH},
            "leads_details_length",
        )
    if lead.status not in _STATUSES:
        return LeadError(
            "status",
            gettext_noop("status must be one of %(value)s.") % {"value": ", ".join(_STATUSES)},
            "leads_status_valid",
        )
    if lead.conversation_status not in _CONVERSATION_STATUSES:
        message = gettext_noop("conversation_status must be one of %(value)s.") % {
            "value": ", ".join(_CONVERSATION_STATUSES)
        }
        return LeadError("conversation_status", message, "conversations_status_valid")
    if external_id is not None and not 1 <= len(external_id) <= EXTERNAL_ID_MAX_LENGTH:
        message = gettext_noop("external_id must have 1 to %(external_id_max_length)s characters.") % {
            "external_id_max_length": EXTERNAL_ID_MAX_LENGTH
        }
        return LeadError("external_id", message, "leads_external_id_length")
    return None


def is_storable(text: str) -> bool:
    """Whether PostgreSQL can store the text: no NUL, no lone surrogate (JSON can contain both)."""
    if "\0" in text:
        return False
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def without_taken(checked: Iterable[CheckedLead | LeadError], taken: Collection[str]) -> list[CheckedLead | LeadError]:
    """Replace by an error each lead whose external id is `taken`, or that an earlier lead of the list has."""
    used = set(taken)
    result: list[CheckedLead | LeadError] = []
    for lead in checked:
        if isinstance(lead, CheckedLead) and lead.external_id is not None:
            if lead.external_id in used:
                result.append(EXTERNAL_ID_TAKEN)
                continue
            used.add(lead.external_id)
        result.append(lead)
    return result


def external_ids(checked: Sequence[CheckedLead | LeadError]) -> list[str]:
    """Return the distinct external ids of the leads without error."""
    named = (lead.external_id for lead in checked if isinstance(lead, CheckedLead))
    return list(dict.fromkeys(external_id for external_id in named if external_id is not None))
