"""What an error of PostgreSQL means for the one who asked, by its SQLSTATE.

The codes and their classes: PostgreSQL manual, appendix A. Django's exceptions do not tell: psycopg makes a read-only
server and an idle transaction's end an InternalError, like a fault of a program, and a statement that is too complex an
OperationalError, like a lost connection.
"""

from enum import Enum
from typing import Final

import psycopg
from django.db import Error, InterfaceError, OperationalError


class Meaning(Enum):
    UNAVAILABLE = "unavailable"  # the server is away, full, read-only or busy: the same request may succeed later
    REFUSED = "refused"  # a constraint or a type refuses the data: the same request never succeeds
    FAULT = "fault"  # an error of this program, or of the database as it was set up


# By class, the first two characters.
_CLASSES: Final[dict[str, Meaning]] = {
    "08": Meaning.UNAVAILABLE,  # connection exception
    "22": Meaning.REFUSED,  # data exception
    "23": Meaning.REFUSED,  # integrity constraint violation
    "28": Meaning.UNAVAILABLE,  # invalid authorization: the role's password is being changed
    "40": Meaning.UNAVAILABLE,  # transaction rollback: deadlock, serialization failure
    "53": Meaning.UNAVAILABLE,  # insufficient resources: disk full, out of memory, too many connections
    "55": Meaning.UNAVAILABLE,  # object not in prerequisite state: lock not available
    "57": Meaning.UNAVAILABLE,  # operator intervention: shutdown, statement cancelled
    "58": Meaning.UNAVAILABLE,  # system error: input or output of the server
}
# Codes that differ from their class.
_CODES: Final[dict[str, Meaning]] = {
    "25006": Meaning.UNAVAILABLE,  # read-only: a standby, after a failover
    "25P03": Meaning.UNAVAILABLE,  # idle in transaction for too long: this process was suspended
    "25P04": Meaning.UNAVAILABLE,  # transaction_timeout
    "55P04": Meaning.FAULT,  # unsafe new enum value
}


def meaning_of(sqlstate: str) -> Meaning:
    """Return the meaning of a code of five characters; FAULT for one that is not in the tables."""
    return _CODES.get(sqlstate) or _CLASSES.get(sqlstate[:2], Meaning.FAULT)


def meaning(error: BaseException) -> Meaning | None:
    """Return the meaning of an error that Django raised; None where it is not from the database."""
    if not isinstance(error, Error):
        return None
    cause = error.__cause__
    code = cause.sqlstate if isinstance(cause, psycopg.Error) else getattr(error, "sqlstate", None)
    if code is not None:
        return meaning_of(code)
    # The server has not answered, or the connection could not be opened.
    return Meaning.UNAVAILABLE if isinstance(error, OperationalError | InterfaceError) else Meaning.FAULT
