"""Service that stores deliveries: the raw body and its messages, statuses and moves, in one transaction.

The number of SQL statements does not depend on the size of a delivery: channels, locks, effects, body. Before it, in a
transaction of its own, messages are queued again that the delivery says have failed for a time (outbound/requeue.py).
"""

import time
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

import structlog
from django.db import Error, transaction

from leads.received import Received, Stored
from leads.services.receive import prepare_transaction, receive_events
from leadsite.core import clock, failures, metrics
from leadsite.core.postgresql.actors import Actor, ActorKind, acting, actor_of_request
from leadsite.core.transactions import after_commit, end_if_idle, retried
from whatsapp.channels import stop_channels
from whatsapp.erasing.late import without_erased
from whatsapp.inbound import twilio
from whatsapp.inbound.account_events import store_account_events
from whatsapp.inbound.authentication import Signature, stored_signature
from whatsapp.inbound.events import UnreadableBody
from whatsapp.inbound.meta import payloads
from whatsapp.inbound.planning import ERROR_MAX_LENGTH, Plan, name_of, plan_delivery, unread
from whatsapp.inbound.storage_errors import is_about_content, reason_of
from whatsapp.media.wakeup import wake_fetcher
from whatsapp.models import NewDelivery, WebhookDelivery
from whatsapp.outbound.requeue import requeue_failed

log = structlog.get_logger(__name__)

State = WebhookDelivery.State

MAX_ATTEMPTS: Final = 15
# After a deadlock, while the provider waits. A request that meets a lock gives way instead: postgresql/giving_way.py.
ATTEMPTS_OF_RECEIVE: Final = 3
LONGEST_PAUSE: Final = timedelta(hours=6)
_READERS: Final = {"cloud": payloads.read, "twilio": twilio.read}


def receive(*, body: bytes, signature: Signature) -> None:
    """Store an authentic delivery and its effects. Opens the transaction.

    Parts that cannot be read, and those of numbers whose secret did not sign it, are left out and named in the
    delivery's error. Where the effects cannot be stored, or a number's secret cannot be decrypted, the delivery is
    stored as failed, to be tried again.

    Raises NotSigned or SecretUnreadable where everything in it belongs to numbers whose secret did not sign it, and
    django.db.Error where not even the body can be stored: nothing is stored then.
    """
    delivery_id = clock.new_id()
    with acting(_actor(delivery_id)):
        _receive(delivery_id, body, signature)


def _receive(delivery_id: UUID, body: bytes, signature: Signature) -> None:
    started = time.perf_counter()
    provider, received_at = signature.provider, clock.now()
    plan = _plan(body, received_at, signature)
    if plan.is_refused:
        raise signature.refusal("signed by a secret that is not that of the number")
    try:
        plan.received.statuses += requeue_failed(failures=plan.temporary, others=plan.received.statuses)
        stored = _store(delivery_id, provider, body, received_at, plan)
    except Exception as error:
        if not isinstance(error, Error):
            # A bug. The body is stored, and a fixed version replays it: Twilio does not deliver again.
            log.exception("delivery_storing_broken", delivery_id=str(delivery_id), provider=provider)
        failed = plan.failed(reason_of(error))
        _insert_delivery(delivery_id, provider, body, received_at, failed)
        _log(delivery_id, provider, failed, Stored())
        metrics.delivery_stored(provider, failed.state, time.perf_counter() - started)
        if is_about_content(error):
            replay(delivery_id=delivery_id, bisect=True)
    else:
        _log(delivery_id, provider, plan, stored)
        metrics.delivery_stored(provider, plan.state, time.perf_counter() - started)
        metrics.leads_created(failures.Source.WHATSAPP, "created", stored.leads)


def _plan(body: bytes, received_at: datetime, signature: Signature) -> Plan:
    """Read the body, and decide what to store. Raises django.db.Error."""
    try:
        return plan_delivery(_READERS[signature.provider](body, received_at), received_at, signature)
    except UnreadableBody as error:
        return unread(str(error), signature)
    except Error:
        raise
    except Exception as error:
        # A bug in the reader. The body is stored, and a fixed version can replay it.
        log.exception("delivery_reader_broken", provider=signature.provider)
        return unread(f"The reader raised {type(error).__name__}: see the log.", signature)


@retried(attempts=ATTEMPTS_OF_RECEIVE, source="whatsapp", operation="store delivery")
def _store(delivery_id: UUID, provider: str, body: bytes, received_at: datetime, plan: Plan) -> Stored:
    # The same delivery may arrive twice at the same moment: the second waits for the locks that receive_events takes,
    # and finds the messages stored when the first has committed.
    with transaction.atomic():
        stored = receive_events(plan.received)
        # Of other bytes a later attempt could not tell whose secret signed them.
        if not plan.is_tried_again:
            body = without_erased(provider, body, stored)
        _insert_delivery(delivery_id, provider, body, received_at, plan.with_result(stored))
        stop_channels(plan.stopped | store_account_events(plan.account))
        if stored.media:
            wake_fetcher()
        return stored


