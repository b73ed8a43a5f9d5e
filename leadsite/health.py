"""Health probes: /livez (the process answers) and /readyz (the database can be written, and is complete)."""

import threading
import time
from collections.abc import Callable
from typing import Final

from django.conf import settings
from django.db import Error, connection, transaction
from django.db.migrations.executor import MigrationExecutor
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.http import require_safe

from leadsite.core.history import is_known, noted_digests
from leadsite.core.postgresql.patience import limit_waiting
from leadsite.core.postgresql.rights import CLIENT_FUNCTIONS
from leadsite.core.transactions import sqlstate
from leadsite.monitoring.views import metrics

# How long an answer is kept: probes come from several load balancers, and anybody can ask.
KEPT_SECONDS: Final = 1.0
WAIT_SECONDS: Final = 3.0


@require_safe
def livez(request: HttpRequest) -> JsonResponse:
    """Does not query the database: an unreachable database is no reason to restart the process."""
    return JsonResponse({"status": "ok"})


@require_safe
def readyz(request: HttpRequest) -> JsonResponse:
    """200 if a transaction can be committed, all migrations are applied and the SQL functions exist; otherwise 503.

    The answer may be a second old.
    """
    checks = _readiness.checks()
    ready = all(checks.values())
    return JsonResponse({"status": "ok" if ready else "not ready", "checks": checks}, status=200 if ready else 503)


class _Readiness:
    """The last checks of this process. One thread makes them; the others have its result."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._checks: dict[str, bool] = {}
        self._at = -KEPT_SECONDS

    def checks(self) -> dict[str, bool]:
        with self._lock:
            if time.monotonic() - self._at >= KEPT_SECONDS or settings.TESTING:
                self._checks = _check()
                self._at = time.monotonic()
            return self._checks


_readiness: Final = _Readiness()


def _check() -> dict[str, bool]:
    try:
        with limit_waiting(WAIT_SECONDS):
            return {
                "database": True,
                "writable": _is_writable(),
                "migrations": _is_migrated(),
                "functions": not _missing_functions(),
            }
    except Error:
        return {"database": False, "writable": False, "migrations": False, "functions": False}


def _is_writable() -> bool:
    """Whether the server is no standby, commits, and has room on its volumes.

    The message makes COMMIT write to the log (and wait for a synchronous standby); the sort needs a temporary file of
    about 200 kB on the volume of the tables, and no statement of the site leaves a row behind.
    """
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SELECT pg_is_in_recovery() OR current_setting('transaction_read_only')::bool")
            (read_only,) = cursor.fetchone()
            if read_only:
                return False
            cursor.execute("SELECT pg_logical_emit_message(true, 'leadsite', 'readyz')")
            cursor.execute("SELECT set_config('work_mem', '64kB', true)")
            cursor.execute("SELECT n FROM generate_series(1, 10000) AS n ORDER BY -n OFFSET 9999")
    except Error as error:
        if sqlstate(error) is None:
            raise
        return False
    return True


def _is_migrated() -> bool:
    """A newer release may have migrated it since; tables of an earlier version lack what queries name."""
    executor = MigrationExecutor(connection)
    unapplied = executor.migration_plan(executor.loader.graph.leaf_nodes())
    return not unapplied and is_known(noted_digests(), executor.loader.applied_migrations)


def _missing_functions() -> set[str]:
    """A database restored without the functions for SQL clients would refuse their leads."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT proname FROM pg_proc WHERE proname = ANY(%s)", [list(CLIENT_FUNCTIONS)])
        return set(CLIENT_FUNCTIONS) - {name for (name,) in cursor.fetchall()}


PROBES: Final[dict[str, Callable[[HttpRequest], HttpResponse]]] = {
    "/livez": livez,
    "/readyz": readyz,
    "/metrics": metrics,
}
