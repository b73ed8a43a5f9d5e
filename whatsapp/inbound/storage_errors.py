"""Classifies database errors of a delivery: whether its content caused them, and the reason to store with it."""

from typing import Final

import psycopg
from django.db import DataError

from leadsite.core.transactions import ConcurrentChange, sqlstate

# Cardinality violation, data exception, integrity violation, limit exceeded (PostgreSQL manual, appendix A): the error
# was caused by one item of the delivery.
CONTENT_SQLSTATES: Final = ("21", "22", "23", "54")


def is_about_content(error: Exception) -> bool:
    """Whether one item of the delivery caused it, so that the others can still be stored.

    A DataError without SQLSTATE comes from psycopg: a value that it cannot send.
    """
    return isinstance(error, DataError) or (sqlstate(error) or "").startswith(CONTENT_SQLSTATES)


def reason_of(error: Exception) -> str:
    """Return PostgreSQL's message without values, which may be personal data; of other errors the type."""
    if isinstance(error, ConcurrentChange):
        return f"{error.sqlstate}: {error}"
    cause = error.__cause__
    if not isinstance(cause, psycopg.Error):
        return type(error).__name__
    rule = f" ({cause.diag.constraint_name})" if cause.diag.constraint_name else ""
    # The message of a data exception quotes the value.
    sentence = cause.diag.message_primary if not (cause.sqlstate or "").startswith("22") else type(cause).__name__
    return f"{cause.sqlstate or type(cause).__name__}: {sentence or 'no answer'}{rule}"
