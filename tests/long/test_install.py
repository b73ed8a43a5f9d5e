"""docs/operations.md, "On one machine", followed in a bare directory, and its processes killed, reloaded and stopped.

nginx and systemd-analyze are those of the machine (.ci/run installs them); sudo, apt-get, useradd and systemctl are
stand-ins of tests/long/machine.py.
"""

import json
import random
import re
import shutil
import socket
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil
import pytest
import requests
import urllib3

from tests.blocks import commands, section
from tests.factories import ORDER
from tests.leadsite.demo.demo_process import is_alive
from tests.long.machine import Machine, Unit, kernel_settings, machine
from tests.site import REPOSITORY, request, until

HOST = "leads.example.com"
ANALYZE = shutil.which("systemd-analyze")

pytestmark = pytest.mark.skipif(
    not shutil.which("nginx", path="/usr/sbin:/usr/bin:/sbin:/bin"),
    reason="nginx is not installed: apt-get install nginx-light",
)


@dataclass
class Installed:
    machine: Machine
    web: Unit
    worker: Unit
    printed: str
    api_key: str

    def manage(self, *arguments: str) -> str:
        command = " ".join(["sudo -u leadsite .venv/bin/python manage.py", *arguments])
        return self.machine.follow([f"cd /opt/leadsite\n{command}"])

    def post(self, phone: str) -> urllib3.BaseHTTPResponse:
        lead = json.dumps(ORDER | {"customer_phone": phone})
        key = {"Authorization": f"Bearer {self.api_key}", "Content-Type": "application/json"}
        return self.request("POST", "/api/leads", body=lead, headers=key)

    def request(self, method: str, path: str, **options: Any) -> urllib3.BaseHTTPResponse:
        """Through nginx, by the name of the site, with the certificate that the blocks have made."""
        certificate = self.machine.folder / "etc/nginx/leadsite/certificate/fullchain.pem"
        with urllib3.HTTPSConnectionPool(
            "127.0.0.1",
            self.machine.secure_port,
            timeout=30,
            retries=False,
            server_hostname=HOST,
            assert_hostname=HOST,
            ca_certs=str(certificate),
        ) as pool:
            given = {"Host": f"{HOST}:{self.machine.secure_port}"} | options.pop("headers", {})
            return pool.request(method, path, headers=given, **options)


@pytest.fixture
def sysctl(installed: Installed) -> Iterator[None]:
    """What systemd-sysctl does, which is a stand-in here."""
    with kernel_settings(installed.machine.folder / "etc/sysctl.d/leadsite.conf") as applied:
        if not applied:
            pytest.skip("The kernel's settings cannot be changed here: that takes root, and Linux 5.14.")
        yield


@pytest.fixture(scope="module")
def installed() -> Iterator[Installed]:
    with machine() as made, ExitStack() as stack:
        found = [block.text for block in section(REPOSITORY / "docs/operations.md", "On one machine")]
        steps = found[: next(number for number, text in enumerate(found) if "readyz" in text)]
        made.follow(steps)
        started = re.findall(r"systemctl enable --now (.+)", "\n".join(steps))[0].split()
        assert started == ["leadsite-migrate", "leadsite-web", "leadsite-worker"]
        made.unit("leadsite-migrate").run()
        web, worker = made.unit("leadsite-web"), made.unit("leadsite-worker")
        for unit in (web, worker):
            stack.callback(unit.stop)
            unit.start()
        nginx = subprocess.Popen(
            ["nginx", "-c", str(made.folder / "etc/nginx/leadsite/nginx.conf"), "-g", "daemon off;"],
            env=made.env,
            stderr=stack.enter_context((made.folder / "var/nginx.log").open("wb")),
        )
        stack.callback(nginx.wait)
        stack.callback(nginx.terminate)
        until(lambda: is_ready(made.site_port), web.log.read_text)
        rest = [block for block in section(REPOSITORY / "docs/operations.md", "On one machine") if not block.reason]
        checks = [
            block.text for block in rest if "readyz" in block.text or "apt-get install --yes prometheus" in block.text
        ]
        printed = made.follow([f"HOST={HOST}\ncd /opt/leadsite", *checks]) + made.errors
        key = made.follow(
            [
                "cd /opt/leadsite\nsudo -u leadsite .venv/bin/python manage.py create_business"
                " --email bella@example.com --json"
            ]
        )
        yield Installed(made, web, worker, printed, json.loads(key)["api_key"])


def serving(installed: Installed) -> list[psutil.Process]:
    """The processes that answer requests."""
    found = []
    for child in psutil.Process(installed.web.pid).children():
        with suppress(psutil.NoSuchProcess):
            if "resource_tracker" not in " ".join(child.cmdline()):
                found.append(child)
    return found


def is_ready(port: int) -> bool:
    with suppress(requests.ConnectionError, requests.Timeout):
        answer = request("GET", f"http://127.0.0.1:{port}/readyz", headers={"Host": HOST})
        return answer.status_code == 200
    return False