def replay(*, delivery_id: UUID, bisect: bool = False) -> str:
    """Process a stored delivery again and return its new state; "" where another process has locked it, or it is gone.

    Stored rows stay unchanged. `bisect`: bisect the events at once, so that one that the database refuses does not
    prevent the others; otherwise only after storing all of them has failed. Opens the transaction. Raises
    django.db.Error where the database is not available.
    """
    with acting(_actor(delivery_id)):
        try:
            return _replay(delivery_id, bisect=bisect)
        except Exception as error:
            if is_about_content(error) and not bisect:
                return replay(delivery_id=delivery_id, bisect=True)
            if not isinstance(error, Error):
                # A bug. Noted as well: otherwise the delivery would stay due, and come before all others each minute.
                log.exception("delivery_replay_failed", delivery_id=str(delivery_id))
            return _note_failure(delivery_id, error)


def _actor(delivery_id: UUID) -> Actor:
    return actor_of_request(ActorKind.DELIVERY, actor_id=str(delivery_id), name="WhatsApp")


@retried(source="whatsapp", operation="replay delivery")
def _replay(delivery_id: UUID, *, bisect: bool) -> str:
    # Two processes may replay the same delivery: the second finds it locked and skips it. The customers are locked for
    # all who write to them.
    with transaction.atomic():
        end_if_idle()
        delivery = WebhookDelivery.objects.select_for_update(skip_locked=True).filter(pk=delivery_id).first()
        if delivery is None:
            return ""
        plan = _plan(bytes(delivery.body), delivery.received_at, stored_signature(delivery))
        # Not sent again: messages are locked after customers.
        plan.received.statuses += [failure.report for failure in plan.temporary]
        banned = store_account_events(plan.account)
        results: list[Stored] = []
        if bisect:
            prepare_transaction(businesses=plan.received.businesses)
            refused = _bisect(plan.received, results)
        else:
            results, refused = [receive_events(plan.received)], []
            plan = plan.with_result(results[0])
        # What a status has said of a number (`plan.stopped`) may not be so any more. A ban is, without a later event.
        stop_channels(banned)
        if any(stored.media for stored in results):
            wake_fetcher()
        return _finish(delivery, plan, refused, results)


def _insert_delivery(delivery_id: UUID, provider: str, body: bytes, received_at: datetime, plan: Plan) -> None:
    row = NewDelivery(
        id=delivery_id,
        provider=provider,
        body=body,
        received_at=received_at,
        state=plan.state,
        error=plan.error,
        unrouted=plan.unrouted,
        signed_by=plan.signed_by,
        signature=plan.signature,
        next_attempt_at=_next_attempt(1) if plan.is_tried_again else None,
    )
    WebhookDelivery.objects.insert(row, facts=plan.facts)


def _bisect(received: Received, results: list[Stored]) -> list[str]:
    """Store the events, bisecting those that the database refuses down to single ones; return the reasons, and in
    `results` what was stored.

    Caller holds the transaction and the locks of the businesses.
    """
    try:
        with transaction.atomic():  # a savepoint
            stored = receive_events(received)
        results.append(stored)
        return []
    except Error as error:
        if not is_about_content(error):
            raise
        if len(received) == 1:
            failures.annotate(error, receive_events, (received,), {})
            after_commit(failures.report, error, source="whatsapp", operation="store item of delivery", attempt=1)
            return [f"{name_of(received)}: {reason_of(error)}"]
    return [reason for part in received.bisect() for reason in _bisect(part, results)]


def _finish(delivery: WebhookDelivery, plan: Plan, refused: list[str], results: Iterable[Stored] = ()) -> str:
    delivery.attempts += 1
    has_failed_before = delivery.state == State.FAILED
    delivery.state = State.FAILED if refused else plan.state
    delivery.error = "\n".join([plan.error, *refused]).strip()[:ERROR_MAX_LENGTH]
    delivery.unrouted = plan.unrouted
    if not (refused or plan.is_tried_again):
        delivery.next_attempt_at = None
    elif not has_failed_before or (delivery.next_attempt_at and delivery.next_attempt_at <= clock.now()):
        # A replay by hand before the next attempt is due does not change when it is due.
        delivery.next_attempt_at = _next_attempt(delivery.attempts)
    # Until a part that may be signed is decided, or given up, the bytes stay: see _store.
    if not (plan.is_tried_again and delivery.next_attempt_at):
        for stored in results:
            delivery.body = without_erased(delivery.provider, bytes(delivery.body), stored)
    delivery.save(update_fields=["attempts", "body", "state", "error", "unrouted", "next_attempt_at"])
    log.info("delivery_replayed", delivery_id=str(delivery.pk), state=delivery.state, attempts=delivery.attempts)
    return delivery.state


def _note_failure(delivery_id: UUID, error: Exception) -> str:
    """Store the reason in a separate transaction, after the failed one was rolled back."""
    with transaction.atomic():
        delivery = WebhookDelivery.objects.select_for_update(skip_locked=True).filter(pk=delivery_id).first()
        if delivery is None:
            return ""
        return _finish(delivery, Plan(state=delivery.state, unrouted=delivery.unrouted), [reason_of(error)])


def _next_attempt(attempts_made: int) -> datetime | None:
    """After 1, 2, 4, … minutes, at most six hours; None after MAX_ATTEMPTS, which is a day and a half."""
    if attempts_made >= MAX_ATTEMPTS:
        return None
    return clock.now() + min(timedelta(minutes=2 ** (attempts_made - 1)), LONGEST_PAUSE)


def _log(delivery_id: UUID, provider: str, plan: Plan, stored: Stored) -> None:
    log.info(
        "delivery_received",
        delivery_id=str(delivery_id),
        provider=provider,
        state=plan.state,
        new_messages=stored.messages,
        new_leads=stored.leads,
        problems=len(plan.notes),
    )
