"""What customers say about marketing: they opt out of it, and may want it again. Pure functions.

The latest choice counts, by the provider's clock; of a stop and a resume of the same time the stop. So the order in
which choices arrive does not matter.
"""

from collections.abc import Iterable
from datetime import datetime
from typing import NamedTuple
from uuid import UUID


class MarketingChoice(NamedTuple):
    """A choice of a customer. The greater one counts."""

    at: datetime
    stops: bool


def latest_choices(choices: Iterable[tuple[UUID, MarketingChoice]]) -> dict[UUID, MarketingChoice]:
    """Return the choice of each customer that counts."""
    latest: dict[UUID, MarketingChoice] = {}
    for customer_id, choice in choices:
        latest[customer_id] = max(latest.get(customer_id, choice), choice)
    return latest
