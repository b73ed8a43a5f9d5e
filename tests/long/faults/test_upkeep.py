"""What operators do while the site is used: large imports, migrations, backup and restore."""

import json
import subprocess
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
from tests.site import manage

Hold = Callable[..., Result]

GROWTH = 10_000
LEADS = 30_000
# As many rows as a migration meets in a site that is used for years.
FILL = """
    WITH customer AS (
        INSERT INTO customers (user_id, phone) SELECT %(user)s, '+' || (%(first)s::bigint + n)
        FROM generate_series(1, %(count)s) AS n RETURNING id
    ), chat AS (
        INSERT INTO conversations (user_id, customer_id) SELECT %(user)s, id FROM customer RETURNING id
    )
    INSERT INTO leads (user_id, conversation_id, type, source) SELECT %(user)s, id, 'order', 'import' FROM chat
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


def migration(stage: Stage) -> None:
    """Migrate a database with many leads again: nothing to do, and no request waits for it."""
    with psycopg.connect(stage.url) as session:
        values = {"user": stage.user_id, "first": int(new_phone()) * 10, "count": LEADS}
        session.execute(FILL, values)
    for _ in range(2):
        migrated = manage("migrate", env=stage.environment)
        assert migrated.returncode == 0, migrated.stderr
        assert "No migrations to apply" in migrated.stdout


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


def test_a_migration_of_a_large_database(hold: Hold) -> None:
    hold("migration of many leads", migration, Promise(ready=True, imports=False))


def test_backup_and_restore(hold: Hold) -> None:
    hold("backup and restore", backup, Promise(ready=True, imports=False))
