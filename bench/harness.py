"""Shared by the benchmarks: the database, the servers, alternate rounds of the contenders, and the results."""

import argparse
import json
import os
import statistics
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import psutil
import psycopg

from bench.load import Load
from leadsite.demo import embedded
from leadsite.demo.supervisor import server_command

ROOT: Final = Path(__file__).resolve().parent.parent
RESULTS: Final = ROOT / "bench" / "results"
DATA_DIR: Final = ROOT / "var" / "bench"
WORKERS: Final = 2
SITE_PORT, STANDIN_PORT = 8181, 8182
APP_SECRET: Final = "secret of the benchmark"
CHANNEL: Final = "100000000000009"
# A simple alternative to the site; ratios are relative to its rate.
STANDIN: Final = "FastAPI + asyncpg stand-in"


@dataclass
class Contender:
    """A program to measure. `run` does one round; the CPU time of `processes` is counted."""

    name: str
    run: Callable[[], Load]
    processes: list[psutil.Process]
    rates: list[float] = field(default_factory=list)
    cpu_us: list[float] = field(default_factory=list)

    def round(self) -> None:
        before = cpu_seconds(self.processes)
        load = self.run()
        self.rates.append(load.rate)
        self.cpu_us.append((cpu_seconds(self.processes) - before) / load.done * 1e6)


@contextmanager
def both_servers(database_url: str) -> Iterator["Servers"]:
    """Start the site and its stand-in on a database with one business."""
    with bench_database(database_url) as environment:
        business = create_business(environment, f"--phone-number-id={CHANNEL}")
        environment["BENCH_USER_ID"] = business["user_id"]
        with (
            server(server_command(SITE_PORT, workers=WORKERS), SITE_PORT, environment) as site,
            server(standin_command(), STANDIN_PORT, environment) as standin,
        ):
            yield Servers(environment, business["api_key"], site, standin)


@dataclass(frozen=True)
class Servers:
    environment: dict[str, str]
    api_key: str
    site: list[psutil.Process]
    standin: list[psutil.Process]

    @property
    def worker_memory_mb(self) -> float:
        return max(process.memory_info().rss for process in self.site) / 1e6


def command_line(program: str, description: str | None) -> argparse.Namespace:
    """Parse the options that benchmarks share."""
    parser = argparse.ArgumentParser(prog=program, description=description)
    parser.add_argument("--rounds", type=int, default=5, help="rounds of each contender; medians are taken")
    parser.add_argument("--seconds", type=float, default=5, help="length of a round")
    parser.add_argument("--clients", type=int, default=16, help="keep-alive connections")
    parser.add_argument("--database-url", default="", help="fill this database instead of an embedded one")
    return parser.parse_args()


def measure(contenders: list[Contender], rounds: int, database_url: str) -> None:
    """Run the contenders alternately, so that a slow minute affects all; the first round is a warm-up.

    After it the database is analysed, as a server does by itself a minute later: a contender whose statements were
    planned for empty tables would stay slow.
    """
    for number in range(rounds + 1):
        print(f"\rround {number} of {rounds} …", end="", file=sys.stderr, flush=True)
        for contender in contenders:
            contender.round()
        if number == 0:
            with psycopg.connect(database_url, autocommit=True) as database:
                database.execute("ANALYZE")
    for contender in contenders:
        del contender.rates[0], contender.cpu_us[0]
    print("\r", end="", file=sys.stderr)


