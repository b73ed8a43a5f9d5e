"""deploy/nginx in front of a served site: what it parses, what it passes on, and what it keeps from the site.

Needs nginx on the PATH (apt-get install nginx-light); without it these tests are skipped, and say so.
"""

import gzip
import json
import os
import re
import shutil
import socket
import ssl
import subprocess
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import urllib3
from django.contrib.staticfiles.finders import get_finders

from leadsite.server.uploads import limit_of, upload_limit_of
from tests.factories import ORDER, Business
from tests.sessions import database_url
from tests.site import REPOSITORY, Site, free_port, serving, until

NGINX = shutil.which("nginx") or ""
SHIPPED = REPOSITORY / "deploy/nginx"
HOST = "leads.example.com"
# Other addresses of this machine, as clients.
ATTACKER, NEIGHBOUR = "127.0.0.2", "127.0.0.3"

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif(not NGINX, reason="nginx is not installed: apt-get install nginx-light"),
]


@dataclass(frozen=True)
class Proxy:
    site: Site
    plain_port: int
    port: int
    folder: Path

    def request(self, method: str, path: str, *, source: str = NEIGHBOUR, **options: Any) -> urllib3.BaseHTTPResponse:
        """A request over a new connection from this address of the machine."""
        with urllib3.HTTPSConnectionPool(
            "127.0.0.1",
            self.port,
            timeout=30,
            retries=False,
            source_address=(source, 0),
            server_hostname=HOST,
            assert_hostname=HOST,
            ca_certs=str(self.folder / "certificate/fullchain.pem"),
        ) as pool:
            given: dict[str, str] = {"Host": f"{HOST}:{self.port}"} | options.pop("headers", {})
            return pool.request(method, path, headers=given, **options)

    def connect(self, source: str) -> ssl.SSLSocket:
        context = ssl.create_default_context(cafile=self.folder / "certificate/fullchain.pem")
        bare = socket.create_connection(("127.0.0.1", self.port), timeout=30, source_address=(source, 0))
        return context.wrap_socket(bare, server_hostname=HOST)


def written(folder: Path, *, upstream: int, plain: int, secure: int) -> Path:
    """The shipped files with other ports and places to write, and a certificate: as an operator changes them."""
    (folder / "certificate").mkdir(parents=True)
    command = (
        "openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=test -addext subjectAltName=DNS:leads.example.com"
    )
    files = ["-keyout", f"{folder}/certificate/privkey.pem", "-out", f"{folder}/certificate/fullchain.pem"]
    subprocess.run([*command.split(), *files], check=True, capture_output=True)
    site = (SHIPPED / "leadsite.conf").read_text()
    site = re.sub(r"listen (\[::\]:)?80\b", rf"listen \g<1>{plain}", site)
    site = re.sub(r"listen (\[::\]:)?443\b", rf"listen \g<1>{secure}", site)
    site = site.replace("127.0.0.1:8000", f"127.0.0.1:{upstream}").replace("/dev/stdout", str(folder / "access.log"))
    site = site.replace("/opt/leadsite/", f"{folder}/")
    (folder / "leadsite.conf").write_text(site)
    kinds = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    places = "".join(f"    {kind}_temp_path {folder}/{kind};\n" for kind in kinds)
    main = (SHIPPED / "nginx.conf").read_text().replace("/run/nginx.pid", str(folder / "nginx.pid"))
    main = main.replace("/dev/stderr", str(folder / "error.log")).replace("http {\n", "http {\n" + places)
    # Started by root, nginx works as another user, who may not write here.
    user = "user root;\n" if os.geteuid() == 0 else ""
    (folder / "nginx.conf").write_text(f"daemon off;\n{user}{main}")
    return folder / "nginx.conf"


@pytest.fixture(scope="module")
def proxy(django_db_setup: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Proxy]:
    folder = tmp_path_factory.mktemp("nginx")
    variables = {"BEHIND_PROXY": "true", "ALLOWED_HOSTS": HOST, "DATABASE_TIMEOUTS": "true", "LOG_LEVEL": "INFO"}
    with serving(database_url(), tmp_path_factory.mktemp("site"), **variables) as site:
        plain, secure = free_port(), free_port()
        path = written(folder, upstream=site.port, plain=plain, secure=secure)
        process = subprocess.Popen([NGINX, "-e", str(folder / "error.log"), "-c", str(path)])
        try:
            until(lambda: answers(secure) or process.poll() is not None, (folder / "error.log").read_text)
            yield Proxy(site, plain, secure, folder)
        finally:
            process.terminate()
            process.wait(20)


