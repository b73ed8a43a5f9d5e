"""What the clients of a case have sent and what they were told, and what the database has of it afterwards."""

import json
import threading
from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from enum import StrEnum
from pathlib import Path
from typing import LiteralString

import psycopg


class Told(StrEnum):
    """What the client of an attempt knows."""

    STORED = "stored"
    REFUSED = "refused"  # certainly not stored
    UNKNOWN = "unknown"  # the connection was lost after the request, or the site said so: outcome_unknown


@dataclass(frozen=True)
class Attempt:
    """One request, or one run of a command. `write` names what it writes: `rows` leads, marked write.0, write.1 …"""

    entry: str
    write: str
    rows: int
    told: Told
    status: int  # of HTTP; 0 where there is none
    seconds: float
    began: float  # time.monotonic()
    says_when: bool = True  # a 503 has Retry-After


@dataclass(frozen=True)
class Writes:
    """Numbers of leads. `lied`: stored, though the client was told that they are not. `wrong` names the last three."""

    acknowledged: int
    unknown: int
    lost: int
    doubled: int
    lied: int
    wrong: list[str]


# Rows that no entry point leaves behind on its own. Foreign keys forbid the others.
_ORPHANS = """
    SELECT (SELECT count(*) FROM customers AS c WHERE NOT EXISTS
                (SELECT FROM conversations WHERE customer_id = c.id))
         + (SELECT count(*) FROM conversations AS c WHERE NOT EXISTS (SELECT FROM leads WHERE conversation_id = c.id)
                AND NOT EXISTS (SELECT FROM messages WHERE conversation_id = c.id))
         + (SELECT count(*) FROM leads AS l WHERE NOT EXISTS
                (SELECT FROM conversations AS c WHERE c.id = l.conversation_id AND c.user_id = l.user_id))
         + (SELECT count(*) FROM (SELECT FROM conversations WHERE status = 'active'
                GROUP BY customer_id HAVING count(*) > 1) AS twice)
"""


class Ledger:
    """The attempts of all clients, also written to a file, one JSON object a line."""

    def __init__(self, path: Path) -> None:
        self._file = path.open("a", encoding="utf-8")
        self._lock = threading.Lock()
        self._attempts: list[Attempt] = []

    def add(self, attempt: Attempt) -> None:
        with self._lock:
            self._attempts.append(attempt)
            self._file.write(json.dumps(asdict(attempt)) + "\n")
            self._file.flush()

    def attempts(self) -> list[Attempt]:
        with self._lock:
            return list(self._attempts)

    def not_stored(self) -> float:
        """The share of attempts that were not acknowledged."""
        attempts = self.attempts()
        return sum(one.told is not Told.STORED for one in attempts) / len(attempts)

    def first_success(self, entry: str, after: float) -> float | None:
        """When the first attempt of this entry point that began after a moment succeeded."""
        ends = [
            one.began + one.seconds
            for one in self.attempts()
            if one.entry == entry and one.began >= after and one.told is Told.STORED
        ]
        return min(ends, default=None)

    def check(self, session: psycopg.Connection, sends: Iterable[str]) -> Writes:
        """Compare with the database. `sends`: entry points that write a message for each lead, too."""
        attempts = self.attempts()
        entry_of = {one.write: one.entry for one in attempts}
        told: dict[str, set[Told]] = defaultdict(set)
        for one in attempts:
            told[one.write].add(one.told)
        stored: Counter[str] = Counter(
            dict(session.execute("SELECT details, count(*) FROM leads GROUP BY 1").fetchall())
        )
        messages: Counter[str] = Counter(
            dict(session.execute("SELECT content, count(*) FROM messages GROUP BY 1").fetchall())
        )
        rows = {one.write: [f"{one.write}.{number}" for number in range(one.rows)] for one in attempts}
        lost, doubled, lied = list[str](), list[str](), list[str]()
        acknowledged = unknown = 0
        for write, heard in told.items():
            counts = [(row, stored[row]) for row in rows[write]]
            if entry_of[write] in sends:
                counts += [(row, messages[row]) for row in rows[write]]
            doubled += [row for row, count in counts if count > 1]
            if Told.STORED in heard:
                acknowledged += len(rows[write])
                lost += [row for row, count in counts if count == 0]
            elif Told.UNKNOWN in heard:
                unknown += len(rows[write])
            else:
                lied += [row for row, count in counts if count > 0]
        return Writes(acknowledged, unknown, len(lost), len(doubled), len(lied), [*lost, *doubled, *lied])

    def close(self) -> None:
        self._file.close()


def _counts(session: psycopg.Connection, query: LiteralString) -> Counter[str]:
    return Counter(dict(session.execute(query).fetchall()))


def orphans(session: psycopg.Connection) -> int:
    (count,) = session.execute(_ORPHANS).fetchone() or (0,)
    return int(count)
