"""What requests use: CPU of the web server and of PostgreSQL, write-ahead log, and bytes of each table.

bench.capacity makes a model of what one request uses, and bench.capacity.day compares the model with a day.
"""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any, Final

import psutil
import psycopg

from bench.deliveries import PATH, delivery, signature
from bench.harness import ROOT, SITE_PORT, cpu_seconds
from bench.load import new_leads, post, request

LEAD: Final = "lead by POST /api/leads, new customer"
FIRST: Final = "delivery, first message of a new customer"
NEXT: Final = "delivery, next message of a known customer"
CLIENTS: Final = 16
WARM_UP: Final = 500
_DOCUMENT: Final = ROOT / "docs" / "capacity.md"
_END: Final = "<!-- end -->\n"
_SIZES: Final = """
    SELECT coalesce(i.inhparent, c.oid)::regclass::text, sum(pg_table_size(c.oid)), sum(pg_indexes_size(c.oid))
    FROM pg_class AS c LEFT JOIN pg_inherits AS i ON i.inhrelid = c.oid
    WHERE c.relnamespace = 'public'::regnamespace AND c.relkind = 'r' GROUP BY 1
"""
_LOG: Final = "SELECT pg_wal_lsn_diff(pg_current_wal_insert_lsn(), '0/0')::bigint"
_ROWS: Final = "SELECT count(*) FROM audit_entries"


@dataclass(frozen=True)
class Use:
    """Seconds of CPU of the web server, of the worker and of PostgreSQL, bytes of the write-ahead log, bytes of each
    table and of its indexes, rows of the audit.
    """

    site: float
    worker: float
    database: float
    log: float
    audit_rows: float
    tables: Mapping[str, tuple[float, float]]

    def times(self, factor: float) -> "Use":
        tables = {name: (size * factor, indexes * factor) for name, (size, indexes) in self.tables.items()}
        cpu = (self.site * factor, self.worker * factor, self.database * factor)
        return Use(*cpu, self.log * factor, self.audit_rows * factor, tables)

    def plus(self, other: "Use") -> "Use":
        tables = {name: (a + other.tables[name][0], b + other.tables[name][1]) for name, (a, b) in self.tables.items()}
        return Use(
            self.site + other.site,
            self.worker + other.worker,
            self.database + other.database,
            self.log + other.log,
            self.audit_rows + other.audit_rows,
            tables,
        )

    def bytes_of(self, chosen: Callable[[str], bool]) -> float:
        return sum(sum(sizes) for table, sizes in self.tables.items() if chosen(table))


def measure(url: str, site: list[psutil.Process], key: str, phones: Sequence[str]) -> dict[str, Use]:
    """Return what one request of each kind uses. `url`: of the embedded server of the benchmarks; `phones`: of the
    customers who write, twice each; WARM_UP of them before it counts.
    """
    requests = len(phones) - WARM_UP

    def use_of_one(made: Iterator[bytes]) -> Use:
        def send(count: int) -> None:
            post(SITE_PORT, islice(made, count), clients=CLIENTS, seconds=600)

        send(WARM_UP)
        return use_of(url, site, lambda: send(requests)).times(1 / requests)

    return {
        LEAD: use_of_one(new_leads(SITE_PORT, api_key=key)),
        FIRST: use_of_one(signed(delivery([phone], message="0")) for phone in phones),
        NEXT: use_of_one(signed(delivery([phone], message="1")) for phone in phones),
    }


def use_of(
    url: str,
    site: list[psutil.Process],
    work: Callable[[], object],
    *,
    worker: Sequence[psutil.Process] = (),
    vacuum: bool = True,
) -> Use:
    """Call `work` and return what it has used. Sizes are those after a VACUUM, as autovacuum does: what can be used
    again does not count as growth. `vacuum`: not where `work` is about it.
    """
    postmaster = psutil.Process(int((ROOT / "var/bench/postgres/postmaster.pid").read_text().split("\n")[0]))
    before = _state(url, vacuum)
    own, sending, database = cpu_seconds(site), cpu_seconds(worker), _server_seconds(postmaster)
    work()
    own, sending = cpu_seconds(site) - own, cpu_seconds(worker) - sending
    database = _server_seconds(postmaster) - database
    after = _state(url, vacuum)
    tables = {
        table: (size - before.sizes[table][0], indexes - before.sizes[table][1])
        for table, (size, indexes) in after.sizes.items()
    }
    return Use(own, sending, database, after.log - before.log, after.audit_rows - before.audit_rows, tables)


def signed(body: dict[str, Any]) -> bytes:
    """Return the bytes of the request that delivers it."""
    text = json.dumps(body).encode()
    return request(SITE_PORT, PATH, text, X_Hub_Signature_256=signature(text))


def sizes_of(url: str) -> dict[str, tuple[int, int]]:
    """Return the bytes of each table and of its indexes, those of partitions together."""
    return {table: (int(size), int(indexes)) for table, size, indexes in execute(url, _SIZES)}


def execute(url: str, statement: str) -> list[Any]:
    with psycopg.connect(url, autocommit=True) as session:
        cursor = session.execute(statement)
        return cursor.fetchall() if cursor.description is not None else []


def write_tables(module: str, text: str) -> None:
    """Replace what the module has written into docs/capacity.md before."""
    begin = f"<!-- made by python -m {module} -->\n"
    before, _, rest = _DOCUMENT.read_text(encoding="utf-8").partition(begin)
    _DOCUMENT.write_text(f"{before}{begin}\n{text}\n\n{_END}{rest.partition(_END)[2]}", encoding="utf-8")


@dataclass(frozen=True)
class _State:
    log: int
    audit_rows: int
    sizes: dict[str, tuple[int, int]]


def _state(url: str, vacuum: bool) -> _State:
    ((log,),) = execute(url, _LOG)
    if vacuum:
        execute(url, "VACUUM")
    ((audit_rows,),) = execute(url, _ROWS)
    return _State(log, audit_rows, sizes_of(url))


def _server_seconds(postmaster: psutil.Process) -> float:
    """CPU time of PostgreSQL's processes, also of those that have ended."""
    while True:
        try:
            children = cpu_seconds(postmaster.children())
        except psutil.NoSuchProcess:  # one has ended meanwhile, and counts as the postmaster's
            if not postmaster.is_running():
                raise
            continue
        times = postmaster.cpu_times()
        return children + times.user + times.system + times.children_user + times.children_system
