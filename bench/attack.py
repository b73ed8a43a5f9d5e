"""python -m bench.attack: what normal clients notice while others attack the site.

Ten clients create and read leads: alone, then beside 200 that announce a body and drip it, 24 that guess passwords and
16 that read the schema, then beside these and one key that sends as much as it can, beside that key alone, and beside
imports of another business. The site is as shipped, with two web processes.
"""

import argparse
import http.client
import itertools
import json
import multiprocessing
import random
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Final

from bench.harness import ROOT, SITE_PORT, WORKERS, bench_database, create_business, server, write
from leadsite.demo.supervisor import HOST, server_command

NORMAL_CLIENTS: Final = 10
THINK_SECONDS: Final = 0.1
SLOW_CLIENTS: Final = 200
GUESSERS: Final = 24
SCHEMA_READERS: Final = 16
GREEDY_CONNECTIONS: Final = 16
TIMEOUT_SECONDS: Final = 30.0
ROWS_OF_FILE: Final = 20_000


@dataclass(frozen=True)
class Group:
    """Clients that do the same, in a process of their own: they wait for no other group's Python."""

    work: Callable[["Phase"], None]
    count: int


class Phase:
    """The threads of a group, and what normal clients saw."""

    def __init__(self) -> None:
        self.over = threading.Event()
        self.seconds: list[float] = []
        self.statuses: Counter[str] = Counter()


def take_part(group: Group, seconds: float) -> tuple[list[float], Counter[str]]:
    phase = Phase()
    threads = [threading.Thread(target=group.work, args=(phase,), daemon=True) for _ in range(group.count)]
    for thread in threads:
        thread.start()
    time.sleep(seconds)
    phase.over.set()
    for thread in threads:
        thread.join(TIMEOUT_SECONDS)
    return phase.seconds, phase.statuses


def run(seconds: float, *groups: Group) -> dict[str, float | dict[str, int]]:
    """Let the groups work at the same time, and return what the first saw."""
    with ProcessPoolExecutor(len(groups), multiprocessing.get_context("spawn")) as processes:
        parts = [processes.submit(take_part, group, seconds) for group in groups]
        latencies, statuses = parts[0].result()
    return {
        "requests": len(latencies),
        "median_ms": round(statistics.median(latencies) * 1000, 1),
        "p99_ms": round(statistics.quantiles(latencies, n=100)[98] * 1000, 1),
        "max_ms": round(max(latencies) * 1000, 1),
        "statuses": dict(statuses),
    }


def normal(api_key: str, phase: Phase) -> None:
    """Create a lead, read the newest, pause."""
    headers = {"Authorization": f"Bearer {api_key}", "Content-Type": "application/json"}
    connection = http.client.HTTPConnection(HOST, SITE_PORT, timeout=TIMEOUT_SECONDS)
    for number in itertools.count():
        if phase.over.is_set():
            return
        started = time.monotonic()
        try:
            if number % 2:
                connection.request("GET", "/api/leads?page_size=20", headers=headers)
            else:
                connection.request("POST", "/api/leads", new_lead(), headers)
            answer = connection.getresponse()
            answer.read()
            phase.statuses[str(answer.status)] += 1
        except (OSError, http.client.HTTPException) as error:
            phase.statuses[type(error).__name__] += 1
            connection.close()
        phase.seconds.append(time.monotonic() - started)
        time.sleep(THINK_SECONDS * random.random())


def new_lead() -> str:
    phone = f"+4915{random.randrange(10**9):09}"
    return json.dumps({"customer_phone": phone, "customer_name": "A customer", "type": "order", "details": "A cake"})


def drip(phase: Phase) -> None:
    """Announce a body, and send a byte of it each second; again when the server has had enough."""
    while not phase.over.is_set():
        with suppress(OSError), socket.create_connection((HOST, SITE_PORT), timeout=5) as client:
            head = f"POST /api/webhooks/whatsapp HTTP/1.1\r\nHost: {HOST}\r\nContent-Length: 100000\r\n\r\n"
            client.sendall(head.encode())
            while not phase.over.wait(1.0):
                client.sendall(b" ")