def test_the_copied_blocks_end_in_a_working_site(installed: Installed) -> None:
    """TLS, the site, the database with its roles, the checks, the first login, monitoring."""
    assert '"status": "ok"' in installed.printed
    assert f"https://{HOST}/" in installed.printed  # the link to a new password
    assert "leadsite_database_up 1.0" in installed.printed
    # Of check --deploy; the app secret is entered with the first number.
    assert set(re.findall(r"\((\w+\.[EW]\d+)\)", installed.printed)) == {"leadsite.W002"}
    assert installed.post("+4915112345601").status == 201


def test_pages_behind_the_described_proxy_are_not_redirected_to_themselves(installed: Installed) -> None:
    page = installed.request("GET", "/admin/login/", redirect=False)
    assert page.status == 200
    assert "Strict-Transport-Security" in page.headers
    assert "csrftoken" in page.headers["Set-Cookie"]
    style = installed.request("GET", re.findall(r'href="(/static/[^"]+\.css)"', page.data.decode())[0])
    assert (style.status, "X-Request-ID" in style.headers) == (200, False), "nginx reads it from the disk"
    assert style.headers["Cache-Control"].endswith("immutable")


def test_services_are_those_of_an_ordinary_user(installed: Installed) -> None:
    for unit in (installed.web, installed.worker):
        assert psutil.Process(unit.pid).uids().real == installed.machine.account.pw_uid != 0
    assert oct((installed.machine.folder / "etc/leadsite/migrate.env").stat().st_mode)[-3:] == "600"
    assert oct((installed.machine.folder / "etc/leadsite/leadsite.env").stat().st_mode)[-3:] == "640"


@pytest.mark.skipif(not ANALYZE, reason="systemd is not installed: apt-get install systemd")
def test_systemd_takes_the_units_without_a_remark(installed: Installed) -> None:
    units = sorted((installed.machine.folder / "etc/systemd/system").glob("leadsite-*.*"))
    assert len(units) >= 3
    checked = subprocess.run([str(ANALYZE), "verify", *units], capture_output=True, text=True, check=False)
    ours = [line for line in checked.stderr.splitlines() if "leadsite" in line]
    assert (checked.returncode, ours) == (0, [])


def test_whatever_is_killed_is_back_within_seconds(installed: Installed) -> None:
    def killed(pid: int, unit: Unit) -> float:
        process = psutil.Process(pid)
        process.kill()
        started = time.monotonic()
        until(lambda: not is_alive(process))
        until(lambda: installed.post("+4915112345602").status == 201, unit.log.read_text)
        return time.monotonic() - started

    workers = serving(installed)
    assert killed(workers[0].pid, installed.web) < 10  # the other one answers
    assert installed.web.restarts == 0  # granian has replaced it
    # As long as a start takes: three seconds, on a machine that is busy with tests more.
    assert killed(installed.web.pid, installed.web) < 30
    until(lambda: installed.web.restarts == 1)
    killed(installed.worker.pid, installed.worker)
    until(lambda: installed.worker.restarts == 1)


def post_late(installed: Installed, phone: str) -> int:
    """As nginx on a busy machine, to the site itself: the request is sent a moment after the connection stands."""
    body = json.dumps(ORDER | {"customer_phone": phone})
    head = f"POST /api/leads HTTP/1.1\r\nHost: {HOST}\r\nX-Forwarded-For: 192.0.2.7\r\nX-Forwarded-Proto: https\r\n"
    head += f"Authorization: Bearer {installed.api_key}\r\nContent-Type: application/json\r\n"
    with socket.create_connection(("127.0.0.1", installed.machine.site_port), timeout=30) as client:
        time.sleep(random.random() * 0.1)
        client.sendall(f"{head}Content-Length: {len(body)}\r\n\r\n{body}".encode())
        return int(client.recv(4096).split()[1])


@pytest.mark.usefixtures("sysctl")
def test_settings_change_without_a_refused_request(installed: Installed) -> None:
    """A new SECRET_KEY, with the former one as a fallback, by systemctl reload, under load."""
    path = installed.machine.folder / "etc/leadsite/leadsite.env"
    text = path.read_text()
    former = re.search(r"^SECRET_KEY=(.+)$", text, re.MULTILINE)
    assert former
    text = text.replace(former[0], "SECRET_KEY=" + "another-secret-of-this-site-" * 2)
    path.write_text(text.replace("#SECRET_KEY_FALLBACKS=", f"SECRET_KEY_FALLBACKS={former[1]}"))
    before = serving(installed)
    refused: list[object] = []
    over = threading.Event()

    def load(number: int) -> None:
        while not over.is_set():
            try:
                phone = f"+49151123457{number:02}"
                status = installed.post(phone).status if number % 2 else post_late(installed, phone)
                # 429: the key's limit, which is reached when the site keeps up.
                refused.extend([status] if status not in {201, 429} else [])
            except (urllib3.exceptions.HTTPError, OSError, LookupError) as error:
                refused.append(error)

    clients = [threading.Thread(target=load, args=(number,)) for number in range(20)]
    for client in clients:
        client.start()
    code = installed.web.reload()
    left = [process for process in before if is_alive(process)]
    time.sleep(1)
    over.set()
    for client in clients:
        client.join()
    assert (code, left) == (0, []), installed.web.log.read_text()
    log = (installed.machine.folder / "var/nginx.log").read_text()
    # Its access log has no syslog here.
    assert refused == [], [line for line in log.splitlines() if "[error]" in line]


