"""Which stored deliveries are replayed, and which are deleted."""

from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from itertools import count
from typing import Any
from uuid import UUID

import pytest
from django.db import InterfaceError, OperationalError, connection
from django.utils import timezone

from conversations.models import ParkedStatus
from leadsite.core import clock
from tests.database import rows_read, use_indexes
from tests.sessions import session
from whatsapp.channels import connect_channel
from whatsapp.inbound import ingest
from whatsapp.inbound import replay as replay_module
from whatsapp.inbound.replay import ERROR, OPEN_STATES, SKIPPED, ids_in, prune, replay_due, replay_each
from whatsapp.models import WebhookDelivery

pytestmark = pytest.mark.django_db

NOW = timezone.now()
PAST = NOW - timedelta(minutes=1)
NUMBERS = count()
FUTURE = NOW + timedelta(days=1)  # a run of all tests may take long


def delivery(state: str, *, days: float = 0, **fields: Any) -> UUID:
    """A stored delivery of this age in days, with an id of that time."""
    received = NOW - timedelta(days=days)
    id_ = UUID(int=clock.last_id(received).int - (1 << 60) + next(NUMBERS))
    fields |= {"pk": id_, "received_at": received}
    return WebhookDelivery.objects.create(provider="cloud", body=b"{}", state=state, **fields).pk


def outcomes(ids: list[UUID]) -> Counter[str]:
    """Replay these deliveries and count the outcomes."""
    return Counter(outcome for _, outcome in replay_each(ids))


@pytest.fixture
def replayed(monkeypatch: pytest.MonkeyPatch) -> list[UUID]:
    """The replayed deliveries, in order; every replay succeeds."""
    tried: list[UUID] = []

    def replay(*, delivery_id: UUID) -> str:
        tried.append(delivery_id)
        return "processed"

    monkeypatch.setattr(ingest, "replay", replay)
    return tried


def replace_replay(monkeypatch: pytest.MonkeyPatch, outcome: Callable[[UUID], str]) -> None:
    monkeypatch.setattr(ingest, "replay", lambda *, delivery_id: outcome(delivery_id))


def test_failed_deliveries_are_replayed_when_due_oldest_first(replayed):
    first, second = delivery("failed", next_attempt_at=PAST), delivery("failed", next_attempt_at=PAST)
    delivery("failed", next_attempt_at=FUTURE)
    delivery("failed", next_attempt_at=None)
    delivery("processed")

    assert replay_due() == {"processed": 2}
    assert replayed == [first, second]


def test_unrouted_deliveries_are_replayed_when_a_number_is_connected_and_active(replayed, owner):
    connect_channel(user_id=owner.id, phone_number_id="1001")
    off = connect_channel(user_id=owner.id, phone_number_id="1002")
    off.active = False
    off.save()
    wanted = delivery("unrouted", unrouted=["9999", "1001"])
    delivery("unrouted", unrouted=["9999", "1002"])
    delivery("unrouted", unrouted=[])
    delivery("processed", unrouted=["1001"])

    replay_due()

    assert replayed == [wanted]


def test_the_limit_is_applied(replayed):
    stored = [delivery("failed", next_attempt_at=PAST) for _ in range(3)]

    assert replay_due(limit=2).total() == 2
    assert replayed == stored[:2]


def test_an_exception_does_not_stop_the_other_replays(monkeypatch):
    stored = [delivery("failed", next_attempt_at=PAST) for _ in range(4)]
    outcomes: dict[UUID, str] = dict(zip(stored, ["processed", "", "an exception", "unrouted"], strict=True))

    def outcome(delivery_id: UUID) -> str:
        if outcomes[delivery_id] == "an exception":
            raise ValueError("an exception")
        return outcomes[delivery_id]

    replace_replay(monkeypatch, outcome)

    assert replay_due() == {"processed": 1, SKIPPED: 1, ERROR: 1, "unrouted": 1}