def guess(phase: Phase) -> None:
    """Guess passwords as a script does, with a valid form."""
    while not phase.over.is_set():
        with suppress(OSError, http.client.HTTPException):
            connection = http.client.HTTPConnection(HOST, SITE_PORT, timeout=TIMEOUT_SECONDS)
            connection.request("GET", "/admin/login/")
            answer = connection.getresponse()
            answer.read()
            token = (answer.getheader("Set-Cookie") or "").partition("csrftoken=")[2].partition(";")[0]
            form = f"username=bench%40leadsite.example&password={random.random()}&csrfmiddlewaretoken={token}"
            headers = {"Content-Type": "application/x-www-form-urlencoded", "Cookie": f"csrftoken={token}"}
            connection.request("POST", "/admin/login/", form, headers)
            connection.getresponse().read()


def read_schema(phase: Phase) -> None:
    connection = http.client.HTTPConnection(HOST, SITE_PORT, timeout=TIMEOUT_SECONDS)
    while not phase.over.is_set():
        try:
            connection.request("GET", "/api/schema")
            connection.getresponse().read()
        except (OSError, http.client.HTTPException):
            connection.close()


def greedy(api_key: str, phase: Phase) -> None:
    """Create leads for another business without a pause."""
    headers = {"Authorization": f"Bearer {api_key}", "Content-Type": "application/json"}
    connection = http.client.HTTPConnection(HOST, SITE_PORT, timeout=TIMEOUT_SECONDS)
    while not phase.over.is_set():
        try:
            connection.request("POST", "/api/leads", new_lead(), headers)
            connection.getresponse().read()
        except (OSError, http.client.HTTPException):
            connection.close()


def import_files(environment: dict[str, str], email: str, phase: Phase) -> None:
    """Import one file after the other for another business."""
    first = 0
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "leads.csv"
        command = [sys.executable, str(ROOT / "manage.py"), "import_leads", str(file), "--user", email, "--json"]
        while not phase.over.is_set():
            lines = (f"+49{15000000000 + first + number},A customer,order,A cake\n" for number in range(ROWS_OF_FILE))
            file.write_text("phone,name,type,details\n" + "".join(lines))
            first += ROWS_OF_FILE
            with subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL) as process:
                while process.poll() is None and not phase.over.wait(0.2):
                    pass
                process.terminate()


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.attack", description=__doc__)
    parser.add_argument("--seconds", type=float, default=120, help="length of the attack")
    options = parser.parse_args()
    with ExitStack() as stack:
        environment = stack.enter_context(bench_database(""))
        key = create_business(environment)["api_key"]
        other = create_business(environment, email="greedy@leadsite.example")["api_key"]
        stack.enter_context(server(server_command(SITE_PORT, workers=WORKERS), SITE_PORT, environment))
        clients = Group(partial(normal, key), NORMAL_CLIENTS)
        attackers = Group(drip, SLOW_CLIENTS), Group(guess, GUESSERS), Group(read_schema, SCHEMA_READERS)
        greedy_ones = Group(partial(greedy, other), GREEDY_CONNECTIONS)
        importer = Group(partial(import_files, environment, "greedy@leadsite.example"), 1)
        phases: dict[str, tuple[Group, ...]] = {
            "alone": (),
            "attacked": attackers,
            "attacked, and a greedy key": (*attackers, greedy_ones),
            "beside the greedy key": (greedy_ones,),
            "beside an import": (importer,),
        }
        figures = {}
        for name, others in phases.items():
            seconds = options.seconds if attackers[0] in others else min(options.seconds, 30)
            figures[name] = run(seconds, clients, *others)
            print(f"{name:28} {figures[name]}", flush=True)
    write("attack", figures)


if __name__ == "__main__":
    main()