def answers(port: int) -> bool:
    with suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
        return True
    return False


def key_of(business: Business) -> dict[str, str]:
    return {"Authorization": f"Bearer {business.api_key}", "Content-Type": "application/json"}


def test_nginx_takes_the_files_without_a_warning(tmp_path: Path) -> None:
    path = written(tmp_path, upstream=free_port(), plain=free_port(), secure=free_port())
    command = [NGINX, "-t", "-e", str(tmp_path / "error.log"), "-c", str(path)]
    tested = subprocess.run(command, check=False, capture_output=True, text=True)
    assert tested.returncode == 0, tested.stderr
    assert "[warn]" not in tested.stderr + (tmp_path / "error.log").read_text()


def test_the_limits_of_bodies_are_those_of_the_site() -> None:
    sizes = re.findall(
        r"client_max_body_size (\d+)k;|client_max_body_size (\d+)m;", (SHIPPED / "leadsite.conf").read_text()
    )
    kinds = {1024 * int(kilo) if kilo else 1024 * 1024 * int(mega) for kilo, mega in sizes}
    smallest, common, uploads = sorted(kinds)
    assert smallest == 1024
    assert 0 < common - limit_of("/api/leads") <= 2048
    assert 0 < uploads - (upload_limit_of("/admin/leads/importrun/add/") or 0) <= 1024 * 1024


def test_requests_arrive_with_the_address_of_the_client(proxy: Proxy, owner: Business) -> None:
    claims = {"X-Forwarded-For": "198.51.100.7", "X-Forwarded-Proto": "http", "X_Forwarded_For": "198.51.100.8"}
    answer = proxy.request("POST", "/api/leads", body=json.dumps(ORDER), headers=key_of(owner) | claims)
    assert answer.status == 201, answer.data
    number = answer.headers["X-Request-ID"]
    lines = until(lambda: [line for line in proxy.site.log().splitlines() if number in line and "finished" in line])
    assert f"client={NEIGHBOUR} " in lines[0]
    assert "198.51.100" not in lines[0]
    access = until(
        lambda: [line for line in proxy.folder.joinpath("access.log").read_text().splitlines() if number in line]
    )
    assert json.loads(access[0]) | {"client": NEIGHBOUR, "status": 201} == json.loads(access[0])


def test_what_is_not_for_everybody_is_not_passed_on(proxy: Proxy) -> None:
    assert proxy.request("GET", "/metrics").status == 404
    assert proxy.request("GET", "/livez").status == 200
    plain = urllib3.HTTPConnectionPool("127.0.0.1", proxy.plain_port, retries=False, timeout=10)
    moved = plain.request("POST", "/api/leads?a=1", headers={"Host": HOST}, redirect=False)
    assert (moved.status, moved.headers["Location"]) == (308, f"https://{HOST}/api/leads?a=1")
    with pytest.raises(urllib3.exceptions.ProtocolError):
        plain.request("GET", "/", headers={"Host": "somebody.example"})
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    with (
        socket.create_connection(("127.0.0.1", proxy.port), timeout=10) as bare,
        pytest.raises(ssl.SSLError),
    ):
        context.wrap_socket(bare, server_hostname="somebody.example")
    old = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    old.check_hostname, old.verify_mode = False, ssl.CERT_NONE
    with pytest.warns(DeprecationWarning, match="TLSv1_1"):
        old.maximum_version = ssl.TLSVersion.TLSv1_1
    with socket.create_connection(("127.0.0.1", proxy.port), timeout=10) as bare, pytest.raises(ssl.SSLError):
        old.wrap_socket(bare, server_hostname=HOST)


def test_static_files_come_from_the_disk_also_those_that_no_process_knows_yet(proxy: Proxy) -> None:
    """While processes are replaced, pages of the new release ask former processes for its styles."""
    files = proxy.folder / "staticfiles/inbox"
    files.mkdir(parents=True)
    (files / "inbox.0123456789ab.css").write_text("a {}")
    (files / "inbox.0123456789ab.css.gz").write_bytes(gzip.compress(b"a {}"))
    (files / "inbox.css").write_text("a {}")
    new = proxy.request("GET", "/static/inbox/inbox.0123456789ab.css", headers={"Accept-Encoding": "gzip"})
    assert (new.status, new.data, new.headers["Content-Encoding"]) == (200, b"a {}", "gzip")
    assert new.headers["Content-Type"] == "text/css; charset=utf-8"
    assert new.headers["Cache-Control"] == "max-age=315360000, public, immutable"
    assert new.headers["X-Content-Type-Options"] == "nosniff"
    assert proxy.request("GET", "/static/inbox/inbox.css").headers["Cache-Control"] == "max-age=60, public"
    # Anything else is the site's.
    for path in ("/static/inbox/none.css", "/static/inbox/", "/static/"):
        answer = proxy.request("GET", path)
        assert answer.status == 404
        assert "X-Request-ID" in answer.headers, path


