"""An import that is killed, stopped, doubled, and met by customers who write at the same moment."""

import json
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from uuid import UUID

import pytest

from conversations.models import Conversation, Customer, Message
from leads.models import ImportRun, Lead
from leads.services.create import NewLead, create_lead, create_leads
from tests.factories import Business
from tests.leads.importing.operator import HEADER, write
from tests.leadsite.workers import NAME, variables
from tests.sessions import deadlocks, processes, session
from tests.site import REPOSITORY, until
from tests.whatsapp import meta
from tests.whatsapp.inbox import Inbox
from whatsapp.inbound import ingest
from whatsapp.models import WebhookDelivery

pytestmark = pytest.mark.django_db(transaction=True)

ROWS = 12_000
BATCH = 100
KILLS = 20


def phone(number: int) -> str:
    return f"+49151{number:08}"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """One row in twenty again, one in a hundred wrong; in an order of its own."""
    rows = [f"{phone(n)},Customer {n},order,Cake {n}," for n in range(ROWS)]
    rows += rows[::20] + ["12,Nobody,order,Cake,"] * (ROWS // 100)
    random.Random(6).shuffle(rows)
    return write(tmp_path / "old.csv", *rows)


@pytest.fixture(autouse=True)
def nobody_left(db: None) -> Iterator[None]:
    """PostgreSQL notices a little later that a process was killed."""
    yield
    with session() as observer:
        asked = "SELECT count(*) FROM pg_stat_activity WHERE application_name = %s AND datname = current_database()"
        until(lambda: observer.execute(asked, [NAME]).fetchone() == (0,), lambda: "A killed import has a session left.")


@pytest.fixture
def inbox(owner: Business) -> Inbox:
    return Inbox(owner)


def importing(owner: Business, file: Path, tmp_path: Path, *options: str) -> "subprocess.Popen[str]":
    arguments = ["import_leads", str(file), "--user", owner.user.email, "--json", f"--batch-size={BATCH}", *options]
    return subprocess.Popen(
        [sys.executable, "manage.py", *arguments],
        cwd=REPOSITORY,
        env=variables(tmp_path),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def rows_read() -> int:
    return sum(ImportRun.objects.values_list("read", flat=True))


def killed_now_and_then(owner: Business, file: Path, tmp_path: Path) -> dict[str, object]:
    """Resume it until it ends by itself; kill it at a moment of its work each time before."""
    chance = random.Random(20)
    for _ in range(KILLS):
        before = rows_read()
        process = importing(owner, file, tmp_path, "--resume")
        until(lambda: rows_read() > before or process.poll() is not None, lambda: "The import does not move.")  # noqa: B023 - asked in this turn
        time.sleep(chance.uniform(0, 0.02))  # not a wait: anywhere in a batch
        process.kill()
        process.communicate()
    process = importing(owner, file, tmp_path, "--resume")
    out, error = process.communicate(timeout=60)
    assert process.returncode == 1, error
    return dict(json.loads(out))


def assert_each_row_once(owner: Business) -> None:
    assert Lead.objects.filter(user=owner.user, source="import").count() == ROWS
    assert len(set(Lead.objects.filter(source="import").values_list("details", flat=True))) == ROWS
    run = ImportRun.objects.get()
    assert (run.state, run.created, run.skipped, run.failed) == ("finished", ROWS, ROWS // 20, ROWS // 100)
    assert run.refusals.count() == run.failed
    assert not Conversation.objects.filter(leads=None, messages=None).exists()


def test_killed_twenty_times_each_row_is_there_once(owner, file, tmp_path):
    summary = killed_now_and_then(owner, file, tmp_path)
    assert summary["read"] == ROWS + ROWS // 20 + ROWS // 100
    assert_each_row_once(owner)
    assert owner.row_counts() == (ROWS, ROWS, ROWS)


def create_for_the_same_customers(business: UUID, seed: int) -> int:
    """By the service, one at a time and in lists whose order is not the file's."""
    chance, made = random.Random(seed), 0
    for _ in range(60):
        some = [
            NewLead(customer_phone=phone(chance.randrange(ROWS)), customer_name="By API", type="inquiry")
            for _ in range(chance.choice([1, 1, 20]))
        ]
        if len(some) == 1:
            create_lead(user_id=business, lead=some[0], source="api")
        else:
            create_leads(user_id=business, leads=some, source="api")
        made += len(some)
    return made


def deliver_of_the_same_customers(seed: int) -> None:
    """What they write, by WhatsApp: some deliveries of one message, some of many."""
    chance = random.Random(seed)
    for n in range(60):
        messages = [
            meta.text(f"Hello {m}", id=f"wamid.{seed}.{n}.{m}", from_=phone(chance.randrange(ROWS)).removeprefix("+"))
            for m in range(chance.choice([1, 1, 20]))
        ]
        ingest.receive(provider="cloud", body=meta.body(meta.messages_value(messages=messages)))


def test_killed_beside_clients_and_customers_who_write_at_the_same_moment(owner, inbox, file, tmp_path):
    before = deadlocks()
    with processes(2) as crew:
        deliveries = [crew.submit(deliver_of_the_same_customers, seed) for seed in range(6)]
        writers = [crew.submit(create_for_the_same_customers, owner.id, seed) for seed in range(6)]
        killed_now_and_then(owner, file, tmp_path)
        made = sum(writer.result() for writer in writers)
        assert [delivery.result() for delivery in deliveries] == [None] * 6
    assert deadlocks() == before
    assert_each_row_once(owner)
    assert Lead.objects.filter(source="api").count() == made
    assert Message.objects.exists()
    assert not WebhookDelivery.objects.exclude(state="processed").exists()
    assert Customer.objects.count() == ROWS
    assert Conversation.objects.filter(status="active").count() == ROWS


def test_two_at_once_on_one_run_store_each_row_once(owner, file, tmp_path):
    first = importing(owner, file, tmp_path)
    until(lambda: rows_read() > 0, lambda: str(first.poll()))
    second = importing(owner, file, tmp_path, "--resume")
    (_, first_error), (_, second_error) = first.communicate(timeout=60), second.communicate(timeout=60)
    codes = sorted([first.returncode, second.returncode])
    # Where the first was done before the second came, there was nothing left to resume.
    assert codes in ([1, 2], [1, 1]), (first_error, second_error)
    assert Lead.objects.count() == ROWS
    assert codes == [1, 1] or "Another process" in first_error + second_error


def test_ctrl_c_ends_between_batches_with_a_summary(owner, file, tmp_path):
    process = importing(owner, file, tmp_path)
    until(lambda: rows_read() > 0, lambda: str(process.poll()))
    process.send_signal(signal.SIGINT)
    out, error = process.communicate(timeout=30)
    assert process.returncode == 130, error
    summary = json.loads(out)
    run = ImportRun.objects.get()
    assert (summary["state"], run.state) == ("interrupted", "interrupted")
    assert summary["read"] == run.read == run.created + run.skipped + run.failed
    assert Lead.objects.count() == run.created
    process = importing(owner, file, tmp_path, "--resume")
    process.communicate(timeout=60)
    assert_each_row_once(owner)


def test_a_run_with_other_options_is_not_resumed(owner, file, tmp_path):
    process = importing(owner, file, tmp_path)
    until(lambda: rows_read() > 0, lambda: str(process.poll()))
    process.kill()
    process.communicate()
    process = importing(owner, file, tmp_path, "--resume", "--on-duplicate=update")
    _, error = process.communicate(timeout=30)
    assert process.returncode == 2
    assert "other options" in error


def test_a_pipe_that_never_ends_is_given_up(owner, tmp_path):
    process = subprocess.Popen(
        [sys.executable, "manage.py", "import_leads", "-", "--user", owner.user.email],
        cwd=REPOSITORY,
        env=variables(tmp_path),
        stdin=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    assert process.stdin is not None
    process.stdin.write(HEADER.encode() + b"\n")
    with pytest.raises(BrokenPipeError):
        process.stdin.writelines(b"x" * 2**20 for _ in range(3000))
    assert process.stderr is not None
    assert b"Line 2 does not end" in process.stderr.read()
    process.stdin.close()
    process.stderr.close()
    assert process.wait(30) == 2
