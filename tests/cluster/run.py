"""Starts deploy/cluster, injects failovers under load from all entry points, and compares ledger and database."""

import argparse
import sys
import tempfile
from itertools import product
from pathlib import Path
from unittest.mock import patch

from tests.cluster.cluster import Cluster, cluster
from tests.cluster.failovers import KINDS
from tests.cluster.refusals import Failover, longest_refusal, table, too_long
from tests.long.faults import cases
from tests.long.faults.cases import GRACE_SECONDS, SILENCE_SECONDS, Promise
from tests.long.faults.ledger import Ledger
from tests.long.faults.table import HEAD
from tests.long.faults.test_sending import sent_once

PROMISE = Promise(from_start=True)


def fail_over(stage: Cluster, kind: str) -> Failover:
    """One failover under load, and its line."""
    ledgers: list[Ledger] = []

    def noted(path: Path) -> Ledger:
        ledgers.append(Ledger(path))
        return ledgers[-1]

    with patch.object(cases, "Ledger", noted):
        result = cases.run(stage, kind.replace("'", ""), lambda _: KINDS[kind](stage), PROMISE)
    return Failover(kind, result, longest_refusal(ledgers[0].attempts()))


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
    try:
        for _, kind in product(range(each), kinds):
            one = fail_over(stage, kind)
            print(f"{one.result.line()} refused {one.refusal:.1f}")
            sent_once(stage, one.result)
            failovers.append(one)
            problems += broken(one)
        stage.check_rows()
    finally:  # also where one of them fails, or after Ctrl-C
        if failovers:
            print(table(failovers))
    return failovers, problems


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
