"""A run whose state others change while it is undone, or stored as a whole."""

import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import OperationalError, connection

from leads.importing import runs, upload_worker
from leads.importing.resume import resume_run
from leads.models import ImportRun, Lead
from leads.services.file_rows import ON_DUPLICATE
from leads.services.undo import Undone
from leadsite.core.postgresql.base import CommitUnknown, DatabaseWrapper
from tests.factories import NOTHING, ORDER, Business
from tests.leads.importing.operator import counts, import_leads, run, write
from tests.leads.uploading import CHOSEN, decide, run_worker, the_run, upload
from tests.sessions import session, waiting
from tests.site import until
from tests.staff import Staff, address, staff_of

pytestmark = pytest.mark.django_db

ROWS = ["+4915100000001,Amina,order,Cake,", "+4915100000002,Bruno,order,Bread,"]


@pytest.fixture
def stopped(owner: Business, monkeypatch) -> Staff:
    """Staff who have stopped the import of a file after its first row."""
    monkeypatch.setattr(upload_worker, "BATCH_SIZE", 1)
    staff = staff_of(owner)
    upload(staff)
    decide(staff, "import", **CHOSEN)
    upload_worker.process_upload(the_run().pk, should_stop=lambda: not decide(staff, "stop"))
    assert (the_run().state, the_run().created) == ("interrupted", 1)
    return staff


def test_a_run_cannot_be_resumed_while_it_is_undone(owner, stopped):
    def resume(undone: Undone) -> None:
        assert "This is not possible now" in decide(stopped, "resume").content.decode()
        run_worker()

    assert runs.undo(run=the_run(), tell=resume).removed == 1
    assert (the_run().state, owner.row_counts()) == ("undone", NOTHING)


def test_an_undo_that_was_killed_is_begun_again(owner, stopped):
    def kill(undone: Undone) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        runs.undo(run=the_run(), tell=kill)
    assert the_run().state == "undoing"
    page = stopped.get(address("change", the_run())).content.decode()
    assert "Undoing" in page
    assert "run the command again" in page
    assert run("undo_import", the_run().pk).code == 0
    assert (the_run().state, owner.row_counts()) == ("undone", NOTHING)


@pytest.mark.parametrize("state", ["preview", "trying", "waiting", "running"])
def test_a_run_that_is_not_over_is_not_undone(owner, tmp_path, state):
    imported = import_leads(owner, write(tmp_path / "a.csv", *ROWS)).summary["run"]
    ImportRun.objects.update(state=state)
    result = run("undo_import", imported)
    assert (result.code, result.error) == (2, "The run is not over. Stop it first.")
    assert (the_run().state, Lead.objects.count()) == (state, 2)


@pytest.mark.django_db(transaction=True)
def test_a_whole_file_is_not_stored_once_staff_have_stopped_its_run(owner, tmp_path, monkeypatch):
    def stop(tables: object) -> None:
        with session() as other:
            other.execute("UPDATE import_runs SET state = 'interrupted'")
            other.commit()

    monkeypatch.setattr(runs, "analyze_grown", stop)
    result = import_leads(owner, write(tmp_path / "a.csv", *ROWS), "--atomic")
    assert (result.code, "or has ended it" in result.error) == (2, True)
    assert (the_run().state, owner.row_counts()) == ("interrupted", NOTHING)


def test_a_command_whose_run_another_one_has_resumed_does_not_end_it(owner, tmp_path, monkeypatch):
    """It was suspended between two batches; then it fails."""

    def take_over(tables: object) -> None:
        begun = the_run()
        resume_run(user_id=owner.id, file_hash=begun.file_hash, options=begun.options)
        raise ValueError("The first command has a fault.")

    monkeypatch.setattr(runs, "analyze_grown", take_over)
    with pytest.raises(ValueError, match="fault"):
        import_leads(owner, write(tmp_path / "a.csv", *ROWS), "--batch-size", "1")
    assert (the_run().state, the_run().error, the_run().read) == ("running", "", 1)


