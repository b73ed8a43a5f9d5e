"""Service that checks the stored data: what is wrong, where, and what to do. Reads only, in ranges of ids.

Each statement sees one state of the database, so what is being written meanwhile is no finding.
"""

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, replace
from itertools import groupby
from typing import Any, Final
from uuid import UUID

import structlog
from django.apps import apps
from django.conf import settings
from django.db import Error, connection, transaction

from leadsite.audit.partitions import LEAST_DAYS
from leadsite.core import clock
from leadsite.core.arrays import array
from leadsite.core.history import OUR_APPS
from leadsite.core.statements import fetch_rows
from leadsite.core.transactions import set_locally
from leadsite.monitoring.audit_checks import AUDIT, PART, SINCE
from leadsite.monitoring.integrity_checks import CHECKS, MISSING_RULE, MISSING_RULE_ADVICE, Check
from leadsite.monitoring.media_checks import STORAGE_AWAY, media_findings
from leadsite.monitoring.models import IntegrityRun

log = structlog.get_logger(__name__)

# Rows of a statement: some milliseconds of memory and time, whatever the size of the table.
RANGE: Final = 20_000
EXAMPLES: Final = 5
KEPT_RUNS: Final = 100
CHECK_FAILED: Final = "check_failed"
_NOT_RUN: Final = (
    "checks that could not be completed",
    "See their errors in the log (integrity_check_failed). Of one that took too long, run manage.py check_integrity"
    " while the site has less to do.",
)
_THIS_HOUR: Final = """(t.updated_at > now() - interval '1 day'
    OR ('x' || right(t.id::text, 2))::bit(8)::integer %% 24 = extract(hour FROM now() AT TIME ZONE 'UTC'))"""
_FIRST: Final = UUID(int=0)
_LAST: Final = UUID(int=2**128 - 1)


@dataclass(slots=True)
class Finding:
    """`examples`: the ids of rows, or names; `businesses`: their owners, as far as they are known."""

    check: str
    table: str
    count: int
    meaning: str
    what_to_do: str
    examples: list[str] = field(default_factory=list)
    businesses: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        return f"{self.check}: {self.count} {self.meaning}, for example {', '.join(self.examples)}."


def check_integrity(*, whole_audit: bool = True) -> list[Finding]:
    """Check all tables, store the result as an IntegrityRun, and return what is wrong.

    A check that fails, or takes longer than a minute for a range, is a finding and does not stop the others. Raises
    django.db.Error where the connection is lost.

    Comparing a row with the audit reads all of its entries. Without `whole_audit` only those rows are compared that
    have changed within a day, and of the others those of this hour, so that each of them is within a day.
    """
    started = time.monotonic()
    findings: list[Finding] = []
    failed: list[str] = []
    with _noted(MISSING_RULE, failed):
        findings += _missing_rules()
    audit = [replace(check, condition=_of_audit(check.condition, whole=whole_audit)) for check in AUDIT]
    # Sorted, so that the ranges of a table are looked up once for all of its checks.
    for table, checks in groupby(sorted([*CHECKS, *audit], key=_table_of), key=_table_of):
        findings += _check_table(table, list(checks), failed)
    with _noted("stored_media", failed):
        findings += _in_storage()
    if failed:
        findings.append(Finding(CHECK_FAILED, "", len(failed), *_NOT_RUN, failed[:EXAMPLES]))
    IntegrityRun.objects.create(
        seconds=time.monotonic() - started, findings=[asdict(finding) for finding in findings], total=len(findings)
    )
    old = IntegrityRun.objects.order_by("-pk").values("pk")[KEPT_RUNS:]
    IntegrityRun.objects.filter(pk__in=list(old.values_list("pk", flat=True))).delete()
    for finding in findings:
        log.error("integrity_finding", check=finding.check, count=finding.count, examples=finding.examples)
    return findings


def _of_audit(condition: str, *, whole: bool) -> str:
    days = max(settings.AUDIT_DAYS, LEAST_DAYS)
    since = f"now() - interval '{days} days'" if settings.AUDIT_DAYS else "'-infinity'"
    return condition.replace(SINCE, since).replace(PART, "true" if whole else _THIS_HOUR)


