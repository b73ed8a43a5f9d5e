from collections.abc import Iterator
from typing import Any

import pytest

from tests.factories import Business
from tests.leadsite.webhooks.integrator import Integrator
from tests.leadsite.webhooks.receiver import Receiver, receiving


@pytest.fixture
def receiver(settings: Any) -> Iterator[Receiver]:
    with receiving() as running:
        settings.WEBHOOKS_ALLOW_PRIVATE = True
        yield running


@pytest.fixture
def integrator(owner: Business, receiver: Receiver) -> Integrator:
    """An endpoint of the owner for all event types."""
    return Integrator(owner, receiver)