def test_a_reload_with_settings_that_cannot_be_read_replaces_nothing(installed: Installed) -> None:
    path = installed.machine.folder / "etc/leadsite/leadsite.env"
    text = path.read_text()
    before = serving(installed)
    path.write_text(f"{text}\nHTTPS=perhaps\n")
    try:
        assert installed.web.reload() == 1
    finally:
        path.write_text(text)
    assert "HTTPS" in installed.web.log.read_text()
    assert serving(installed) == before
    assert installed.post("+4915112345603").status == 201


def test_the_nightly_backup_is_made_by_its_unit(installed: Installed) -> None:
    """And the other blocks of the page, which start and restart units, are commands that there are."""
    installed.machine.unit("leadsite-backup").run()
    found = commands(REPOSITORY)[REPOSITORY / "docs/operations.md"]
    later = section(REPOSITORY / "docs/operations.md", "Backups")
    ours = [block.text for block in found if not block.reason and block in later]
    printed = installed.machine.follow(ours)
    assert re.fullmatch(r"leadsite-\d{8}T\d{6}Z", printed.strip())
    asked = (installed.machine.folder / "shims.log").read_text()
    assert "systemctl enable --now leadsite-backup.timer" in asked


def test_files_that_are_copied_again_keep_what_was_entered(installed: Installed) -> None:
    """Those of nginx and of monitoring, in a new shell, as CHANGELOG.md may ask for at an upgrade."""
    made = installed.machine
    found = [block.text for block in section(REPOSITORY / "docs/operations.md", "On one machine") if not block.reason]
    password = made.folder / "etc/prometheus/mail-password"
    password.write_text("of the account")
    made.follow([next(text for text in found if "mail-password" in text)])
    assert password.read_text() == "of the account"
    entered = {path: path.read_bytes() for path in (made.folder / "etc").rglob("*") if path.is_file()}
    for path in ("nginx/leadsite/leadsite.conf", "nginx/leadsite/nginx.conf", "prometheus/alerts.yml"):
        (made.folder / "etc" / path).write_text("of the release before")
    (made.folder / "shims.log").write_text("")
    made.follow([text for text in found if "reload nginx" in text or "reload prometheus" in text])
    asked = (made.folder / "shims.log").read_text().splitlines()
    assert asked == ["systemctl reload nginx", "systemctl reload prometheus"]
    assert {path: path.read_bytes() for path in entered} == entered


@pytest.fixture
def release(installed: Installed) -> Path:
    """A copy of the repository, whose deploy/upgrade has the places of this machine."""
    folder = installed.machine.folder / "home/release"
    (names,) = re.findall(r"^code='(.+)'$", (REPOSITORY / "deploy/upgrade").read_text(), re.MULTILINE)
    folder.mkdir()
    subprocess.run(["cp", "-r", *names.split(), folder], cwd=REPOSITORY, check=True)
    script = folder / "deploy/upgrade"
    script.write_text(installed.machine.here(script.read_text()))
    return folder


def test_an_upgrade_replaces_the_code_and_ends_at_the_first_step_that_fails(
    installed: Installed, release: Path
) -> None:
    made, log = installed.machine, installed.machine.folder / "shims.log"
    found = [block.text for block in section(REPOSITORY / "docs/operations.md", "On one machine")]
    upgrade, back = [text for text in found if "deploy/upgrade" in text]
    removed = made.folder / "opt/leadsite/leads/removed.py"
    failing = made.folder / "shims.log.failing"
    steps = ["start leadsite-backup", "daemon-reload", "restart leadsite-migrate", "reload leadsite-web"]
    steps = [f"systemctl {step}" for step in (*steps, "restart leadsite-worker")]

    def asked(block: str) -> list[str]:
        log.write_text("")
        made.follow([f"cd {release}\n{block} || true"])
        return log.read_text().splitlines()

    removed.write_text("")
    failing.write_text("restart leadsite-migrate\n")
    assert asked(upgrade) == asked(upgrade) == steps[:3]
    assert not removed.exists()
    assert asked(back) == [steps[1], *steps[3:]]
    assert removed.exists()
    failing.unlink()
    assert asked(upgrade) == steps
    assert not removed.exists()
    assert installed.manage("check")
    assert installed.post("+4915112345604").status == 201


def test_services_stop_in_order(installed: Installed) -> None:
    """Last: it stops them. Within the time of the unit, so that nothing is killed."""
    assert installed.web.stop() < float(installed.web.settings["TimeoutStopSec"])
    assert installed.worker.stop() < float(installed.worker.settings["TimeoutStopSec"])
