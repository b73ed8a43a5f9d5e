"""make bench: messages sent per second by workers, and their latency, with a stub of the Graph API.

The stub answers after 100 ms. Measured are one worker and four without a rate limit, compared with a simple stand-in;
one worker at Meta's rate limit for a minute; and single messages by POST /api/whatsapp, from their row to the stub.
"""

import json
import statistics
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any, Final

import psutil
import psycopg
import requests

from bench.harness import CHANNEL, ROOT, SITE_PORT, WORKERS, bench_database, command_line, manage, server, write
from bench.load import new_phone
from leadsite.demo.supervisor import server_command

STUB_PORT: Final = 8183
RATE_LIMIT: Final = 80
MINUTE: Final = 60
NO_LIMIT: Final = "10000"
SINGLES: Final = 100
PAUSE_SECONDS: Final = 0.3  # long enough that the worker waits for a wake-up again
QUEUE: Final = """
    WITH customer AS (
        INSERT INTO customers (user_id, phone)
        SELECT %(user)s, '+' || (%(first)s::bigint + n) FROM generate_series(1, %(count)s) AS n
        ON CONFLICT (user_id, phone_key) DO UPDATE SET updated_at = now() RETURNING id, phone
    ), chat AS (
        INSERT INTO conversations (user_id, customer_id) SELECT %(user)s, id FROM customer
        ON CONFLICT (customer_id) WHERE status = 'active' AND deleted_at IS NULL DO UPDATE SET updated_at = now()
        RETURNING id, customer_id
    )
    INSERT INTO messages (user_id, conversation_id, direction, status, content, channel_id, address, due_at)
    SELECT %(user)s, chat.id, 'out', 'queued', 'Your cake is ready', channel.id, customer.phone, now()
    FROM chat JOIN customer ON customer.id = chat.customer_id JOIN channels AS channel ON channel.user_id = %(user)s
"""
DISCARD: Final = "UPDATE messages SET status = 'failed', due_at = NULL WHERE status IN ('queued', 'sending')"


def main() -> None:
    options = command_line("python -m bench.sending", __doc__)
    with bench_database(options.database_url) as environment, stub():
        environment |= {"WHATSAPP_BACKEND": "cloud", "WHATSAPP_API_BASE_URL": f"http://127.0.0.1:{STUB_PORT}"}
        arguments = ("--email=bench@leadsite.example", f"--phone-number-id={CHANNEL}", "--access-token=token", "--json")
        business = json.loads(manage(environment, "create_business", *arguments))
        bench = Bench(environment, business, rounds=options.rounds, seconds=options.seconds)
        standin = bench.rate("bench.standins.sender", processes=1)
        one, four = bench.rate("worker", processes=1), bench.rate("worker", processes=4)
        print(f"{'':28} {'messages/s':>11} {'ratio':>6}")
        for name, rate in (("stand-in, one process", standin), ("one worker", one), ("four workers", four)):
            print(f"{name:28} {rate:>11.1f} {rate / standin:>6.2f}")
        held = bench.rate_at_limit()
        print(f"One worker at a rate limit of {RATE_LIMIT}/s for a minute: {held:.1f} messages/s.")
        median, p99 = bench.latency()
        print(f"POST /api/whatsapp, from the row to the provider: median {median:.1f} ms, p99 {p99:.1f} ms.")
        figures = {"standin": standin, "one_worker": one, "four_workers": four, "ratio_to_standin": one / standin}
        figures |= {"held_for_a_minute": held, "latency_median_ms": median, "latency_p99_ms": p99}
        write("sending", {name: round(figure, 3) for name, figure in figures.items()})


