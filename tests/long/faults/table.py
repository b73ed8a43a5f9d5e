"""What became of a case: a line of the table that the suite prints."""

from dataclasses import dataclass

from tests.long.faults.ledger import Attempt, Writes


@dataclass(frozen=True)
class Probe:
    path: str
    began: float
    seconds: float
    status: int  # 0: no answer


@dataclass(frozen=True)
class Times:
    """Seconds: of the fault, the longest that each kind of client waited, and until each entry point worked again."""

    fault: float
    silence: dict[str, float]
    recovery: dict[str, float]
    starvation: float

    def longest(self, seconds: dict[str, float]) -> float:
        return max(seconds.values())


@dataclass(frozen=True)
class Result:
    """One line of the table. `errors`: 5xx other than 503, and 503 without Retry-After. `untrue`: answers of /readyz.

    `prefix`: with it begin the texts of all writes. `not_stored`: the share of attempts that were not acknowledged.
    """

    name: str
    prefix: str
    not_stored: float
    writes: Writes
    orphans: int
    errors: list[Attempt]
    untrue: list[Probe]
    times: Times

    def line(self) -> str:
        writes, times = self.writes, self.times
        silent, slow = (max(one, key=lambda who: one[who]) for one in (times.silence, times.recovery))
        return (
            f"{self.name:<30} {times.fault:>5.1f} {writes.acknowledged:>6} {writes.unknown:>5} {writes.lost:>4}"
            f" {writes.doubled:>4} {self.orphans:>4} {writes.lied:>4} {len(self.errors):>3} {len(self.untrue):>6}"
            f" {times.silence[silent]:>7.2f} {silent:<15} {times.recovery[slow]:>7.2f} {slow:<15}"
            f" {times.starvation:>4.1f}"
        )


HEAD = (
    f"{'fault':<30} {'s':>5} {'stored':>6} {'unkn.':>5} {'lost':>4} {'dbl.':>4} {'orph':>4} {'lied':>4} {'5xx':>3}"
    f" {'untrue':>6} {'silence':>7} {'of':<15} {'recov.':>7} {'of':<15} {'busy':>4}"
)
