"""Service that completes customers with the WhatsApp user ids that a provider names beside their numbers.

A business that writes first knows only a number. The reports about its messages say which id belongs to it, and the
customer may answer with the id alone.
"""

from collections.abc import Iterable, Sequence
from typing import Final
from uuid import UUID

import structlog
from django.db import Error, transaction

from conversations.message_status_order import MessageRecord
from conversations.models import Customer
from conversations.models.senders import NewUserId
from conversations.phone import key_of
from conversations.services.late_deliveries import Reported
from leadsite.core.transactions import RETRIED_SQLSTATES, after_commit, end_if_idle, retried, sqlstate

log = structlog.get_logger(__name__)

LOCK_TIMEOUT: Final = "100ms"
UNIQUE_VIOLATION: Final = "23505"


def named_user_ids(reports: Iterable[Reported]) -> set[tuple[UUID, str]]:
    """Return the businesses and WhatsApp user ids that reports name."""
    people = ((report.user_id, report.recipient) for report in reports if report.recipient)
    return {(user_id, person.whatsapp_user_id) for user_id, person in people if person.whatsapp_user_id}


def add_user_ids_afterwards(reports: Iterable[Reported], messages: Iterable[MessageRecord]) -> None:
    """Add the ids that reports name of customers who have none, in a transaction after the caller's, which has locked
    the messages: customers are locked before messages. The next report names the id again.

    `messages`: those that the reports are about. One that was sent to another number than the customer's present one
    says nothing of the customer.
    """
    lacking = [one for one in messages if one.lacks_id]
    by_key = {one.key: one for one in lacking}
    by_id: dict[tuple[UUID, UUID | None], MessageRecord] = {(one.user_id, one.id): one for one in lacking}
    found: dict[tuple[UUID, str], NewUserId] = {}
    for report in reports:
        message = by_key.get(report.key) or by_id.get((report.user_id, report.message_id))
        if message is None or message.lacks_id is None or report.recipient is None:
            continue
        customer_id, phone_key = message.lacks_id
        whatsapp_user_id = report.recipient.whatsapp_user_id
        if whatsapp_user_id and key_of(report.recipient.phone) == phone_key:
            # Of two numbers with one id, only one customer can have it.
            new = NewUserId(customer_id, report.user_id, phone_key, whatsapp_user_id, report.at)
            found.setdefault((report.user_id, whatsapp_user_id), new)
    if found:
        after_commit(_add_user_ids, list(found.values()))


@retried(attempts=1, operation="add WhatsApp user ids")
def _add_user_ids(new: Sequence[NewUserId]) -> None:
    # An inbound message may bring the same id at the same moment: the unique constraint makes the second wait for the
    # first. Not for customers who are locked, by an import for example: what has brought the reports waits meanwhile,
    # so it waits once, and the next report names the id again.
    try:
        with transaction.atomic():
            end_if_idle(lock_timeout=LOCK_TIMEOUT)
            free = Customer.objects.lock_free([one.customer_id for one in new])
            Customer.objects.add_user_ids([one for one in new if one.customer_id in free])
    except Error as error:
        if (state := sqlstate(error)) not in RETRIED_SQLSTATES | {UNIQUE_VIOLATION}:
            raise
        log.info("user_ids_left_to_next_report", sqlstate=state)
