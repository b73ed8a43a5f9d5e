"""Service that creates leads, each with its customer and conversation: for REST, the admin and sending with createLead.

receive.py creates those of what customers write, import_rows.py those of files: through the same managers. SQL clients
have create_lead_with_conversation.sql.

Note [Lock order]: customer, conversation, lead, message; several customers in the order of their phone key, those
without phone after them by WhatsApp user id. Every writer takes the customer's row first, so lock waits cannot form a
cycle.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final
from uuid import UUID

import psycopg
import structlog
from django.db import Error, transaction

from conversations.models import Conversation, Customer, Opening
from conversations.phone import mask_phone
from leads.models import Lead, LeadRow
from leads.services.rules import (
    EXTERNAL_ID_TAKEN,
    CheckedLead,
    LeadError,
    NewLead,
    check_lead,
    external_ids,
    without_taken,
)
from leadsite.accounts.models import User
from leadsite.core.transactions import attempt_of, retried

log = structlog.get_logger(__name__)

OPEN_LEADS_LIMIT: Final = 50


class LeadRefused(Exception):
    """The lead breaks a rule; nothing was written.

    `field` is the client's name of the field or None, `constraint` the rule in the database or None, `sqlstate` what
    the SQL functions answer for it.
    """

    def __init__(
        self, message: str, *, field: str | None, constraint: str | None = None, sqlstate: str | None = None
    ) -> None:
        super().__init__(message)
        self.message = message
        self.field = field
        self.constraint = constraint
        self.sqlstate = sqlstate


class ExternalIdTaken(LeadRefused):
    """Another lead of this business has the external id."""


class UnknownBusiness(LeadRefused):
    """No user has this id."""

    def __init__(self) -> None:
        message = "There is no business with this user id."
        super().__init__(message, field="user_id", constraint="customers_user_fk", sqlstate="23503")


@dataclass(frozen=True, slots=True)
class CreatedLead:
    """`open_leads`: the customer's other leads that nobody has closed, newest first; None where nobody asked."""

    lead_id: UUID
    conversation_id: UUID
    conversation_created: bool
    open_leads: list[UUID] | None = None


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


def _create(user_id: UUID, leads: Sequence[NewLead], source: str, *, skip_bad: bool) -> list[CreatedLead | LeadError]:
    try:
        return _make_leads(user_id=user_id, leads=leads, source=source, skip_bad=skip_bad)
    except (LeadRefused, Error) as error:
        refusal = error if isinstance(error, LeadRefused) else _refusal(error)
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
    return [replace(lead, open_leads=others) for lead in made]


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


def log_failed_creation(
    *, source: str, phone: str | None, error: BaseException | None, field: str | None, attempt: int = 0
) -> None:
    """Write the one event that every failed creation leaves; attempt 0: refused before the service was called."""
    cause = error.__cause__ if error is not None else None
    sqlstate = constraint = None
    if isinstance(cause, psycopg.Error):
        sqlstate, constraint = cause.sqlstate, cause.diag.constraint_name or None
    elif isinstance(error, LeadRefused):
        sqlstate, constraint = error.sqlstate, error.constraint
    log.warning(
        "lead_creation_failed",
        source=source,
        field=field,
        sqlstate=sqlstate,
        constraint=constraint,
        attempt=attempt,
        phone=mask_phone(phone),
    )


def _refusal(error: Exception) -> LeadRefused | None:
    """The domain's word for a database error, found by constraint and SQLSTATE and never by its text.

    None where the input is not to blame.
    """
    cause = error.__cause__
    if not isinstance(cause, psycopg.Error):
        return None
    constraint = cause.diag.constraint_name or None
    if constraint == EXTERNAL_ID_TAKEN.constraint:
        return ExternalIdTaken(EXTERNAL_ID_TAKEN.message, field=EXTERNAL_ID_TAKEN.field, constraint=constraint)
    if constraint == "customers_user_fk":
        return UnknownBusiness()
    if (cause.sqlstate or "").startswith(("22", "23")):
        message = cause.diag.message_primary or str(cause)
        return LeadRefused(message, field=cause.diag.column_name or None, constraint=constraint)
    return None
