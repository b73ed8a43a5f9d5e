"""Health probes: /livez (the process answers) and /readyz (database, migrations and SQL functions are present)."""

from collections.abc import Callable
from typing import Final

from django.db import Error, connection
from django.db.migrations.executor import MigrationExecutor
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.http import require_safe

# SQL functions that clients call; a database restored without them would refuse their leads.
FUNCTIONS: Final = ("create_lead_with_conversation", "create_leads_with_conversations")


@require_safe
def livez(request: HttpRequest) -> JsonResponse:
    """Does not query the database: an unreachable database is no reason to restart the process."""
    return JsonResponse({"status": "ok"})


@require_safe
def readyz(request: HttpRequest) -> JsonResponse:
    """200 if the database answers, all migrations are applied and the SQL functions exist; otherwise 503."""
    try:
        checks = {"database": True, "migrations": not _unapplied(), "functions": not _missing_functions()}
    except Error:
        checks = {"database": False, "migrations": False, "functions": False}
    ready = all(checks.values())
    return JsonResponse({"status": "ok" if ready else "not ready", "checks": checks}, status=200 if ready else 503)


def _unapplied() -> bool:
    executor = MigrationExecutor(connection)
    return bool(executor.migration_plan(executor.loader.graph.leaf_nodes()))


def _missing_functions() -> set[str]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT proname FROM pg_proc WHERE proname = ANY(%s)", [list(FUNCTIONS)])
        return set(FUNCTIONS) - {name for (name,) in cursor.fetchall()}


PROBES: Final[dict[str, Callable[[HttpRequest], HttpResponse]]] = {"/livez": livez, "/readyz": readyz}
