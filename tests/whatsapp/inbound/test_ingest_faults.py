"""Failures while a delivery is stored: a constraint, a lock, the reader, a missing channel or a concurrent replay."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection, transaction
from django.utils import timezone
from procrastinate.contrib.django.models import ProcrastinateJob

from tests.factories import Business
from tests.sessions import lock_customer, session
from tests.whatsapp import meta
from tests.whatsapp.account_deliveries import ban, connect
from tests.whatsapp.inbox import Inbox, post
from whatsapp.channels import resume_channel, stop_channel
from whatsapp.inbound import ingest
from whatsapp.inbound.replay import replay_due
from whatsapp.media.wakeup import FETCH_MEDIA, wake_fetcher
from whatsapp.models import Channel, WebhookDelivery

pytestmark = pytest.mark.django_db(transaction=True)

SHEENA = f"+{meta.SHEENA}"
GOOD = [meta.text("Good", from_=f"49151234567{n:02d}") for n in range(3)]


@contextmanager
def constraint(name: str, condition: str) -> Iterator[None]:
    """Add a constraint to messages that the reader does not check."""
    with connection.cursor() as cursor:
        cursor.execute(f"ALTER TABLE messages ADD CONSTRAINT {name} CHECK ({condition})")
    try:
        yield
    finally:
        with connection.cursor() as cursor:
            cursor.execute(f"ALTER TABLE messages DROP CONSTRAINT {name}")


@contextmanager
def short_lock_timeout() -> Iterator[None]:
    """Set a short lock time-out for this connection."""
    with connection.cursor() as cursor:
        cursor.execute("SET lock_timeout = '20ms'")
    try:
        yield
    finally:
        with connection.cursor() as cursor:
            cursor.execute("RESET lock_timeout")


def due_now() -> None:
    WebhookDelivery.objects.update(next_attempt_at=timezone.now() - timedelta(seconds=1))


def test_a_message_that_the_database_refuses_does_not_prevent_the_others(inbox: Inbox) -> None:
    poison = meta.text("poison", id="wamid.poison")
    with constraint("messages_no_poison", "content <> 'poison'"):
        delivery = inbox.gets(GOOD[0], poison, *GOOD[1:], statuses=[meta.status("read")])
        assert inbox.counts() == (3, 3, 3, 3)
        assert delivery.state == "failed"
        assert "wamid.poison" in delivery.error
        assert "messages_no_poison" in delivery.error
        assert "Failing row" not in delivery.error
        due_now()
        assert replay_due() == {"failed": 1}
        delivery.refresh_from_db()
        assert delivery.attempts == 3
        assert delivery.next_attempt_at is not None
        assert delivery.next_attempt_at > timezone.now()
    due_now()
    assert replay_due() == {"processed": 1}
    delivery.refresh_from_db()
    assert (delivery.state, delivery.error) == ("processed", "")
    assert not WebhookDelivery.objects.filter(next_attempt_at__isnull=False).exists()
    assert inbox.counts() == (4, 4, 4, 4)


def test_after_many_failures_a_delivery_is_not_tried_again(inbox: Inbox) -> None:
    with constraint("messages_no_poison", "content <> 'poison'"):
        delivery = inbox.gets(meta.text("poison"))
        for _ in range(ingest.MAX_ATTEMPTS):
            due_now()
            replay_due()
        delivery.refresh_from_db()
        assert (delivery.state, delivery.next_attempt_at) == ("failed", None)
        assert replay_due() == {}


def test_a_bug_delays_the_delivery_as_a_refusal_of_the_database_does(
    inbox: Inbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    with constraint("messages_no_poison", "content <> 'poison'"):
        delivery = inbox.gets(meta.text("poison"))
    due_now()

    def broken(received: Any) -> Any:
        raise ValueError("a bug")

    with monkeypatch.context() as patched:
        patched.setattr(ingest, "receive_events", broken)
        assert replay_due() == {"failed": 1}
        assert replay_due() == {}
    delivery.refresh_from_db()
    assert (delivery.state, delivery.attempts, delivery.error) == ("failed", 3, "ValueError")
    assert delivery.next_attempt_at is not None
    assert delivery.next_attempt_at > timezone.now()
    due_now()
    assert replay_due() == {"processed": 1}


def test_a_customer_locked_for_too_long_delays_the_message(inbox: Inbox, owner: Business) -> None:
    inbox.gets(meta.text("Hello"))
    with session() as other_session, short_lock_timeout():
        lock_customer(other_session, owner.id, SHEENA)
        delivery = inbox.gets(meta.text("Are you there?"))
        assert (delivery.state, delivery.attempts) == ("failed", 1)
        assert delivery.error.startswith("55P03")
        assert len(inbox.messages) == 1
    due_now()
    assert replay_due() == {"processed": 1}
    assert inbox.counts() == (1, 1, 1, 2)


def test_the_body_is_stored_if_the_reader_raises_an_exception(inbox: Inbox, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(body: bytes, received_at: Any) -> Any:
        raise KeyError("messages")

    with monkeypatch.context() as patched:
        patched.setitem(ingest._READERS, "cloud", broken)
        delivery = inbox.gets(meta.text("Hello"))
    assert (delivery.state, inbox.counts()) == ("failed", (0, 0, 0, 0))
    assert ingest.replay(delivery_id=delivery.pk) == "processed"
    assert inbox.counts() == (1, 1, 1, 1)


def test_the_body_is_stored_if_storing_its_effects_raises_an_exception(
    inbox: Inbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(received: Any) -> Any:
        raise KeyError("a bug")

    with monkeypatch.context() as patched:
        patched.setattr(ingest, "receive_events", broken)
        delivery = inbox.gets(meta.text("Hello"))
    assert (delivery.state, delivery.error, inbox.counts()) == ("failed", "KeyError", (0, 0, 0, 0))
    due_now()
    assert replay_due() == {"processed": 1}
    assert inbox.counts() == (1, 1, 1, 1)


def test_a_body_that_is_not_json_is_stored_with_the_reason(inbox: Inbox) -> None:
    assert post(b"<xml/>").status_code == 200
    (delivery,) = WebhookDelivery.objects.all()
    assert (delivery.state, bytes(delivery.body)) == ("failed", b"<xml/>")
    assert "JSON" in delivery.error


def test_a_number_connected_later_gets_its_stored_deliveries(owner: Business) -> None:
    post(meta.body(meta.messages_value("777", messages=[meta.text("Hello")])))
    assert replay_due() == {}
    inbox = Inbox(owner, channel="777")
    assert replay_due() == {"processed": 1}
    assert inbox.counts() == (1, 1, 1, 1)
    assert replay_due() == {}


def test_a_delivery_that_another_process_replays_is_skipped(inbox: Inbox, owner: Business) -> None:
    delivery = inbox.gets(meta.text("Hello"))
    with session() as other:
        other.execute("SELECT FROM webhook_deliveries WHERE id = %s FOR UPDATE", [delivery.pk])
        assert ingest.replay(delivery_id=delivery.pk) == ""
    assert ingest.replay(delivery_id=delivery.pk) == "processed"
    assert inbox.counts() == (1, 1, 1, 1)


class TestABanThatCouldNotBeStored:
    @pytest.fixture
    def channel(self, owner: Business) -> Channel:
        """The number of an account whose ban was delivered while the log was locked."""
        channel = connect(owner)
        with session() as other, short_lock_timeout():
            other.execute("LOCK TABLE account_events IN EXCLUSIVE MODE")
            assert ban("DISABLE").state == "failed"
        due_now()
        return channel

    @staticmethod
    def is_stopped(channel: Channel) -> bool:
        assert replay_due() == {"processed": 1}
        channel.refresh_from_db()
        return channel.stopped_at is not None

    def test_it_stops_the_numbers_when_it_is_replayed(self, channel: Channel) -> None:
        assert self.is_stopped(channel)
        assert channel.stop_reason.startswith("Meta has banned the account")

    def test_it_stops_nothing_where_it_was_lifted_meanwhile(self, channel: Channel) -> None:
        ban("REINSTATE", time=meta.NOON + 9)
        assert not self.is_stopped(channel)

    def test_it_stops_nothing_that_a_person_has_resumed_meanwhile(self, channel: Channel) -> None:
        stop_channel(channel_id=channel.pk, reason="131031")
        resume_channel(channel_id=channel.pk)
        assert not self.is_stopped(channel)


def wakes_a_fetcher() -> bool:
    return ProcrastinateJob.objects.filter(task_name=FETCH_MEDIA, status="todo").exists()


def test_a_file_that_is_stored_by_a_replay_is_fetched_at_once(inbox: Inbox, owner: Business) -> None:
    inbox.gets(meta.text("Hello"))
    with session() as other_session, short_lock_timeout():
        lock_customer(other_session, owner.id, SHEENA)
        inbox.gets(meta.message("image", {"id": "1"}))
    assert not wakes_a_fetcher()
    due_now()
    assert replay_due() == {"processed": 1}
    assert wakes_a_fetcher()


def test_a_file_beside_a_message_that_the_database_refuses_is_fetched_at_once(inbox: Inbox) -> None:
    with constraint("messages_no_poison", "content <> 'poison'"):
        assert inbox.gets(meta.text("poison"), meta.message("image", {"id": "1"})).state == "failed"
    assert wakes_a_fetcher()


def test_two_deliveries_with_files_at_the_same_moment_do_not_wait_for_each_other(inbox: Inbox) -> None:
    def other() -> str:
        with closing(connection), short_lock_timeout():
            return inbox.gets(meta.message("image", {"id": "1"})).state

    with ThreadPoolExecutor(1) as pool, transaction.atomic():
        wake_fetcher()  # as the first delivery does, just before it commits
        assert pool.submit(other).result() == "processed"
    assert wakes_a_fetcher()
