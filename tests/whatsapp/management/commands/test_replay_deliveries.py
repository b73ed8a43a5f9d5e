"""manage.py replay_deliveries: selection, output and exit codes."""

import json
import logging
import os
import pty
import secrets
import subprocess
import sys
import termios
from io import StringIO
from pathlib import Path
from uuid import UUID, uuid4

import pytest
from django.core.management import CommandError, call_command
from django.db import OperationalError

from tests.sessions import database_url
from tests.site import REPOSITORY, environment, exit_code, free_port, manage
from whatsapp.inbound import ingest
from whatsapp.models import WebhookDelivery

EMPTY_BODY = b'{"object": "whatsapp_business_account", "entry": []}'


def delivery(state: str = "failed", body: bytes = EMPTY_BODY) -> UUID:
    return WebhookDelivery.objects.create(provider="cloud", body=body, state=state, signed_by=["list"]).pk


@pytest.fixture
def replayed(monkeypatch: pytest.MonkeyPatch) -> dict[UUID, str]:
    """The outcome of each replayed delivery. A delivery's body is the outcome of its replay."""
    outcomes: dict[UUID, str] = {}

    def replay(*, delivery_id: UUID) -> str:
        outcomes[delivery_id] = bytes(WebhookDelivery.objects.get(pk=delivery_id).body).decode()
        return outcomes[delivery_id]

    monkeypatch.setattr(ingest, "replay", replay)
    return outcomes


def command(*arguments: str) -> tuple[int, str]:
    """Run the command in this process. Returns the exit code and the output."""
    out = StringIO()
    try:
        call_command("replay_deliveries", *arguments, stdout=out)
    except CommandError as error:
        return error.returncode, out.getvalue() + str(error)
    return 0, out.getvalue()


@pytest.mark.parametrize(
    ("arguments", "states"),
    [
        ([], {"failed", "unrouted"}),
        (["--state", "all"], {"failed", "unrouted"}),
        (["--state", "failed"], {"failed"}),
        (["--state", "unrouted"], {"unrouted"}),
    ],
)
def test_it_replays_deliveries_in_the_given_state(db, replayed, arguments, states):
    stored = {state: delivery(state, b"processed") for state in ("failed", "unrouted", "processed")}

    assert command(*arguments)[0] == 0
    assert set(replayed) == {stored[state] for state in states}


def test_it_replays_named_deliveries(db, replayed):
    first, second, third = (delivery("processed", b"processed") for _ in range(3))
    delivery("failed", b"processed")

    assert command("--id", str(first), str(second), "--id", str(third), str(first))[0] == 0
    assert list(replayed) == [first, second, third]


def test_the_summary_counts_results_and_the_exit_code_is_1_if_some_are_not_processed(db, replayed):
    for body, times in {b"processed": 3, b"failed": 2, b"unrouted": 1, b"": 1}.items():
        for _ in range(times):
            delivery("failed", body)

    code, printed = command("--json")

    counts = json.loads(printed.splitlines()[0])
    assert counts == {"deliveries": 7, "processed": 3, "failed": 2, "unrouted": 1, "skipped": 1, "error": 0}
    assert code == 1
    assert "4 of 7 are not processed" in printed


def test_without_a_terminal_it_prints_a_line_for_each_delivery(db, replayed):
    good, bad = delivery("failed", b"processed"), delivery("unrouted", b"unrouted")

    _, printed = command()

    assert f"{good}  processed\n{bad}  still unrouted\n" in printed
    assert "     2  deliveries tried again\n     1  processed\n" in printed


def test_the_log_of_each_delivery_is_not_printed(db, caplog):
    delivery()
    caplog.set_level(logging.INFO)

    assert command()[0] == 0
    assert "delivery_replayed" not in caplog.text

    delivery()
    command("--json")
    assert "delivery_replayed" in caplog.text


def test_it_succeeds_without_deliveries_to_replay(db, replayed):
    assert command() == (0, "Nothing to replay.\n")
    assert command("--json") == (
        0,
        '{"deliveries": 0, "processed": 0, "failed": 0, "unrouted": 0, "skipped": 0, "error": 0}\n',
    )


def test_an_unknown_id_is_named_and_nothing_is_replayed(db, replayed):
    unknown = uuid4()

    code, printed = command("--id", str(delivery()), str(unknown))

    assert code == 2
    assert f"There is no delivery {unknown}." in printed
    assert not replayed


def test_a_lost_connection_to_the_database_is_exit_code_2(db, monkeypatch):
    delivery()

    def replay(*, delivery_id: UUID) -> str:
        raise OperationalError("the connection is lost")

    monkeypatch.setattr(ingest, "replay", replay)
    monkeypatch.setattr("whatsapp.inbound.replay.connection.is_usable", lambda: False)

    code, printed = command()

    assert code == 2
    assert "the connection is lost" in printed


def variables(data_dir: Path, url: str) -> dict[str, str]:
    return environment(data_dir, DATABASE_URL=url, LEADSITE_DEMO="true", SECRET_KEY=secrets.token_urlsafe(50))


@pytest.mark.django_db(transaction=True)
def test_it_processes_a_delivery_and_shows_a_progress_bar_on_a_terminal(tmp_path):
    stored = delivery()
    controller, terminal = pty.openpty()
    termios.tcsetwinsize(terminal, (24, 80))
    try:
        result = subprocess.run(
            [sys.executable, "manage.py", "replay_deliveries", "--id", str(stored)],
            cwd=REPOSITORY,
            env=variables(tmp_path, database_url()),
            stdout=subprocess.PIPE,
            stderr=terminal,
            text=True,
            check=False,
        )
        shown = os.read(controller, 65_536).decode()
    finally:
        os.close(controller)
        os.close(terminal)

    assert result.returncode == 0, result.stdout + shown
    assert "100%" in shown
    assert str(stored) not in result.stdout
    assert WebhookDelivery.objects.get(pk=stored).state == "processed"


@pytest.mark.parametrize("arguments", [["--id", "x"], ["--state", "processed"], ["--nothing"]])
def test_an_error_is_reported_with_exit_code_2(capsys, arguments):
    assert exit_code("replay_deliveries", *arguments) == 2
    assert capsys.readouterr().err.startswith("usage: ")


def test_an_unreachable_database_is_reported_with_exit_code_2(tmp_path):
    unreachable = f"postgresql://nobody@127.0.0.1:{free_port()}/nothing"

    result = manage("replay_deliveries", env=variables(tmp_path, unreachable))

    assert result.returncode == 2
    assert result.stderr
    assert "Traceback" not in result.stderr


def test_help_explains_the_exit_codes(capsys):
    assert exit_code("replay_deliveries", "--help") == 0
    assert "Exit code: 0" in " ".join(capsys.readouterr().out.split())
