"""Refusals of new leads: exceptions, their translation from database errors, and the log event."""

from collections.abc import Sequence

import psycopg
import structlog

from conversations.phone import mask_phone
from leads.services.rules import EXTERNAL_ID_TAKEN

log = structlog.get_logger(__name__)


class LeadRefused(Exception):
    """The lead breaks a rule; nothing was written.

    `field` is the name of the client's field or None, `constraint` the database constraint or None, `sqlstate` the code
    that the SQL functions return for it.
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
    """Another lead of this business has the external id.

    `places`: of the leads in a list that was refused as a whole, from 0; empty for one lead, and where not looked up.
    """

    places: Sequence[int] = ()


class UnknownBusiness(LeadRefused):
    """No user has this id."""

    def __init__(self) -> None:
        message = "There is no business with this user id."
        super().__init__(message, field="user_id", constraint="customers_user_fk", sqlstate="23503")


def log_failed_creation(
    *, source: str, phone: str | None, error: BaseException | None, field: str | None, attempt: int = 0
) -> None:
    """Log the event that every failed creation leaves. Attempt 0: refused before the service was called."""
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


def refusal_of(error: Exception) -> LeadRefused | None:
    """Translate a database error into a domain error, by constraint and SQLSTATE, never by its text.

    None where the input did not cause it.
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
