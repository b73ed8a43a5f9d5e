"""A day of a thousand businesses, at a hundred times its speed, compared with the model of docs/capacity.md.

python -m bench.capacity.day: on an embedded PostgreSQL of its own, the web server with two processes. Requests are sent
when the day has them, whether the ones before are answered or not. The model is made right before, on the same servers.
"""

import argparse
import json
import platform
import statistics
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Final

import uvloop

from bench.capacity.costs import FIRST, LEAD, NEXT, WARM_UP, Use, execute, measure, use_of, write_tables
from bench.capacity.model import Model, Stage, cpu_of, model_of
from bench.capacity.pacing import Answered, send_all
from bench.capacity.plan import DAY, HOUR, Shop, requests_of
from bench.harness import CHANNEL, SITE_PORT, WORKERS, bench_database, create_business, manage_module, server, write
from bench.load import new_phone
from leadsite.demo.supervisor import server_command

_STORED: Final = """
    SELECT (SELECT count(*) FROM leads), (SELECT count(*) FROM messages),
           (SELECT count(*) FROM customers AS c WHERE NOT EXISTS (
               SELECT FROM conversations JOIN leads ON leads.conversation_id = conversations.id
               WHERE conversations.customer_id = c.id))
"""


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.capacity.day", description=__doc__)
    parser.add_argument("--businesses", type=int, default=1000)
    parser.add_argument("--speed", type=float, default=100, help="times that of a day")
    parser.add_argument("--requests", type=int, default=2000, help="of each kind, to measure the model")
    options = parser.parse_args()
    with bench_database("") as environment:
        url, key = environment["DATABASE_URL"], create_business(environment, f"--phone-number-id={CHANNEL}")["api_key"]
        made = manage_module(environment | {"BENCH_BUSINESSES": str(options.businesses)}, "bench.capacity.businesses")
        # Each with customers of its own: of the sample not all requests are sent.
        sample, planned = (
            list(requests_of([Shop(**json.loads(line)) for line in made.splitlines()], seed)) for seed in (1, 2)
        )
        with server(server_command(SITE_PORT, workers=WORKERS), SITE_PORT, environment) as site:
            costs = measure(url, site, key, [new_phone() for _ in range(options.requests + WARM_UP)])
            model = model_of(Stage(url, site, costs), iter(sample), planned, options.speed)
            before = stored(url)
            answers: list[Answered] = []
            used = use_of(url, site, lambda: answers.extend(uvloop.run(send_all(planned, options.speed))))
        counts = Counter(one.kind for one in planned)
        check_stored(counts, before, stored(url))
    text = "\n".join(document(model, counts, used, answers, options))
    write_tables("bench.capacity.day", text)
    print(text)
    write("day", {"requests": counts, "used": vars(used)})


def stored(url: str) -> tuple[int, int, int]:
    """The leads, the messages, and the customers without a lead."""
    ((leads, messages, without),) = execute(url, _STORED)
    return leads, messages, without


def check_stored(counts: Counter[str], before: tuple[int, int, int], after: tuple[int, int, int]) -> None:
    """End with a message where something is missing, or is there twice."""
    expected = (counts[LEAD] + counts[FIRST], counts[FIRST] + counts[NEXT], 0)
    found = tuple(b - a for a, b in zip(before, after, strict=True))
    if found != expected:
        raise SystemExit(f"Leads, messages and customers without a lead: {found} instead of {expected}.")


def document(
    model: Model, counts: Counter[str], used: Use, answers: list[Answered], options: argparse.Namespace
) -> Iterator[str]:
    busiest, most = Counter(int(one.at // HOUR) for one in answers).most_common(1)[0]
    kinds = ", ".join(f"{counts[kind]:,} × {kind}" for kind in counts)
    yield (
        f"Measured on {time.strftime('%Y-%m-%d')}: {options.businesses:,} businesses, {len(answers):,} requests"
        f" ({kinds}) in {DAY / options.speed:,.0f} s, {WORKERS} web processes, Python {platform.python_version()},"
        f" client and database on the same machine. {sum(one.refused for one in answers):,} answers were 503, and their"
        " requests sent again. All were answered 2xx, and stored once.\n"
    )
    yield from cpu_table(model, used)
    yield "\n| | by the model | in the day | the day is off by |"
    yield "|---|---|---|---|"
    for name, by_model, in_day in compared(model.rows, used):
        yield f"| {name} | {by_model:,.1f} | {in_day:,.1f} | {off_by(by_model, in_day)} |"
    yield ""
    yield "| | requests a second | median, ms | p99, ms | longest, ms |"
    yield "|---|---|---|---|---|"
    in_peak = [one for one in answers if int(one.at // HOUR) == busiest]
    peak_rate = most / HOUR * options.speed
    yield times_of("day", len(answers) / DAY * options.speed, answers)
    yield times_of(f"busiest hour, from {busiest}:00", peak_rate, in_peak)


def cpu_table(model: Model, used: Use) -> Iterator[str]:
    total, day = model.cpu, cpu_of(used)
    yield "| CPU, s | of the web server | of PostgreSQL |"
    yield "|---|---|---|"
    for name, cpu in {**model.terms, "**the model**": total, "**the day**": day}.items():
        yield f"| {name} | {cpu.site:,.1f} | {cpu.database:,.1f} |"
    yield f"| the day is off by | {off_by(total.site, day.site)} | {off_by(total.database, day.database)} |"


def off_by(by_model: float, in_day: float) -> str:
    return f"{in_day / by_model - 1:+.0%}"


def compared(model: Use, used: Use) -> Iterator[tuple[str, float, float]]:
    yield "write-ahead log, MB", model.log / 1e6, used.log / 1e6
    yield "disk, MB", model.bytes_of(bool) / 1e6, used.bytes_of(bool) / 1e6
    yield "rows of the audit, thousands", model.audit_rows / 1e3, used.audit_rows / 1e3


def times_of(name: str, rate: float, answers: Sequence[Answered]) -> str:
    seconds = [one.seconds for one in answers]
    p99 = statistics.quantiles(seconds, n=100)[98]
    return (
        f"| {name} | {rate:.1f} | {statistics.median(seconds) * 1e3:.0f} | {p99 * 1e3:.0f} | {max(seconds) * 1e3:.0f} |"
    )


if __name__ == "__main__":
    main()