def test_a_whole_file_is_not_stored_once_another_command_has_resumed_its_run(owner, tmp_path, monkeypatch):
    def take_over(tables: object) -> None:
        begun = the_run()
        resume_run(user_id=owner.id, file_hash=begun.file_hash, options=begun.options)

    monkeypatch.setattr(runs, "analyze_grown", take_over)
    result = import_leads(owner, write(tmp_path / "a.csv", *ROWS), "--atomic", "--on-duplicate", "create")
    assert (result.code, "or has ended it" in result.error) == (2, True)
    assert owner.row_counts() == NOTHING


@pytest.fixture
def lose_commit(transactional_db: None, monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Makes the server's answer to the COMMIT of a whole file get lost. `stored`: whether it was committed; `away`:
    whether the database cannot be reached then.
    """

    def lose(*, stored: bool = True, away: bool = False) -> None:
        commit = DatabaseWrapper._commit

        def lost(wrapper: DatabaseWrapper) -> None:
            patched.undo()
            if stored:
                commit(wrapper)
            connection.connection.close()
            if away:
                monkeypatch.setattr(DatabaseWrapper, "_connect", refuse)
            raise CommitUnknown("The server did not confirm the commit.")

        patched = pytest.MonkeyPatch()
        monkeypatch.setattr(runs, "analyze_grown", lambda tables: patched.setattr(DatabaseWrapper, "_commit", lost))

    def refuse(*args: object) -> None:
        raise OperationalError("connection refused")

    return lose


def test_a_whole_file_that_was_stored_is_finished_although_the_answer_was_lost(owner, tmp_path, lose_commit):
    lose_commit()
    result = import_leads(owner, write(tmp_path / "a.csv", *ROWS), "--atomic")
    assert (result.code, result.counts) == (0, counts(created=2))
    assert (the_run().state, the_run().created, Lead.objects.count()) == ("finished", 2, 2)


def test_a_whole_file_that_was_not_stored_after_all_has_failed(owner, tmp_path, lose_commit):
    lose_commit(stored=False)
    result = import_leads(owner, write(tmp_path / "a.csv", *ROWS), "--atomic")
    assert (result.code, "nothing was stored" in result.error) == (2, True)
    assert (the_run().state, the_run().created, owner.row_counts()) == ("failed", 0, NOTHING)


@pytest.mark.parametrize("stored", [True, False])
def test_a_whole_file_of_which_nothing_is_known_is_stored_once_by_resume(
    owner, tmp_path, lose_commit, monkeypatch, stored
):
    file = write(tmp_path / "a.csv", *ROWS)
    lose_commit(stored=stored, away=True)
    result = import_leads(owner, file, "--atomic", "--on-duplicate", "create")
    assert (result.code, "--resume" in result.error) == (2, True)
    monkeypatch.undo()
    assert the_run().state == "running"
    result = import_leads(owner, file, "--resume", "--on-duplicate", "create")
    assert (result.code, result.counts) == (0, counts(created=2))
    assert (the_run().state, Lead.objects.count()) == ("finished", 2)


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("on_duplicate", ON_DUPLICATE)
def test_an_id_that_a_client_is_just_giving_to_another_customer_refuses_its_row_only(owner, tmp_path, on_duplicate):
    file = write(tmp_path / "a.csv", ROWS[0] + "a", ROWS[1] + "b")
    with session() as client, session() as observer, ThreadPoolExecutor(1) as pool:
        theirs = ORDER | {"customer_phone": "+4915100000009", "external_id": "a"}
        client.execute("SELECT create_leads_with_conversations(%s, %s)", [owner.id, json.dumps([theirs])])

        def commit() -> None:
            until(lambda: waiting(observer) == 1)
            client.commit()

        committed = pool.submit(commit)
        result = import_leads(owner, file, "--on-duplicate", on_duplicate)
        committed.result()
    assert (result.code, result.counts) == (1, counts(created=1, failed=1))
    assert the_run().refusals.get().field == "external_id"
