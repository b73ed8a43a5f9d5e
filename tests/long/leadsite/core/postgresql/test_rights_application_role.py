"""The important parts of the suite with the rights of the application role: Note [Roles] in postgresql/rights.py."""

import subprocess
import sys

import pytest

from tests.site import REPOSITORY, environment

# Creating, receiving, sending, importing, undoing, changing many, pruning, the worker, the admin and the probes.
FILES = (
    *("tests/leads/services/test_create.py", "tests/leads/services/test_undo.py", "tests/leads/bulk"),
    *("tests/leads/importing/test_uploads.py", "tests/leads/importing/test_upload_worker.py"),
    *("tests/leads/management/commands/test_import_leads.py", "tests/leads/management/commands/test_undo_import.py"),
    *("tests/leads/management/commands/test_verify_transactions.py", "tests/leads/admin/test_leads.py"),
    *("tests/whatsapp/inbound/test_ingest.py", "tests/whatsapp/inbound/test_webhook.py"),
    *("tests/whatsapp/inbound/test_replay.py", "tests/whatsapp/outbound/test_enqueue.py"),
    *("tests/whatsapp/outbound/test_queue.py", "tests/whatsapp/outbound/test_worker.py"),
    *("tests/leadsite/webhooks/test_courier.py", "tests/long/leadsite/test_tasks.py", "tests/leadsite/test_health.py"),
    "tests/leadsite/monitoring/test_pruning.py",
)
# They change tables, functions, migrations or the server's settings themselves.
AS_OWNER = (
    "it_finds_a_function_without_validation",
    "without_a_function_it_is_not_ready",
    "with_a_migration_to_apply_it_is_not_ready",
    "without_room_for_files_it_is_not_ready",
    "a_delivery_that_cannot_be_stored_is_answered_503",
)


def test_the_site_works_with_the_rights_of_the_application_role(tmp_path):
    others = " and ".join(f"not {name}" for name in AS_OWNER)
    command = [sys.executable, "-m", "pytest", "-q", "--application-role", "-m", "not browser", "-k", others, *FILES]
    # The other run is no process of this one.
    env = {name: value for name, value in environment(tmp_path).items() if not name.startswith("PYTEST_")}
    run = subprocess.run(command, cwd=REPOSITORY, env=env, capture_output=True, text=True, check=False)
    if run.returncode:
        pytest.fail(run.stdout[-20_000:] + run.stderr[-5_000:])