@pytest.mark.parametrize("lost", [True, False])
def test_a_lost_connection_stops_the_replays_and_another_database_error_does_not(monkeypatch, lost):
    delivery("failed", next_attempt_at=PAST)

    def outcome(delivery_id: UUID) -> str:
        raise OperationalError("the connection is lost") if lost else InterfaceError("something else")

    replace_replay(monkeypatch, outcome)
    monkeypatch.setattr(connection, "is_usable", lambda: not lost)

    if lost:
        with pytest.raises(OperationalError):
            replay_due()
    else:
        assert replay_due() == {ERROR: 1}


def test_all_open_deliveries_can_be_replayed_at_once(replayed):
    stored = [delivery("failed", next_attempt_at=FUTURE), delivery("unrouted", unrouted=["1"]), delivery("failed")]
    delivery("processed")

    assert outcomes(ids_in(OPEN_STATES)) == {"processed": 3}
    assert replayed == stored


def test_named_deliveries_are_replayed_whatever_their_state(replayed):
    processed = delivery("processed")
    delivery("failed")

    assert outcomes([processed]) == {"processed": 1}
    assert outcomes([]) == {}
    assert replayed == [processed]


def test_old_deliveries_are_deleted_and_open_ones_are_kept_longer(settings):
    settings.DELIVERY_DAYS, settings.FAILED_DELIVERY_DAYS = 30, 180
    for days in (31, 400):
        delivery("processed", days=days)
    for state in ("failed", "unrouted"):
        delivery(state, days=181)
    kept = [delivery("processed", days=29.9), delivery("failed", days=179.9), delivery("unrouted", days=31)]

    pruned = prune(now=NOW)

    assert pruned == {"processed": 2, "failed": 1, "unrouted": 1, "parked_statuses": 0}
    assert set(WebhookDelivery.objects.values_list("pk", flat=True)) == set(kept)


def test_old_parked_statuses_are_deleted(settings, owner):
    settings.DELIVERY_DAYS = 30
    for provider_id, days in (("old", 31), ("recent", 29)):
        parked = ParkedStatus.objects.create(user=owner.user, provider_id=provider_id, status="sent")
        ParkedStatus.objects.filter(pk=parked.pk).update(updated_at=NOW - timedelta(days=days))

    assert prune(now=NOW)["parked_statuses"] == 1
    assert ParkedStatus.objects.get().provider_id == "recent"


@pytest.mark.parametrize("rows", [5, 6, 7])
def test_many_deliveries_are_deleted_in_batches(monkeypatch, rows):
    monkeypatch.setattr(replay_module, "PRUNE_BATCH", 3)
    for _ in range(rows):
        delivery("processed", days=1000)

    assert prune(now=NOW)["processed"] == rows
    assert not WebhookDelivery.objects.exists()


def test_deliveries_that_stay_are_read_once_and_not_for_each_batch(monkeypatch):
    monkeypatch.setattr(replay_module, "PRUNE_BATCH", 1)
    for state, days, rows in (("failed", 100, 40), ("processed", 50, 5)):
        for _ in range(rows):
            delivery(state, days=days)
    use_indexes()
    before = rows_read("webhook_deliveries")

    assert prune(now=NOW) == {"processed": 5, "failed": 0, "unrouted": 0, "parked_statuses": 0}
    assert rows_read("webhook_deliveries") - before < 3 * 45


@pytest.mark.django_db(transaction=True)
def test_a_delivery_locked_by_another_process_is_skipped():
    locked, unlocked = delivery("failed", days=1000), delivery("failed", days=1000)
    with session() as other:
        other.execute("SELECT FROM webhook_deliveries WHERE id = %s FOR UPDATE", [locked])

        assert prune(now=NOW)["failed"] == 1

    assert not WebhookDelivery.objects.filter(pk=unlocked).exists()
    assert WebhookDelivery.objects.filter(pk=locked).exists()