class Bench:
    def __init__(self, environment: dict[str, str], business: dict[str, str], *, rounds: int, seconds: float) -> None:
        self.environment = environment
        self.business = business
        self.rounds = min(rounds, 3)
        self.seconds = seconds

    def queue(self, messages: int) -> None:
        """Queue this many messages, each to a new customer."""
        with psycopg.connect(self.environment["DATABASE_URL"], autocommit=True) as connection:
            connection.execute(DISCARD)
            # 13 digits, where new_phone has 12.
            first = int(new_phone()) * 10
            connection.execute(QUEUE, {"count": messages, "user": self.business["user_id"], "first": first})
            connection.execute("VACUUM ANALYZE messages, conversations, customers")
        arrivals()

    def rate(self, program: str, *, processes: int) -> float:
        """Return messages per second while all processes send: without the first and the last tenth of the messages."""
        rates = []
        for _ in range(self.rounds):
            self.queue(round(150 * processes * self.seconds))
            with ExitStack() as stack:
                for _ in range(processes):
                    stack.enter_context(running(program, self.environment | {"WHATSAPP_MESSAGES_PER_SECOND": NO_LIMIT}))
                rates.append(middle_rate(until_idle()))
        return statistics.median(rates)

    def rate_at_limit(self) -> float:
        self.queue(RATE_LIMIT * (MINUTE + 5))
        with running("worker", self.environment | {"WHATSAPP_MESSAGES_PER_SECOND": str(RATE_LIMIT)}):
            times = until_idle()
        began = times[0]
        return sum(moment < began + MINUTE for moment in times) / MINUTE

    def latency(self) -> tuple[float, float]:
        """Return the milliseconds from the row's created_at, shortly before COMMIT: median and 99th percentile."""
        self.queue(1)
        url = f"http://127.0.0.1:{SITE_PORT}/api/whatsapp"
        headers = {"Authorization": f"Bearer {self.business['api_key']}"}
        with (
            server(server_command(SITE_PORT, workers=WORKERS), SITE_PORT, self.environment),
            running("worker", self.environment),
            requests.Session() as session,
        ):
            session.trust_env = False
            until_idle()
            ids = []
            for _ in range(SINGLES):
                body = {"to": f"+{new_phone()}", "message": "Your cake is ready"}
                ids.append(session.post(url, json=body, headers=headers, timeout=30).json()["message_id"])
                time.sleep(PAUSE_SECONDS)
            time.sleep(1)
            arrived = arrivals()
        with psycopg.connect(self.environment["DATABASE_URL"]) as connection:
            query = "SELECT id::text, extract(epoch FROM created_at)::float8 FROM messages WHERE id = ANY(%s::uuid[])"
            stored: dict[str, float] = dict(connection.execute(query, [ids]).fetchall())
        waits = [1000 * (arrived[id_] - stored[id_]) for id_ in ids]
        return statistics.median(waits), statistics.quantiles(waits, n=100)[98]


def middle_rate(times: list[float]) -> float:
    tenth = len(times) // 10
    middle = times[tenth : len(times) - tenth]
    return (len(middle) - 1) / (middle[-1] - middle[0])


def until_idle(seconds: float = 1.5) -> list[float]:
    """Wait until no more messages arrive at the stub, and return the times of all."""
    times: list[float] = []
    while not times or time.time() - max(times) < seconds:
        time.sleep(0.5)
        times += arrivals().values()
    return sorted(times)


def arrivals() -> dict[str, float]:
    with urllib.request.urlopen(f"http://127.0.0.1:{STUB_PORT}/arrivals", timeout=10) as answer:
        found: dict[str, float] = json.load(answer)
        return found


@contextmanager
def running(program: str, environment: dict[str, str]) -> Iterator[psutil.Process]:
    """Run the site's worker, or another module. Yields its process."""
    arguments: list[Any] = [ROOT / "manage.py", program] if program == "worker" else ["-m", program]
    process = subprocess.Popen([sys.executable, *arguments], env=environment, cwd=ROOT)
    try:
        yield psutil.Process(process.pid)
    finally:
        process.terminate()
        process.wait(30)


@contextmanager
def stub() -> Iterator[None]:
    process = subprocess.Popen([sys.executable, "-m", "bench.graph_stub", str(STUB_PORT)], cwd=ROOT)
    try:
        deadline = time.monotonic() + 30
        while True:
            try:
                arrivals()
                break
            except OSError:
                if process.poll() is not None or time.monotonic() > deadline:
                    raise SystemExit("The stub of the Graph API does not answer.") from None
                time.sleep(0.1)
        yield
    finally:
        process.terminate()
        process.wait(10)


if __name__ == "__main__":
    main()
