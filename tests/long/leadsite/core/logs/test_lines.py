"""The logs of the site as the Dockerfile starts it, in production's mode: each line is one JSON object."""

import json
import os
import re
import secrets
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest
import requests

from leadsite.demo.supervisor import HOST
from tests.factories import ORDER, Business
from tests.sessions import database_url
from tests.site import REPOSITORY, environment, free_port, request, until

pytestmark = pytest.mark.django_db(transaction=True)

PHONE = "+4915123456789"
TOKEN = "a-verify-token-that-nobody-may-see"


def shipped_command(port: int) -> list[str]:
    """The Dockerfile's CMD, on this machine's port; access lines too, as an operator may want them."""
    dockerfile = (REPOSITORY / "Dockerfile").read_text(encoding="utf-8")
    (found,) = re.findall(r"^CMD (\[.*\])", dockerfile.replace("\\\n", ""), re.MULTILINE)
    program, *options = json.loads(found)
    options = [f"--host={HOST}" if one.startswith("--host") else one for one in options]
    options = [f"--port={port}" if one.startswith("--port") else one for one in options]
    return [str(Path(sys.executable).parent / program), "--access-log", *options]


def production(data_dir: Path, **variables: str) -> dict[str, str]:
    fixed = {"DATABASE_URL": database_url(), "SECRET_KEY": secrets.token_urlsafe(50), "ALLOWED_HOSTS": HOST}
    fixed |= {"HTTPS": "false", "BEHIND_PROXY": "true", "WHATSAPP_VERIFY_TOKEN": TOKEN, "DATABASE_TIMEOUTS": "false"}
    # No file of an installation is read: it has none of the variables above.
    return environment(data_dir, **(fixed | variables))


class Process:
    def __init__(self, command: list[str], env: dict[str, str], out: Path) -> None:
        self._out = out
        with out.open("ab") as file:
            self.process = subprocess.Popen(
                command, cwd=REPOSITORY, env=env, stdout=file, stderr=file, start_new_session=True
            )

    def text(self) -> str:
        return self._out.read_text(errors="replace")

    def lines(self) -> list[dict[str, Any]]:
        """Fails on any line that is no JSON object."""
        found = [json.loads(line) for line in self.text().splitlines()]
        assert all(isinstance(line, dict) and {"event", "level", "timestamp"} <= line.keys() for line in found)
        return found

    def named(self, event: str) -> list[dict[str, Any]]:
        return [line for line in self.lines() if line["event"] == event]


@contextmanager
def running(command: list[str], env: dict[str, str], out: Path) -> Iterator[Process]:
    process = Process(command, env, out)
    try:
        yield process
    finally:
        process.process.terminate()
        try:
            process.process.wait(30)
        finally:
            with suppress(ProcessLookupError):
                os.killpg(process.process.pid, signal.SIGKILL)
            process.process.wait()


def is_served(address: str) -> bool:
    with suppress(requests.ConnectionError):
        return request("GET", f"{address}/livez").status_code == 200
    return False


def visit_all(address: str, port: int, api_key: str) -> dict[str, requests.Response]:
    """Requests of each kind, answered by Django or by the web server."""
    there = {"X-Request-ID": "an-id-of-the-proxy", "X-Forwarded-For": "10.6.6.6, 198.51.100.7"}
    query = f"?hub.mode=subscribe&hub.verify_token=guess-{TOKEN}&hub.challenge=1"
    key = {"Authorization": f"Bearer {api_key}"}
    return {
        "created": request("POST", f"{address}/api/leads", json=ORDER | {"customer_phone": PHONE}, headers=there | key),
        "unauthorized": request("GET", f"{address}/api/leads?customer_phone={PHONE}", headers=there),
        "no such path": request("GET", f"{address}/api/{PHONE}", headers=there),
        "verification": request("GET", f"{address}/api/webhooks/whatsapp{query}", headers=there),
        "bad host": request("GET", f"{address}/api/leads", headers=there | {"Host": "evil.example"}),
        # The image has collected static files, this directory has none: an error that nobody handles.
        "broken": request("GET", f"{address}/admin/login/", headers=there),
        "probe": request("GET", f"{address}/livez", headers=there),
        "ready": request("GET", f"{address}/readyz", headers=there),
        "too large": request("POST", f"{address}/api/leads", data=b"x" * 5_000_000, headers=there),
    }


def test_every_line_of_the_web_server_is_a_json_object(owner: Business, tmp_path: Path) -> None:
    port = free_port()
    address = f"http://{HOST}:{port}"
    with running(shipped_command(port), production(tmp_path), tmp_path / "log") as site:
        until(lambda: is_served(address), site.text)
        answers = visit_all(address, port, owner.api_key)
        with socket.create_connection((HOST, port)) as half:
            half.sendall(b"POST /api/leads HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\n{")
        until(lambda: len(site.named("request_finished")) >= 7, site.text)
    statuses = {name: answer.status_code for name, answer in answers.items()}
    assert statuses == {
        "created": 201,
        "unauthorized": 401,
        "no such path": 404,
        "verification": 403,
        "bad host": 400,
        "broken": 500,
        "probe": 200,
        "ready": 200,
        "too large": 413,
    }
    assert {answer.headers["X-Request-ID"] for answer in answers.values()} == {"an-id-of-the-proxy"}
    finished = {(line["method"], line["path"], line["status"]): line for line in site.named("request_finished")}
    created = finished["POST", "/api/leads", 201]
    assert (created["route"], created["client"], created["request_id"], created["user_id"]) == (
        "api/leads",
        "198.51.100.7",
        "an-id-of-the-proxy",
        str(owner.id),
    )
    assert created["ms"] > 0
    assert finished["POST", "/api/leads", 413]["client"] == "198.51.100.7"
    (failed,) = site.named("request_failed")
    assert "Traceback" in failed["exception"]
    assert site.named("access")
    text = site.text()
    assert "Listening at" in text
    assert "Shutting down granian" in text
    assert PHONE[1:] not in text
    assert TOKEN not in text


def test_every_line_of_the_worker_is_a_json_object(db: None, tmp_path: Path) -> None:
    command = [sys.executable, "manage.py", "worker"]
    with running(command, production(tmp_path), tmp_path / "log") as worker:
        until(lambda: worker.named("worker_started"), worker.text)
    assert worker.named("worker_stopped")


@pytest.mark.parametrize("missing", ["SECRET_KEY", "DATABASE_URL"])
def test_a_web_server_that_cannot_start_says_why_in_json(db: None, tmp_path: Path, missing: str) -> None:
    env = production(tmp_path) | {missing: ""}
    with running(shipped_command(free_port()), env, tmp_path / "log") as site:
        until(lambda: missing in site.text(), site.text)
    assert site.named("start_failed")[0]["level"] == "critical"
    assert site.lines()