def test_every_kind_of_static_file_has_a_type() -> None:
    text = (SHIPPED / "leadsite.conf").read_text()
    listed = set(re.findall(r"\w+", " ".join(re.findall(r"^ +[\w-]+/[\w+.-]+ ([\w ]+);$", text, re.MULTILINE))))
    found = {Path(name).suffix[1:] for finder in get_finders() for name, _ in finder.list([])}
    # Read by nobody: licences.
    assert found - {"md", ""} == listed


def test_a_large_body_is_refused_in_the_format_of_the_site(proxy: Proxy, owner: Business) -> None:
    answer = proxy.request("POST", "/api/leads", body=b" " * 5_000_000, headers=key_of(owner))
    assert (answer.status, answer.json()["code"]) == (413, "body_too_large")
    page = proxy.request("POST", "/admin/login/", body=b" " * 5_000_000)
    assert (page.status, page.data) == (413, b"This is too large. Send less at a time.\n")
    # Above what everybody may send, and not above what staff may: the site decides.
    upload = proxy.request("POST", "/admin/leads/importrun/add/", body=b" " * 5_000_000)
    assert upload.status == 413
    assert b"Send less at a time" not in upload.data


def test_slow_clients_stop_nobody(proxy: Proxy, owner: Business) -> None:
    """180 that announce a body and drip it, and 60 that do not end their headers."""
    head = f"POST /api/webhooks/whatsapp HTTP/1.1\r\nHost: {HOST}\r\nContent-Length: 100000\r\n\r\n"
    with ExitStack() as stack:
        with ThreadPoolExecutor(20) as starting:
            slow = list(starting.map(lambda _: stack.enter_context(closing(proxy.connect(ATTACKER))), range(240)))
        for number, client in enumerate(slow):
            client.sendall(head.encode() if number < 180 else head[:60].encode())
        seconds = []
        for _ in range(30):
            for client in slow:
                with suppress(OSError):
                    client.sendall(b" ")
            started = time.monotonic()
            answer = proxy.request("POST", "/api/leads", body=json.dumps(ORDER), headers=key_of(owner))
            assert answer.status == 201
            seconds.append(time.monotonic() - started)
    # The machine may be busy; before, all waited until the slow ones had gone.
    assert sorted(seconds)[-3] < 1.0, seconds


def test_connections_of_an_address_are_limited(proxy: Proxy, owner: Business) -> None:
    head = f"POST /api/leads HTTP/1.1\r\nHost: {HOST}\r\nContent-Length: 1000\r\n\r\n"
    with ExitStack() as stack:
        with ThreadPoolExecutor(20) as starting:
            held = list(starting.map(lambda _: stack.enter_context(closing(proxy.connect(ATTACKER))), range(230)))
        for client in held:
            client.sendall(head.encode())
        time.sleep(0.5)
        refused = proxy.request("GET", "/api/leads", source=ATTACKER, headers=key_of(owner))
        assert (refused.status, refused.json()["code"]) == (429, "too_many_requests")
        assert refused.headers["Retry-After"] == "5"
        assert proxy.request("GET", "/api/leads", headers=key_of(owner)).status == 200


def test_while_the_site_is_away_everybody_is_told(proxy: Proxy, owner: Business) -> None:
    """Last: it stops the site."""
    proxy.site.stop()
    started = time.monotonic()
    answer = proxy.request("POST", "/api/leads", body=json.dumps(ORDER), headers=key_of(owner))
    assert (answer.status, answer.json()["code"], answer.headers["Retry-After"]) == (503, "outcome_unknown", "5")
    page = proxy.request("GET", "/admin/")
    assert (page.status, page.headers["Retry-After"]) == (503, "5")
    assert b"The site does not answer at the moment." in page.data
    assert time.monotonic() - started < 5
    proxy.site.start()
    again = until(lambda: proxy.request("GET", "/api/leads", headers=key_of(owner)).status == 200)
    assert again
