"""The door for leads as such: from REST and admin, they are made by create_leads. importing/batches.py is the door for
files, receiving.py the one for what customers write; REST, admin and files share load_leads.sql.

Note [Lock order]: customer, conversation, lead, message; several customers in the order of their phone key, those
without phone after them by WhatsApp user id. Who writes takes the customer's row first, and so nobody waits in a
circle.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final
from uuid import UUID

import psycopg
import structlog
from django.db import Error, connection

from conversations.phone import mask_phone
from leads.models import Lead
from leadsite.core.transactions import attempts

log = structlog.get_logger(__name__)

CONVERSATION_ACTIVE: Final = "active"
OPEN_LEADS_LIMIT: Final = 50


class LeadRefused(Exception):
    """The lead breaks a rule; nothing was written.

    `field` is the client's name of the field or None, `constraint` the rule in the database or None.
    """

    def __init__(self, message: str, *, field: str | None, constraint: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.field = field
        self.constraint = constraint


class ExternalIdTaken(LeadRefused):
    """Another lead of this business has the external id."""


class UnknownBusiness(LeadRefused):
    """No user has this id."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NewLead:
    """What a client says of a lead. Texts as they came; the database trims, normalises and judges them."""

    customer_phone: str
    customer_name: str
    type: str
    details: str = ""
    status: str = Lead.Status.NEW
    external_id: str | None = None
    conversation_status: str = CONVERSATION_ACTIVE


@dataclass(frozen=True, slots=True)
class CreatedLead:
    """`open_leads`: the customer's other leads that nobody has closed, newest first; None where nobody asked."""

    lead_id: UUID
    conversation_id: UUID
    conversation_created: bool
    open_leads: list[UUID] | None = None


@dataclass(frozen=True, slots=True)
class Fault:
    """Why one lead of a list was not made: the client's name of the field, and a sentence."""

    field: str
    message: str


def create_lead(*, user_id: UUID, lead: NewLead, source: str) -> CreatedLead:
    """Make one lead with its conversation for the business `user_id`. Opens the transaction; see create_leads.

    The answer names the customer's other open leads: it may be the same wish again.
    """
    return create_leads(user_id=user_id, leads=[lead], source=source)[0]


def create_leads(*, user_id: UUID, leads: Sequence[NewLead], source: str) -> list[CreatedLead]:
    """Make each lead with its customer and conversation, all or none. Opens the transaction.

    The customer is found by phone key, or made, and takes the name given. The lead joins the customer's active
    conversation or opens one. `source` is a Lead.Source: which door this is. The result is in the order of `leads`.

    Raises LeadRefused for the first lead that breaks a rule, ExternalIdTaken, UnknownBusiness; django.db.Error where
    the database is away or stayed locked through every attempt. Each failure is logged once.
    """
    return [made for made in _create(user_id, leads, source, skip_faulty=False) if isinstance(made, CreatedLead)]


def create_good_leads(*, user_id: UUID, leads: Sequence[NewLead], source: str) -> list[CreatedLead | Fault]:
    """As create_leads, but a lead that breaks a rule is left out, and the result says why. Opens the transaction.

    Raises UnknownBusiness; ExternalIdTaken where somebody else has just taken one, and another try will say whose;
    LeadRefused for text that cannot be stored; django.db.Error.
    """
    return _create(user_id, leads, source, skip_faulty=True)


def _create(user_id: UUID, leads: Sequence[NewLead], source: str, *, skip_faulty: bool) -> list[CreatedLead | Fault]:
    attempt = None
    try:
        documents = json.dumps([_document(lead) for lead in leads])
        for attempt in attempts():
            # Two clients may create for one new customer at this moment: insert_leads locks the customer's row, so
            # that the second joins the conversation of the first. Leaving the block by an exception undoes all.
            with attempt:
                return _insert(user_id, documents, source, alone=len(leads) == 1, skip_faulty=skip_faulty)
        raise AssertionError("attempts() ended without a result or an exception")
    except (LeadRefused, Error) as error:
        refusal = error if isinstance(error, LeadRefused) else _refusal(error)
        log_failed_creation(
            door=source,
            phone=leads[0].customer_phone if len(leads) == 1 else None,
            error=error,
            field=refusal.field if refusal else None,
            attempt=attempt.number if attempt else 0,
        )
        if refusal is None or refusal is error:
            raise
        raise refusal from error


def log_failed_creation(
    *, door: str, phone: str | None, error: BaseException | None, field: str | None, attempt: int = 0
) -> None:
    """Write the one event that every failed creation leaves; attempt 0: refused before the database was asked."""
    cause = error.__cause__ if error is not None else None
    diagnosis = cause if isinstance(cause, psycopg.Error) else None
    log.warning(
        "lead_creation_failed",
        door=door,
        field=field,
        sqlstate=diagnosis.sqlstate if diagnosis else None,
        constraint=(diagnosis.diag.constraint_name or None) if diagnosis else None,
        attempt=attempt,
        phone=mask_phone(phone),
    )


def _document(lead: NewLead) -> dict[str, str | None]:
    """The lead as insert_leads takes it. Raises LeadRefused for text that PostgreSQL cannot hold."""
    document = {name: getattr(lead, name) for name in NewLead.__slots__}
    for field, value in document.items():
        if value is not None and not is_storable(value):
            raise LeadRefused(f"{field} holds a character that cannot be stored (NUL or half of a pair).", field=field)
    return document


def is_storable(text: str) -> bool:
    """Whether PostgreSQL can hold the text: no NUL, no lone surrogate (both can stand in JSON)."""
    if "\0" in text:
        return False
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _insert(user_id: UUID, documents: str, source: str, *, alone: bool, skip_faulty: bool) -> list[CreatedLead | Fault]:
    """Caller holds the transaction."""
    with connection.cursor() as cursor:
        cursor.execute(
            # One lead and its open ones in one go: this is the way of every POST.
            "SELECT fault[1], fault[3], lead_id, conversation_id, conversation_created,"
            " CASE WHEN %s THEN open_leads(%s, conversation_id, lead_id, %s) END"
            " FROM insert_leads(%s, %s::jsonb, %s, %s)",
            [alone, user_id, OPEN_LEADS_LIMIT, user_id, documents, source, skip_faulty],
        )
        return [Fault(field, message) if field else CreatedLead(*made) for field, message, *made in cursor.fetchall()]


def _refusal(error: Exception) -> LeadRefused | None:
    """The domain's word for a database error, found by constraint and SQLSTATE and never by its text.

    None where the input is not to blame.
    """
    cause = error.__cause__
    if not isinstance(cause, psycopg.Error):
        return None
    constraint = cause.diag.constraint_name or None
    message = cause.diag.message_primary or str(cause)
    if constraint == "leads_external_id_unique":
        return ExternalIdTaken("Another lead has this external_id.", field="external_id", constraint=constraint)
    if constraint == "customers_user_fk":
        return UnknownBusiness(message, field="user_id", constraint=constraint)
    state = cause.sqlstate or ""
    if state == "LD001" or state.startswith(("22", "23")):
        return LeadRefused(message, field=cause.diag.column_name or None, constraint=constraint)
    return None
