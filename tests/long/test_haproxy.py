"""HAProxy of deploy/cluster, as deploy/cluster/render writes its file, in front of two web servers that are stand-ins.

Needs HAProxy (apt-get install haproxy), and addresses of 127.0.0.0/8 as Linux has them; otherwise it is skipped.
`make test-cluster` has the real servers.
"""

import random
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest
import urllib3

from tests.site import REPOSITORY, until

PROGRAM = shutil.which("haproxy", path="/usr/sbin:/usr/bin")

pytestmark = pytest.mark.skipif(
    not PROGRAM or sys.platform != "linux", reason="haproxy is not installed: apt-get install haproxy"
)


class Quiet(ThreadingHTTPServer):
    def handle_error(self, request: object, client_address: object) -> None:
        """HAProxy closes the connection of a check when it has read the status."""


@dataclass
class WebServer:
    """Answers 200; without a database 503, but to /livez."""

    name: str
    address: str
    database: bool = True
    server: ThreadingHTTPServer = field(init=False)

    def __post_init__(self) -> None:
        site = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:  # the name is http.server's
                self.send_response(200 if site.database or self.path == "/livez" else 503)
                self.end_headers()
                self.wfile.write(site.name.encode())

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - http.server's name
                pass

        self.server = Quiet((self.address, 8001), Handler)
        Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()

    def close(self) -> None:
        self.server.shutdown()
        self.server.server_close()


@dataclass
class Balanced:
    front: str
    sites: list[WebServer]
    log: Path

    def get(self) -> urllib3.BaseHTTPResponse:
        return urllib3.request("GET", f"http://{self.front}:8000/api/leads", retries=False, timeout=10)

    def answers(self, times: int = 40) -> set[tuple[int, str]]:
        """The status and the web server of each of so many requests."""
        return {(answer.status, answer.data.decode()) for answer in (self.get() for _ in range(times))}


@pytest.fixture
def balanced(tmp_path: Path) -> Iterator[Balanced]:
    """Addresses of loopback that no other process of the tests uses, because the ports are those of the file."""
    network = f"127.{random.randint(1, 254)}.{random.randint(1, 254)}"
    front, app1, app2 = (f"{network}.{number}" for number in (1, 21, 22))
    own = {"FRONT": front, "ADDRESS": front, "APP1": app1, "APP2": app2, "CONFIG": str(tmp_path / "made")}
    own |= {f"DB{number}": f"{network}.1{number}" for number in (1, 2, 3)} | {"NETWORK": f"{network}.0/24"}
    example = (REPOSITORY / "deploy/cluster/node.env.example").read_text()
    (tmp_path / "node.env").write_text(example + "".join(f"{name}={value}\n" for name, value in own.items()))
    render = REPOSITORY / "deploy/cluster/render"
    subprocess.run([sys.executable, render, tmp_path / "node.env", tmp_path / "made"], check=True)
    command = [str(PROGRAM), "-f", str(tmp_path / "made/haproxy.cfg")]
    checked = subprocess.run([*command, "-c"], capture_output=True, text=True, check=False)
    assert (checked.returncode, "WARNING" in checked.stderr) == (0, False), checked.stderr
    with ExitStack() as stack:
        sites = [WebServer(name, address) for name, address in (("app1", app1), ("app2", app2))]
        for site in sites:
            stack.callback(site.close)
        log = tmp_path / "haproxy.log"
        haproxy = subprocess.Popen([*command, "-db"], stderr=stack.enter_context(log.open("wb")))
        stack.callback(haproxy.wait)
        stack.callback(haproxy.terminate)
        made = Balanced(front, sites, log)
        until(lambda: haproxy.poll() is None and _answers(made))
        yield made


def _answers(balanced: Balanced) -> bool:
    try:
        return balanced.answers() == {(200, "app1"), (200, "app2")}
    except urllib3.exceptions.HTTPError:
        return False


def test_a_web_server_without_its_pgbouncer_gets_no_request(balanced: Balanced) -> None:
    balanced.sites[0].database = False
    until(lambda: balanced.answers() == {(200, "app2")})
    balanced.sites[0].database = True
    until(lambda: balanced.answers() == {(200, "app1"), (200, "app2")})


def test_without_a_database_the_web_servers_say_so_themselves_and_answer_when_it_is_back(balanced: Balanced) -> None:
    for site in balanced.sites:
        site.database = False
    until(lambda: "backend 'ready' has no server available" in balanced.log.read_text())
    assert balanced.answers() == {(503, "app1"), (503, "app2")}
    for site in balanced.sites:
        site.database = True
    assert {status for status, _ in balanced.answers()} == {200}


def test_without_a_web_server_clients_are_told_when_to_come_again(balanced: Balanced) -> None:
    for site in balanced.sites:
        site.close()
    until(lambda: b"No web server is running" in balanced.get().data)
    answer = balanced.get()
    assert (answer.status, answer.headers["Retry-After"], answer.json()["code"]) == (503, "5", "too_busy")
