"""What operators do while the site is used: large imports, migrations, backup and restore."""

import json
import subprocess
import sys
import time
from collections.abc import Callable

import psycopg

from leadsite.demo.data import EMAIL
from leadsite.demo.embedded.programs import ENVIRONMENT, program
from tests.long.faults.cases import Promise
from tests.long.faults.ledger import orphans
from tests.long.faults.stage import Stage
from tests.long.faults.table import Result
from tests.long.faults.writers import new_phone
from tests.site import REPOSITORY, manage

Hold = Callable[..., Result]

GROWTH = 10_000
LEADS = 300_000
# As many rows as an upgrade meets in a site that is used for years. Without triggers, which would take minutes.
FILL = """
    BEGIN;
    SET LOCAL session_replication_role = replica;
    WITH customer AS (
        INSERT INTO customers (user_id, phone) SELECT '{user}', '+49160' || lpad(n::text, 9, '0')
        FROM generate_series(1, {count}) AS n RETURNING id
    ), chat AS (
        INSERT INTO conversations (user_id, customer_id) SELECT '{user}', id FROM customer RETURNING id
    )
    INSERT INTO leads (user_id, conversation_id, type, source, details)
    SELECT '{user}', id, 'order', 'import', 'upgrade' FROM chat;
    COMMIT
"""
EMPTY = """
    BEGIN;
    SET LOCAL session_replication_role = replica;
    CREATE TEMPORARY TABLE old ON COMMIT DROP AS
        SELECT c.id, c.customer_id FROM conversations AS c JOIN leads ON conversation_id = c.id
        WHERE details = 'upgrade';
    DELETE FROM leads WHERE details = 'upgrade';
    DELETE FROM conversations WHERE id IN (SELECT id FROM old);
    DELETE FROM customers WHERE id IN (SELECT customer_id FROM old);
    COMMIT
"""
# What a release may bring: a column, an index and a check on the largest table. tests/test_migrations.py allows only
# such operations. Applied, and taken back, as `migrate` does.
UPGRADE = """
import django
django.setup()
from django.contrib.postgres.operations import AddConstraintNotValid, AddIndexConcurrently, ValidateConstraint
from django.db import connection, migrations, models
from django.db.migrations.executor import MigrationExecutor
from tests.online_migrations import locking_operations

check = models.CheckConstraint(condition=models.Q(score__gte=0), name="leads_score_valid")
index = models.Index(fields=["status", "score"], name="leads_by_score")
steps = [
    [migrations.AddField("lead", "score", models.IntegerField(null=True))],
    [AddIndexConcurrently("lead", index)],
    [AddConstraintNotValid("lead", check)],
    [ValidateConstraint("lead", check.name)],
]
executor = MigrationExecutor(connection)
state, applied = executor.loader.project_state(), []
for number, operations in enumerate(steps):
    made = type("Migration", (migrations.Migration,), {"operations": operations, "atomic": number != 1})
    one = made(f"9{number:03}_upgrade", "leads")
    assert locking_operations(one) == []
    before = state.clone()
    with connection.schema_editor(atomic=one.atomic) as editor:
        state = one.apply(state, editor)
    applied.append((one, before))
for one, before in reversed(applied):
    with connection.schema_editor(atomic=one.atomic) as editor:
        one.unapply(before, editor)
print("upgraded")
"""


def growth(stage: Stage) -> None:
    """The tables were analysed while they were small, and grow by a large import; autovacuum is off."""
    stage.configure(autovacuum="off")
    stage.execute("ANALYZE")
    file = stage.data_dir / "growth.csv"
    lines = [f"{new_phone()},A customer,order,growth" for _ in range(GROWTH)]
    file.write_text("\n".join(["customer_phone,customer_name,type,details", *lines, ""]))
    imported = manage("import_leads", str(file), f"--user={EMAIL}", "--json", env=stage.environment)
    assert imported.returncode == 0, imported.stderr
    assert json.loads(imported.stdout)["created"] == GROWTH
    time.sleep(3)
    stage.configure(autovacuum="")


def upgrade(stage: Stage) -> None:
    """Migrations of a release, and `migrate` where nothing is to be done: no request waits for them."""
    migrated = manage("migrate", env=stage.environment)
    assert "No migrations to apply" in migrated.stdout, migrated.stderr
    command = [sys.executable, "-c", UPGRADE]
    # As manage.py does: the time-outs are for the web server.
    env = stage.environment | {"DJANGO_SETTINGS_MODULE": "leadsite.settings", "DATABASE_TIMEOUTS": "false"}
    upgraded = subprocess.run(command, cwd=REPOSITORY, env=env, capture_output=True, text=True, check=False)
    assert upgraded.stdout == "upgraded\n", upgraded.stderr


def backup(stage: Stage) -> None:
    """A dump of the site in use is complete, and can be restored beside it."""
    dump = stage.data_dir / "dump"
    before = set(stage.execute("SELECT id, conversation_id FROM leads"))
    run("pg_dump", stage.url, "--format=custom", f"--file={dump}")
    stage.execute("CREATE DATABASE restored")
    restored = stage.url.replace("/leadsite?", "/restored?")
    assert restored != stage.url
    run("pg_restore", f"--dbname={restored}", "--exit-on-error", str(dump))
    with psycopg.connect(restored) as session:
        found = set(session.execute("SELECT id, conversation_id FROM leads").fetchall())
        assert before <= found
        assert orphans(session) == 0
    stage.execute("DROP DATABASE restored WITH (FORCE)")


def run(name: str, *arguments: str) -> None:
    ended = subprocess.run([program(name), *arguments], env=ENVIRONMENT, capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stderr


def test_large_imports_without_autovacuum(hold: Hold) -> None:
    hold("growth without autovacuum", growth, Promise(ready=True, imports=False))


def test_an_upgrade_of_a_database_with_300_000_leads(site: Stage, hold: Hold) -> None:
    site.execute(FILL.format(user=site.user_id, count=LEADS))
    site.execute("ANALYZE customers, conversations, leads")
    try:
        hold("upgrade of 300,000 leads", upgrade, Promise(ready=True, imports=False, silence_seconds=1))
    finally:
        site.execute(EMPTY)


def test_backup_and_restore(hold: Hold) -> None:
    hold("backup and restore", backup, Promise(ready=True, imports=False))
