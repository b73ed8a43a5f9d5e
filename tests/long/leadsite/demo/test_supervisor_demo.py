"""`make run` starts the whole site, and stops all of it. The demo runs as a user starts it."""

import re
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from leadsite.demo import secrets as demo_secrets
from leadsite.demo.embedded import EmbeddedPostgres, database_url
from leadsite.demo.supervisor import HOST, server_command
from tests.leadsite.demo.demo_process import Demo, demo, is_alive, still_there
from tests.site import REPOSITORY, environment, manage, request


def test_it_prints_how_to_use_it_and_ctrl_c_leaves_nothing_running(data_dir: Path) -> None:
    with demo(data_dir) as first:
        assert first.shown("Site") == f"{first.address}/"
        assert first.shown("API") == f"{first.address}/api/leads"
        assert first.shown("Webhook") == f"{first.address}/api/webhooks/whatsapp"
        assert str(demo_secrets.path(data_dir)) in first.output()
        assert first.shown("Admin login") == "demo@leadsite.example"
        answer = first.post_lead()
        started = first.everything()
        assert first.child("worker") in started

        assert first.press_ctrl_c() == 0

    assert answer.status_code == 201
    assert {"lead_id", "conversation_id"} <= answer.json().keys()
    assert still_there(started) == []


def test_a_second_start_has_the_same_key_password_and_data(data_dir: Path) -> None:
    """Its WhatsApp number too, even if it was given to another business."""
    channel = "SELECT email, display_number FROM channels JOIN users ON users.id = user_id"
    with demo(data_dir) as first, psycopg.connect(database_url(data_dir)) as session:
        answer = first.post_lead().json()
        leads = stored_leads(data_dir)
        banner = [first.shown("API key"), first.shown("Password"), first.shown("Admin login")]
        assert session.execute(channel).fetchall() == [(first.shown("Admin login"), "+49 30 5550100")]
        manage("create_business", "--email=other@bakery.example", env=environment(data_dir))
        session.execute("UPDATE channels SET user_id = (SELECT id FROM users WHERE email = 'other@bakery.example')")

    with demo(data_dir) as second, psycopg.connect(database_url(data_dir)) as session:
        assert session.execute(channel).fetchall() == [("other@bakery.example", "+49 30 5550100")]
        assert [second.shown("API key"), second.shown("Password"), second.shown("Admin login")] == banner
        assert stored_leads(data_dir) == leads
        assert leads[answer["lead_id"]] == answer["conversation_id"]
        key = {"Authorization": f"Bearer {second.shown('API key')}"}
        assert request("GET", f"{second.address}/api/leads/{answer['lead_id']}", headers=key).status_code == 200


def stored_leads(data_dir: Path) -> dict[str, str]:
    with psycopg.connect(database_url(data_dir)) as session:
        return dict(session.execute("SELECT id::text, conversation_id::text FROM leads").fetchall())


def test_a_busy_port_ends_it_with_a_message_that_names_port(data_dir: Path) -> None:
    with socket.create_server((HOST, 0)) as other:
        port = other.getsockname()[1]

        ended = manage("demo", env=environment(data_dir, LEADSITE_DEMO="true", PORT=str(port)))

    assert ended.returncode == 1
    assert f"Port {port} cannot be used" in ended.stderr
    assert "PORT=" in ended.stderr
    assert "Traceback" not in ended.stderr
    assert not EmbeddedPostgres(data_dir).is_running()


@pytest.fixture(scope="class")
def running(data_dir: Path) -> Iterator[Demo]:
    with demo(data_dir) as started:
        yield started


class TestBesideADemo:
    """Commands in another terminal. One demo for all of these tests."""

    def test_a_worker_uses_its_database_and_leaves_it_running(self, running: Demo, data_dir: Path) -> None:
        ended = manage("worker", "--once", env=environment(data_dir))

        assert ended.returncode == 0, ended.stderr
        assert running.takes_leads()
        assert is_alive(running.child("worker"))

    def test_the_printed_command_simulates_a_customers_message(self, running: Demo, data_dir: Path) -> None:
        found = re.search(r"^  (.* manage\.py simulate_whatsapp .*)$", running.output(), re.MULTILINE)
        assert found, running.output()
        variables = environment(data_dir)

        ended = subprocess.run(
            found[1], shell=True, cwd=REPOSITORY, env=variables, capture_output=True, text=True, check=False
        )

        assert ended.returncode == 0, ended.stderr
        with psycopg.connect(database_url(data_dir)) as session:
            row = session.execute("SELECT source FROM leads WHERE details = 'Hello'").fetchone()
        assert row == ("whatsapp",)

    def test_database_url_prints_the_address_of_its_database(self, running: Demo, data_dir: Path) -> None:
        printed = manage("database_url", env=environment(data_dir))

        with psycopg.connect(printed.stdout.strip()) as session:
            row = session.execute("SELECT count(*) FROM users WHERE email = %s", [running.shown("Admin login")])
            assert row.fetchone() == (1,)


CHECK = ["manage.py", "check"]
WSGI = ["-c", "import leadsite.wsgi"]
WEB = server_command(0, workers=1)[1:]
SECRET = {"SECRET_KEY": "a secret of an installation", "DATABASE_URL": ""}
NOTHING = {"SECRET_KEY": "", "DATABASE_URL": ""}


@pytest.mark.parametrize(
    ("command", "beside_a_demo", "settings", "missing"),
    [
        (CHECK, False, NOTHING, "SECRET_KEY"),
        (CHECK, False, SECRET, "DATABASE_URL"),
        # A command beside a demo uses the demo's settings, unless a variable is set.
        (CHECK, True, SECRET, "DATABASE_URL"),
        (WSGI, True, NOTHING, "SECRET_KEY"),
        (WSGI, True, SECRET, "DATABASE_URL"),
        (WEB, True, NOTHING, "SECRET_KEY"),
        (WEB, True, SECRET, "DATABASE_URL"),
    ],
)
def test_an_installation_without_required_settings_refuses_to_start(
    tmp_path: Path, command: list[str], beside_a_demo: bool, settings: dict[str, str], missing: str
) -> None:
    if beside_a_demo:
        demo_secrets.ensure(tmp_path)

    ended = subprocess.run(
        [sys.executable, *command],
        cwd=REPOSITORY,
        env=environment(tmp_path, **settings),
        capture_output=True,
        text=True,
        check=False,
    )

    assert ended.returncode == 1
    assert f"{missing} is not set. Set it to" in ended.stdout + ended.stderr
