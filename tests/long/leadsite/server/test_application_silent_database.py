"""The site beside a database server that is suspended: its processes are there, its connections stand, none answers."""

import json
import signal
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import psutil
import pytest

from leadsite.demo.embedded import EmbeddedPostgres
from tests.factories import ORDER
from tests.site import Site, environment, manage, request, serving, until

# The limit of a request's waiting is 4 s; the rest is for a busy machine.
LONGEST_SECONDS = 15
CLIENTS = 12


@pytest.fixture
def database(tmp_path: Path) -> Iterator[EmbeddedPostgres]:
    """A server of its own, which can be suspended."""
    server = EmbeddedPostgres(tmp_path)
    server.start()
    try:
        yield server
    finally:
        server.stop()


@contextmanager
def suspended(data_dir: Path) -> Iterator[None]:
    """Suspend the postmaster and all backends, as a paused machine does."""
    (pid_file,) = data_dir.rglob("postmaster.pid")
    postmaster = psutil.Process(int(pid_file.read_text().split()[0]))
    processes = [postmaster, *postmaster.children(recursive=True)]
    for process in processes:
        process.send_signal(signal.SIGSTOP)
    try:
        yield
    finally:
        for process in processes:
            process.send_signal(signal.SIGCONT)


def test_each_request_is_answered_and_the_site_recovers(database: EmbeddedPostgres, tmp_path: Path) -> None:
    env = environment(tmp_path, DATABASE_URL=database.url, SECRET_KEY="a secret of this test")
    assert manage("migrate", "--verbosity=0", env=env).returncode == 0
    made = json.loads(manage("create_business", "--email=o@bakery.example", "--json", env=env).stdout)
    with serving(database.url, tmp_path, DATABASE_TIMEOUTS="true", DATABASE_WAIT_SECONDS="4") as site:
        assert site.post_lead(made["api_key"], ORDER).status_code == 201
        with suspended(tmp_path), ThreadPoolExecutor(CLIENTS + 2) as clients:
            answers = [clients.submit(timed, site, made["api_key"], number) for number in range(CLIENTS)]
            alive = clients.submit(request, "GET", f"{site.address}/livez").result()
            ready = clients.submit(request, "GET", f"{site.address}/readyz").result()
            assert alive.status_code == 200
            assert ready.status_code == 503
            for answer in answers:
                status, retry_after, seconds = answer.result()
                assert status == 503
                assert retry_after
                assert seconds < LONGEST_SECONDS
        until(lambda: request("GET", f"{site.address}/readyz").status_code == 200, site.log)
        assert site.post_lead(made["api_key"], ORDER).status_code == 201


def timed(site: Site, api_key: str, number: int) -> tuple[int, str | None, float]:
    started = time.monotonic()
    answer = site.post_lead(api_key, ORDER | {"customer_phone": f"+4915123456{number:03}"})
    return answer.status_code, answer.headers.get("Retry-After"), time.monotonic() - started