def compare(contenders: list[Contender], unit: str) -> list[dict[str, Any]]:
    """Print the results as a table, and return them."""
    standin = next(statistics.median(contender.rates) for contender in contenders if contender.name == STANDIN)
    rows = [
        {
            "name": contender.name,
            f"{unit}_per_second": round(statistics.median(contender.rates), 1),
            "lowest": round(min(contender.rates), 1),
            "highest": round(max(contender.rates), 1),
            "ratio_to_standin": round(statistics.median(contender.rates) / standin, 3),
            "cpu_us_per_request": round(statistics.median(contender.cpu_us)) if contender.processes else None,
        }
        for contender in contenders
    ]
    print(f"{'':28} {unit + '/s':>13} {'lowest':>8} {'highest':>8} {'ratio':>6} {'CPU µs/request':>15}")
    for row in rows:
        print(
            f"{row['name']:28} {row[f'{unit}_per_second']:>13} {row['lowest']:>8} {row['highest']:>8}"
            f" {row['ratio_to_standin']:>6} {row['cpu_us_per_request'] or '-':>15}"
        )
    return rows


def write(name: str, figures: dict[str, Any]) -> None:
    RESULTS.mkdir(exist_ok=True)
    path = RESULTS / f"{name}.json"
    path.write_text(json.dumps(figures, indent=2) + "\n")
    print(f"Written to {path.relative_to(ROOT)}.")


@contextmanager
def bench_database(url: str, data_dir: Path = DATA_DIR) -> Iterator[dict[str, str]]:
    """Yield the environment of all contenders, with a migrated database: the named one, or an embedded one.

    DATABASE_URL is ignored: it may name a production database.
    """
    with nullcontext(url) if url else embedded.lease(data_dir, adopt=True) as database:
        environment = {**os.environ, "DATABASE_URL": database, "LEADSITE_DATA_DIR": str(data_dir)}
        environment |= {"LEADSITE_DEMO": "true", "LOG_LEVEL": "WARNING", "PYTHONPATH": str(ROOT)}
        # The limit is on, but too high to be reached.
        environment |= {"WHATSAPP_APP_SECRETS": APP_SECRET, "API_REQUESTS_PER_MINUTE": "6000000"}
        manage(environment, "migrate", "--verbosity=0")
        yield environment


def create_business(
    environment: dict[str, str], *options: str, email: str = "bench@leadsite.example"
) -> dict[str, str]:
    answer: dict[str, str] = json.loads(manage(environment, "create_business", f"--email={email}", "--json", *options))
    return answer


def manage(environment: dict[str, str], *arguments: str) -> str:
    command = [sys.executable, str(ROOT / "manage.py"), *arguments]
    return subprocess.run(command, env=environment, check=True, stdout=subprocess.PIPE, text=True).stdout


def manage_module(environment: dict[str, str], module: str) -> str:
    """Run a benchmark that needs Django's setup, and return its output."""
    command = [sys.executable, "-m", module]
    return subprocess.run(command, env=environment, cwd=ROOT, check=True, stdout=subprocess.PIPE, text=True).stdout


def standin_command() -> list[str]:
    options = ["--loop=uvloop", "--http=httptools", "--no-access-log", "--log-level=warning"]
    port = ["--host=127.0.0.1", f"--port={STANDIN_PORT}", f"--workers={WORKERS}"]
    return [sys.executable, "-m", "uvicorn", "bench.standins.site:app", *port, *options]


@contextmanager
def server(command: list[str], port: int, environment: dict[str, str]) -> Iterator[list[psutil.Process]]:
    """Start a web server, wait until it answers, and yield its worker processes."""
    if answers(port):  # servers may share a port, and then each gets a part of the requests
        raise SystemExit(f"Another program answers on port {port}.")
    process = subprocess.Popen(command, env=environment, cwd=ROOT)
    try:
        deadline = time.monotonic() + 60
        while not answers(port):
            if process.poll() is not None or time.monotonic() > deadline:
                raise SystemExit(f"{' '.join(command)} does not answer.")
            time.sleep(0.1)
        yield psutil.Process(process.pid).children(recursive=True)
    finally:
        process.terminate()
        process.wait(20)


def answers(port: int) -> bool:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/livez", timeout=1) as answer:
            return bool(answer.status == 200)
    except (urllib.error.URLError, OSError):
        return False


def cpu_seconds(processes: list[psutil.Process]) -> float:
    return sum(times.user + times.system for times in (process.cpu_times() for process in processes))