def _table_of(check: Check) -> str:
    return check.table


@contextmanager
def _noted(name: str, failed: list[str]) -> Iterator[None]:
    """Note and log a check that the database refuses. Raises django.db.Error where the connection is lost."""
    try:
        yield
    except Error:
        if not connection.is_usable():
            raise
        log.exception("integrity_check_failed", check=name)
        failed.append(name)


def _check_table(table: str, checks: Sequence[Check], failed: list[str]) -> list[Finding]:
    found: dict[str, Finding] = {}
    with _noted(table, failed):
        for after, until in _ranges(table):
            for check in checks:
                if check.name not in failed:
                    with _noted(check.name, failed):
                        _check_range(check, after, until, found)
    return list(found.values())


def _check_range(check: Check, after: UUID, until: UUID, found: dict[str, Finding]) -> None:
    count, examples, owners = _find(check, after, until)
    if count:
        finding = found.setdefault(check.name, Finding(check.name, check.table, 0, check.meaning, check.advice))
        finding.count += count
        finding.examples = (finding.examples + examples)[:EXAMPLES]
        finding.businesses = sorted({*finding.businesses, *owners})[:EXAMPLES]


def _in_storage() -> Iterator[Finding]:
    """What is wrong with the files of messages. A storage that does not answer says nothing of the rows."""
    try:
        found = list(media_findings(clock.now()))
    except Error:
        raise
    except Exception as error:
        # A folder raises OSError; a bucket's client has errors of its own.
        log.exception("media_storage_unreachable")
        yield Finding("media_storage_unreachable", "stored_media", 1, *STORAGE_AWAY, [type(error).__name__])
        return
    for one in found:
        examples = one.examples[:EXAMPLES]
        yield Finding(one.check, "stored_media", len(one.examples), one.meaning, one.advice, examples, [one.owner])


def _ranges(table: str) -> Iterator[tuple[UUID, UUID]]:
    """Ranges of ids, each of RANGE rows; the last one is open."""
    after = _FIRST
    while True:
        ends = _rows(f"SELECT id FROM {table} WHERE id > %s ORDER BY id LIMIT 1 OFFSET {RANGE - 1}", [after])  # noqa: S608 - our names
        if not ends:
            yield after, _LAST
            return
        yield after, ends[0][0]
        after = ends[0][0]


def _find(check: Check, after: UUID, until: UUID) -> tuple[int, list[str], list[str]]:
    statement = f"""
        SELECT count(*), (array_agg(found.id::text))[1:{EXAMPLES}],
            (array_agg(DISTINCT found.owner::text))[1:{EXAMPLES}]
        FROM ({check.statement}) AS found
    """  # noqa: S608 - our words
    ((count, examples, owners),) = _rows(statement, [after, until])
    return count, examples or [], [owner for owner in owners or [] if owner]


def _rows(statement: str, parameters: list[Any]) -> list[tuple[Any, ...]]:
    """One statement, as one transaction: nothing is held open between two."""
    with transaction.atomic():
        set_locally(statement_timeout="60s", jit="off")
        return fetch_rows(statement, parameters)


def _missing_rules() -> Iterator[Finding]:
    wanted = sorted(
        rule.name
        for app in OUR_APPS
        for model in apps.get_app_config(app).get_models()
        for rule in (*model._meta.constraints, *model._meta.indexes)
    )
    missing = [
        name
        for (name,) in _rows(
            "SELECT name FROM unnest(%s::text[]) AS wanted (name)"
            " WHERE NOT EXISTS (SELECT FROM pg_constraint WHERE conname = name AND convalidated)"
            " AND NOT EXISTS (SELECT FROM pg_class AS c JOIN pg_index AS i ON i.indexrelid = c.oid"
            " WHERE c.relname = name AND i.indisvalid)",
            [array(wanted)],
        )
    ]
    if missing:
        meaning = "constraints or indexes that the tables do not have"
        yield Finding(MISSING_RULE, "", len(missing), meaning, MISSING_RULE_ADVICE, missing[:EXAMPLES])
