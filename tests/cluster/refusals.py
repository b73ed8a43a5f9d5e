"""How long a client was refused, and the tables that `make test-cluster` prints."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from tests.cluster.cluster import Cluster
from tests.long.faults.importing import IMPORT
from tests.long.faults.ledger import Attempt, Told
from tests.long.faults.table import Result

# No request is refused while it goes from machine to machine.
UPGRADE = "rolling upgrade"
# Seconds for which an entry point may refuse: of 95 in 100 failovers, and of each switchover.
P95_SECONDS = 20.0
SWITCHOVER_SECONDS = 5.0
UNKNOWN = "SELECT count(*) FROM messages WHERE direction = 'out' AND status = 'unknown' AND content LIKE %s"


@dataclass(frozen=True)
class Failover:
    kind: str
    result: Result
    attempts: list[Attempt]

    @property
    def refusal(self) -> float:
        return longest_refusal(self.attempts)


def longest_refusal(attempts: Iterable[Attempt]) -> float:
    """The longest time from a first write that was not acknowledged to the next one that was, of one entry point."""
    by_entry = defaultdict[str, list[Attempt]](list)
    for one in attempts:
        if one.entry != IMPORT:  # one attempt of it is a whole file
            by_entry[one.entry].append(one)
    longest = 0.0
    for ordered in by_entry.values():
        since: float | None = None
        for one in sorted(ordered, key=lambda attempt: attempt.began):
            if one.told is not Told.STORED:
                since = one.began if since is None else since
            elif since is not None:
                longest, since = max(longest, one.began + one.seconds - since), None
    return longest


def percentile(seconds: list[float], share: float) -> float:
    """The smallest value that so large a share of them does not exceed."""
    ordered = sorted(seconds)
    return ordered[max(0, -int(-share * len(ordered) // 1) - 1)]


def table(failovers: list[Failover]) -> str:
    """A line for each kind, and one for all."""
    kinds = dict.fromkeys(one.kind for one in failovers)
    head = "| failover | times | acknowledged | lost | doubled | refusal p50 | p95 | max, s | wrong answers |"
    lines = [head, "|---|---|---|---|---|---|---|---|---|"]
    for kind in (*kinds, "all"):
        of_kind = [one for one in failovers if kind in (one.kind, "all")]
        seconds = [one.refusal for one in of_kind]
        writes = [one.result.writes for one in of_kind]
        sums = [sum(one.acknowledged for one in writes), sum(one.lost for one in writes)]
        sums.append(sum(one.doubled for one in writes))
        wrong = sum(len(one.result.errors) + one.result.writes.lied for one in of_kind)
        times = [f"{percentile(seconds, 0.5):.1f}", f"{percentile(seconds, 0.95):.1f}", f"{max(seconds):.1f}"]
        lines.append(f"| {' | '.join(map(str, [kind, len(of_kind), *sums, *times, wrong]))} |")
    return "\n".join(lines)


def table_of_posted(failovers: list[Failover], cluster: Cluster) -> str:
    """What left the site, a line for each kind: the events that the integrator got, and the messages of which it is not
    known whether they were sent.
    """
    head = "| failover | acknowledged | without an event | with two | posted again | latest, s | messages unknown |"
    lines = [head, "|---|---|---|---|---|---|---|"]
    for kind in dict.fromkeys(one.kind for one in failovers):
        of_kind = [one for one in failovers if one.kind == kind]
        events = [cluster.integrator.events_of(one.attempts) for one in of_kind]
        numbers = [sum(one.result.writes.acknowledged for one in of_kind), sum(one.missing for one in events)]
        numbers += [sum(one.doubled for one in events), sum(one.again for one in events)]
        latest = f"{max(one.latest for one in events):.1f}"
        unknown = sum(cluster.execute(UNKNOWN, f"{one.result.prefix}%")[0][0] for one in of_kind)
        lines.append(f"| {' | '.join(map(str, [kind, *numbers, latest, unknown]))} |")
    return "\n".join(lines)


def too_long(failovers: list[Failover]) -> list[str]:
    """The promised times that were not kept."""
    found = []
    if failovers and percentile([one.refusal for one in failovers], 0.95) > P95_SECONDS:
        found.append(f"The 95th percentile of the longest refusals is more than {P95_SECONDS} s.")
    slow = [one.refusal for one in failovers if one.kind == "switchover" and one.refusal > SWITCHOVER_SECONDS]
    found += [f"A switchover took {seconds:.1f} s, more than {SWITCHOVER_SECONDS}." for seconds in slow]
    refused = [one.refusal for one in failovers if one.kind == UPGRADE and one.refusal > 0]
    return found + [f"A request was refused during an upgrade, {seconds:.1f} s long." for seconds in refused]
