"""The requests of a day of many businesses, which bench.capacity.day sends, and bench.capacity.model some like them."""

import bisect
import itertools
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final

from bench.capacity.costs import FIRST, LEAD, NEXT, signed
from bench.deliveries import delivery
from bench.harness import SITE_PORT
from bench.load import new_lead, new_phone

DAY, HOUR = 86_400, 3600
# Of a business, in the mean; the largest of a thousand have more than a hundred times as many as the median one.
MESSAGES, LEADS = 20, 2
SKEW: Final = 1.2  # of Pareto's distribution
# Messages of each hour, relative to the others: a day of shops, with peaks before noon and in the evening.
HOURS: Final = (1, 1, 1, 1, 1, 2, 4, 8, 14, 20, 24, 22, 18, 18, 20, 20, 18, 18, 20, 22, 18, 10, 5, 2)
# Of ten messages one is from a customer who has never written.
NEW: Final = 0.1


@dataclass
class Shop:
    channel: str
    api_key: str
    customers: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Planned:
    """A request at a second of the day."""

    at: float
    kind: str
    content: bytes


def requests_of(shops: Sequence[Shop], seed: int) -> Iterator[Planned]:
    """The requests of a day, in their order."""
    chance = random.Random(seed)
    sizes = list(itertools.accumulate(chance.paretovariate(SKEW) for _ in shops))
    total = (MESSAGES + LEADS) * len(shops)
    times = [
        (hour + chance.random()) * DAY / len(HOURS)
        for hour in chance.choices(range(len(HOURS)), weights=HOURS, k=total)
    ]
    for number, at in enumerate(sorted(times)):
        shop = shops[bisect.bisect(sizes, chance.random() * sizes[-1])]
        if chance.random() < LEADS / (MESSAGES + LEADS):
            yield Planned(at, LEAD, new_lead(SITE_PORT, api_key=shop.api_key))
            continue
        is_new = not shop.customers or chance.random() < NEW
        if is_new:
            shop.customers.append(new_phone())
        phone = shop.customers[-1] if is_new else chance.choice(shop.customers)
        body = delivery([phone], channel=shop.channel, message=f"{seed:X}F{number:X}")
        yield Planned(at, FIRST if is_new else NEXT, signed(body))
