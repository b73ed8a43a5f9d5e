"""Starts deploy/cluster, injects failovers under load from all entry points, and compares ledger and database.

Also what an integrator's endpoint got, and whether a member of staff works on in the same session.
"""

import argparse
import sys
import tempfile
from contextlib import closing
from functools import partial
from itertools import product
from pathlib import Path
from unittest.mock import patch

from leadsite.webhooks.queue import LEASE_SECONDS
from tests.cluster.cluster import Cluster, cluster
from tests.cluster.desk import Desk
from tests.cluster.failovers import KINDS
from tests.cluster.refusals import Failover, table, table_of_posted, too_long
from tests.long.faults import cases
from tests.long.faults.cases import GRACE_SECONDS, SILENCE_SECONDS, Promise
from tests.long.faults.ledger import Ledger, Told
from tests.long.faults.table import HEAD
from tests.long.faults.test_sending import sent_once
from tests.site import until

PROMISE = Promise(from_start=True)
# Until the couriers post again what is written after a failover: they try the database each second.
COURIER_SECONDS = 10.0
# Until all is posted: a courier that lost its connection has not recorded what it claimed, which waits for its lease.
EVENTS_SECONDS = LEASE_SECONDS + 30.0
PENDING = """
    SELECT e.id, e.attempts, e.error, e.due_at - now(), e.leased_until, n.failing_since
    FROM webhook_events AS e JOIN webhook_endpoints AS n ON n.id = e.endpoint_id
    WHERE e.state = 'pending' ORDER BY e.due_at LIMIT 5
"""


def fail_over(stage: Cluster, kind: str) -> Failover:
    """One failover under load, and its line."""
    ledgers: list[Ledger] = []

    def noted(path: Path) -> Ledger:
        ledgers.append(Ledger(path))
        return ledgers[-1]

    with patch.object(cases, "Ledger", noted):
        result = cases.run(stage, kind.replace("'", ""), lambda _: KINDS[kind](stage), PROMISE)
    return Failover(kind, result, ledgers[0].attempts())


def await_couriers(stage: Cluster, one: Failover) -> None:
    """Wait for the event of the last acknowledged lead: the couriers post again, without a hand."""
    stored = [attempt for attempt in one.attempts if attempt.told is Told.STORED]
    last = max(stored, key=lambda attempt: attempt.began)
    posted = partial(stage.integrator.has, f"{last.write}.0")
    until(posted, lambda: f"{stage.execute(PENDING)}\n{stage.log()}", COURIER_SECONDS)


def broken(one: Failover) -> list[str]:
    """The promises that a failover did not keep."""
    result, writes, times = one.result, one.result.writes, one.result.times
    found = []
    if (writes.lost, writes.doubled, writes.lied, result.orphans) != (0, 0, 0, 0):
        found.append(f"lost, doubled, stored though refused, or orphaned: {writes.wrong}")
    if result.errors:
        found.append(f"wrong answers: {result.errors[:3]}")
    if times.longest(times.silence) > (SILENCE_SECONDS + GRACE_SECONDS) * times.starvation:
        found.append(f"a client waited for its answer: {times.silence}")
    return [f"{result.name}: {problem}" for problem in found]


def fail_over_all(stage: Cluster, kinds: list[str], each: int) -> tuple[list[Failover], list[str]]:
    failovers: list[Failover] = []
    problems: list[str] = []
    print(HEAD)
    with closing(Desk(stage)) as desk:
        try:
            problems += desk.wrong_pages()
            for _, kind in product(range(each), kinds):
                one = fail_over(stage, kind)
                failovers.append(one)
                print(f"{one.result.line()} refused {one.refusal:.1f}")
                sent_once(stage, one.result)
                await_couriers(stage, one)
                problems += [*broken(one), *(f"{one.result.name}: {page}" for page in desk.wrong_pages())]
            stage.check_rows()
            until(lambda: not stage.execute(PENDING), lambda: str(stage.execute(PENDING)), EVENTS_SECONDS)
        finally:  # also where one of them fails, or after Ctrl-C
            if failovers:
                print(f"{table(failovers)}\n\n{table_of_posted(failovers, stage)}")
    return failovers, problems + wrong_events(stage, failovers)


def wrong_events(stage: Cluster, failovers: list[Failover]) -> list[str]:
    """The failovers after which an event is missing, or came under two ids."""
    events = [(one.result.name, stage.integrator.events_of(one.attempts)) for one in failovers]
    return [f"{name}: {found}" for name, found in events if (found.missing, found.doubled) != (0, 0)]


def main() -> None:
    """Exit code 1 where a promise was not kept."""
    parser = argparse.ArgumentParser(prog="python -m tests.cluster", description=__doc__)
    parser.add_argument("--each", type=int, default=4, help="failovers of each kind; 0 starts and stops the cluster")
    parser.add_argument("--kind", action="append", choices=KINDS, help="only these kinds")
    options = parser.parse_args()
    with (
        tempfile.TemporaryDirectory(prefix="leadsite-cluster-", dir="/var/tmp") as folder,
        cluster(Path(folder)) as stage,
    ):
        print("The cluster serves.")
        failovers, problems = fail_over_all(stage, options.kind or [*KINDS], options.each)
    problems += too_long(failovers)
    if problems:
        sys.exit("\n".join(problems))
