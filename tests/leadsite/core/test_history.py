"""A database from before the rewritten migrations is refused with a message that says what to do; one that a newer
release has migrated is used as it is.
"""

from collections import Counter
from io import StringIO

import pytest
from django.apps import apps
from django.core.management import CommandError, call_command
from django.db import connection
from django.db.migrations.recorder import MigrationRecorder
from structlog.testing import capture_logs

from leadsite.core.history import OUR_APPS, note_digests, noted_digests, write_digests
from leadsite.core.statements import fetch_rows

# The migrations of the last of those versions.
OLD = [("conversations", "0002_whatsapp_in"), ("conversations", "0004_search"), ("leads", "0008_import_files")]
PACKAGES = {"conversations", "leads", "leadsite", "whatsapp"}
SENTENCE = "from an earlier version of leadsite, whose tables this version cannot use"


def make_old() -> None:
    recorder = MigrationRecorder(connection)
    for app, name in OLD:
        recorder.record_applied(app, name)
    recorder.record_unapplied("audit", "0001_initial")  # of an app that was made later


@pytest.fixture
def newer(db, monkeypatch) -> None:
    """A later release has migrated the database."""
    MigrationRecorder(connection).record_applied("leads", "9999_later")
    # The commands end their session after the check, and this one's transaction is the test's.
    monkeypatch.setattr(connection, "close", lambda: None)


def test_the_message_says_to_move_the_data_directory(db, settings):
    make_old()
    settings.EMBEDDED_POSTGRES, settings.DATA_DIR = True, settings.BASE_DIR / "var"
    with pytest.raises(CommandError) as refused:
        call_command("migrate", verbosity=0)
    assert str(refused.value) == f"The data in var/ is {SENTENCE}: move it away (mv var var.old) and run again."


def test_every_app_of_ours_that_has_tables_is_asked_about():
    """Its missing constraints are found too: leadsite/monitoring/integrity.py."""
    ours = {app.label for app in apps.get_app_configs() if app.name.partition(".")[0] in PACKAGES}
    with_tables = {model._meta.app_label for model in apps.get_models()}
    assert ours & with_tables == OUR_APPS


def test_a_database_of_this_version_is_migrated(db):
    call_command("migrate", verbosity=0)


# Release 0.2.0 has noted nothing, and its migrations have the same names.
@pytest.mark.parametrize("noted", [{}, {"leads.0002_functions": "of another content"}], ids=["none", "edited since"])
def test_tables_of_other_migrations_with_the_same_names_are_refused(db, client, noted):
    write_digests((noted_digests() if noted else {}) | noted)
    with pytest.raises(CommandError, match=SENTENCE):
        call_command("migrate", verbosity=0)
    answer = client.get("/readyz")
    assert (answer.status_code, answer.json()["checks"]["migrations"]) == (503, False)


@pytest.mark.parametrize("comment", ["Of the owner of the tables", "[]", "7"])
def test_another_comment_is_no_list_of_migrations(db, client, comment):
    fetch_rows(f"COMMENT ON TABLE django_migrations IS '{comment}'")
    with pytest.raises(CommandError, match=SENTENCE):
        call_command("migrate", verbosity=0)
    answer = client.get("/readyz")
    assert (answer.status_code, answer.json()["checks"]["migrations"]) == (503, False)


def test_what_was_noted_stays_when_a_later_migration_is_applied(db):
    before = noted_digests()
    MigrationRecorder(connection).record_unapplied("exports", "0001_initial")
    write_digests(before | {"exports.0001_initial": "of another content"})
    note_digests()
    assert noted_digests() == before


@pytest.mark.parametrize("options", [{}, {"once": True}], ids=["worker", "worker --once"])
def test_a_worker_does_not_start_on_it(db, monkeypatch, options):
    make_old()
    # The command ends its session after the check, and this one's transaction is the test's.
    monkeypatch.setattr(connection, "close", lambda: None)
    with pytest.raises(CommandError, match=SENTENCE):
        call_command("worker", **options)


def test_a_worker_runs_on_the_database_of_a_newer_release_and_says_so(newer, monkeypatch):
    async def work_once(**_: object) -> Counter[str]:
        return Counter()

    monkeypatch.setattr("leadsite.management.commands.worker.work_once", work_once)
    printed = StringIO()
    with capture_logs() as logs:
        call_command("worker", once=True, stdout=printed)
    assert printed.getvalue() == "Nothing was due.\n"
    assert [line["event"] for line in logs] == ["database_newer"]


def test_there_is_nothing_to_migrate_there(newer, monkeypatch):
    # This version's rights would take those away that the newer one has given.
    monkeypatch.setattr("leadsite.management.commands.migrate.apply_rights", lambda: pytest.fail("rights"))
    printed = StringIO()
    call_command("migrate", stdout=printed)
    assert printed.getvalue() == (
        "A newer release of leadsite has migrated this database: nothing to do, this one runs on its tables.\n"
    )


def test_a_migration_that_is_named_is_refused_there(newer):
    with pytest.raises(CommandError, match="newer release"):
        call_command("migrate", "leads", "0001", verbosity=0)
