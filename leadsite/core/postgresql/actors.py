"""Who changes the data: the audit (leadsite/audit) names them with each change.

An entry point says who acts; the connection passes it on to PostgreSQL with each transaction, without a round trip of
its own: leadsite/core/postgresql/acting.py. A thread without an actor has that of its process (a command, the worker),
and a process without one is known to the audit by its database role.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property
from typing import Final

from leadsite.core.logs.request_ids import current_request_id

# Between the parts of the setting; no part has it, because it is not printable.
_SEPARATOR: Final = "\x1f"
_LONGEST: Final = 200


class ActorKind(StrEnum):
    """What an actor is. SQL is a role of the database of which nothing else is known: write_audit.sql."""

    PERSON = "person"
    KEY = "key"
    IMPORT = "import"
    DELIVERY = "delivery"
    SQL = "sql"
    COMMAND = "command"
    WORKER = "worker"


@dataclass(frozen=True)
class Actor:
    """`id`: of the person, the import run or the delivery; the beginning of the key. `name`: what staff call it now."""

    kind: ActorKind
    id: str = ""
    name: str = ""
    request_id: str = ""

    @cached_property
    def setting(self) -> bytes:
        """The literal of PostgreSQL's setting leadsite.actor, which write_audit.sql reads."""
        parts = (_printable(part) for part in (self.kind.value, self.id, self.name, self.request_id))
        text = _SEPARATOR.join(parts).replace("\\", "\\\\").replace("'", "''")
        return f"E'{text}'".encode()


_current: Final[ContextVar[Actor | None]] = ContextVar("leadsite_actor", default=None)
_process: Final[list[Actor]] = []


def current() -> Actor | None:
    """Return who acts in this thread, otherwise who acts in this process."""
    return _current.get() or (_process[0] if _process else None)


@contextmanager
def acting(actor: Actor | None) -> Iterator[None]:
    """Let the actor be who changes what the block changes; None: nobody in particular, unless the block says who."""
    token = _current.set(actor)
    try:
        yield
    finally:
        _current.reset(token)


def become(actor: Actor) -> None:
    """Say who acts until the surrounding `acting` ends, that of a request."""
    _current.set(actor)


def actor_of_request(kind: ActorKind, *, actor_id: str, name: str) -> Actor:
    """Return an actor with the id of the request that is being answered, if there is one."""
    return Actor(kind, id=actor_id, name=name, request_id=current_request_id())


def set_process_actor(actor: Actor) -> None:
    """Say who acts in this process where nobody else does."""
    _process[:] = [actor]


def _printable(text: str) -> str:
    return (text if text.isprintable() else "".join(filter(str.isprintable, text)))[:_LONGEST]
