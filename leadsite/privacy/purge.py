"""Service that removes for good what was deleted long ago: leads, conversations with their messages, customers."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final

from django.conf import settings
from django.db import transaction
from django.db.models import Exists, OuterRef, QuerySet

from conversations.models import Conversation, Customer, Message
from leads.models import Lead
from leadsite.core import clock
from leadsite.core.statements import delete_rows
from leadsite.core.transactions import end_if_idle, retried
from leadsite.privacy.audit import forget_rows
from leadsite.privacy.customers import delete_customers

# A chunk locks so many customers, and takes about a tenth of a second.
CUSTOMERS: Final = 200
ROWS: Final = 2000


def purge_deleted(*, should_stop: Callable[[], bool]) -> int:
    """Remove what was deleted more than DELETED_DAYS ago by the database's clock, in chunks, each in its own
    transaction; return how many rows. None where DELETED_DAYS is 0. Raises ClockDiffers; django.db.Error.
    """
    if not settings.DELETED_DAYS:
        return 0
    before = clock.check_clock() - timedelta(days=settings.DELETED_DAYS)
    total = 0
    while not should_stop() and (removed := purge_chunk(before=before)):
        total += removed
    return total


@retried
def purge_chunk(*, before: datetime) -> int:
    """Remove some of what was deleted before a moment; return how many rows, 0 where there is no more. Opens the
    transaction.

    A conversation goes when none of its leads is left, after its messages; a customer when no conversation is left,
    unless they want no marketing: that must not be forgotten. What the audit and the admin's log have of them goes too.
    Raises django.db.Error.
    """
    # Somebody may restore a lead, and the customer may write, at the same moment: all lock the customer's row first.
    with transaction.atomic():
        end_if_idle()
        leads = Lead.all_objects.filter(deleted_at__lt=before)
        # Not one with leads that stay: such a row was made by SQL, and check_integrity tells of it.
        stays = Lead.all_objects.filter(conversation=OuterRef("pk")).exclude(deleted_at__lt=before)
        conversations = Conversation.all_objects.filter(deleted_at__lt=before).exclude(Exists(stays))
        owners = set(leads.order_by("deleted_at").values_list("conversation__customer", flat=True)[:CUSTOMERS])
        owners |= set(conversations.order_by("deleted_at").values_list("customer", flat=True)[:CUSTOMERS])
        customer_ids = [customer.pk for customer in Customer.objects.lock(owners)]
        return _remove(
            leads.filter(conversation__customer__in=customer_ids), conversations.filter(customer__in=customer_ids)
        )


def _remove(leads: QuerySet[Lead], conversations: QuerySet[Conversation]) -> int:
    lead_ids = list(leads.values_list("pk", flat=True)[:ROWS])
    removed = delete_rows(Lead.all_objects.filter(pk__in=lead_ids))
    emptied = conversations.exclude(Exists(Lead.all_objects.filter(conversation=OuterRef("pk"))))
    owners = dict(emptied.values_list("pk", "customer")[:CUSTOMERS])
    message_ids = list(Message.objects.filter(conversation__in=list(owners)).values_list("pk", flat=True)[:ROWS])
    # A message that was moved into this conversation may be the first of a lead elsewhere.
    Lead.all_objects.filter(first_message__in=message_ids).update(first_message=None)
    removed += delete_rows(Message.objects.filter(pk__in=message_ids))
    left = Exists(Message.objects.filter(conversation=OuterRef("pk")))
    gone = list(Conversation.all_objects.filter(pk__in=list(owners)).exclude(left).values_list("pk", flat=True))
    removed += delete_rows(Conversation.all_objects.filter(pk__in=gone))
    forget_rows([*lead_ids, *gone])
    return removed + len(delete_customers({owners[conversation_id] for conversation_id in gone}))
