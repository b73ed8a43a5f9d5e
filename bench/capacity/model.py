"""What a day uses by the model: its terms, each measured by itself on the servers of the day, right before it.

Note [Terms]
    sixteen at once, one business: what bench.capacity says, which is what a busy machine needs.
    of many businesses: each has rows of its own, and pages of indexes that are in no cache.
    one at a time: a processor that was idle, or did something else, begins with cold caches, and on a virtual machine
        it costs CPU time to wake it. A transaction that is alone flushes the log for itself only.
    idle: processes that wait look around now and then: the web server's threads, PostgreSQL's own processes.
"""

import itertools
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import psutil
import uvloop

from bench.capacity.costs import CLIENTS, Use, use_of
from bench.capacity.pacing import send_all
from bench.capacity.plan import DAY, HOUR, HOURS, Planned
from bench.harness import SITE_PORT
from bench.load import post

# Of the day's mean rate: an hour of the night, the mean, the busiest hour.
PACES: Final = (0.25, 1.0, max(HOURS) * len(HOURS) / sum(HOURS))
PACED_SECONDS: Final = 30.0
# Requests that sixteen connections send as fast as they can.
TOGETHER: Final = 1500


@dataclass(frozen=True)
class Cpu:
    """Seconds of the web server and of PostgreSQL."""

    site: float
    database: float

    def plus(self, other: "Cpu", times: float = 1.0) -> "Cpu":
        return Cpu(self.site + times * other.site, self.database + times * other.database)

    def times(self, factor: float) -> "Cpu":
        return Cpu(self.site * factor, self.database * factor)


@dataclass(frozen=True)
class Model:
    """`terms`: CPU by name. `rows`: the log, the tables and the audit."""

    terms: dict[str, Cpu]
    rows: Use

    @property
    def cpu(self) -> Cpu:
        total = Cpu(0, 0)
        for term in self.terms.values():
            total = total.plus(term)
        return total


@dataclass(frozen=True)
class Extra:
    """CPU of one request of the day's mix beyond that of sixteen at once and one business: `many`, of many businesses;
    `paced`, of these and so many a second. `idle`: what waiting processes use in a second, which is in neither.
    """

    many: Cpu
    paced: dict[float, Cpu]
    idle: Cpu

    def at(self, rate: float) -> Cpu:
        """Between the rates that were measured in proportion, and outside of them as at the nearest."""
        rates = sorted(self.paced)
        rate = min(max(rate, rates[0]), rates[-1])
        below, above = next(pair for pair in itertools.pairwise(rates) if rate <= pair[1])
        share = (rate - below) / (above - below)
        return self.paced[below].times(1 - share).plus(self.paced[above], share)


@dataclass(frozen=True)
class Stage:
    """The servers, and what one request of each kind uses: sixteen at once, of one business."""

    url: str
    site: list[psutil.Process]
    costs: dict[str, Use]

    def use_of(self, work: Callable[[], object]) -> Use:
        return use_of(self.url, self.site, work)

    def base(self, requests: Iterable[Planned]) -> Use:
        """What requests of these kinds use so."""
        counts = Counter(one.kind for one in requests)
        first, *others = [cost.times(counts[kind]) for kind, cost in self.costs.items()]
        for other in others:
            first = first.plus(other)
        return first


def model_of(stage: Stage, sample: Iterator[Planned], day: Sequence[Planned], speed: float) -> Model:
    """Measure the terms of a day that is played `speed` times as fast. `sample`: requests like those of the day."""
    together = list(itertools.islice(sample, TOGETHER))
    contents = (one.content for one in together)
    many = stage.use_of(lambda: post(SITE_PORT, contents, clients=CLIENTS, seconds=600))
    many = many.plus(stage.base(together).times(-1)).times(1 / len(together))
    idle = cpu_of(stage.use_of(lambda: time.sleep(PACED_SECONDS))).times(1 / PACED_SECONDS)
    rates = [pace * len(day) / DAY * speed for pace in PACES]
    paced = {rate: paced_extra(stage, sample, rate, idle) for rate in rates}
    named = dict(terms(cpu_of(stage.base(day)), Extra(cpu_of(many), paced, idle), day, speed))
    return Model(named, stage.base(day).plus(many.times(len(day))))


def paced_extra(stage: Stage, sample: Iterator[Planned], rate: float, idle: Cpu) -> Cpu:
    some = itertools.islice(sample, int(rate * PACED_SECONDS))
    requests = [Planned(number / rate, one.kind, one.content) for number, one in enumerate(some)]
    cpu = cpu_of(stage.use_of(lambda: uvloop.run(send_all(requests, 1))))
    return cpu.plus(cpu_of(stage.base(requests)), -1).plus(idle, -PACED_SECONDS).times(1 / len(requests))


def terms(base: Cpu, extra: Extra, day: Sequence[Planned], speed: float) -> Iterator[tuple[str, Cpu]]:
    """See Note [Terms]."""
    yield "sixteen at once, one business", base
    yield "more, of many businesses", extra.many.times(len(day))
    alone = Cpu(0, 0)
    for requests in Counter(int(one.at // HOUR) for one in day).values():
        alone = alone.plus(extra.at(requests / HOUR * speed).plus(extra.many, -1), requests)
    yield "more, one at a time", alone
    yield "idle", extra.idle.times(DAY / speed)


def cpu_of(use: Use) -> Cpu:
    return Cpu(use.site, use.database)
