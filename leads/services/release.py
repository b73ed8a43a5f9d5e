"""Service that takes a person's open work back, after they have left the business."""

from typing import Any, Final
from uuid import UUID

from django.db import transaction
from django.db.models import QuerySet

from conversations.models import Conversation
from conversations.services.locking import lock_customers_of
from leads.models import OPEN_STATUSES, Lead
from leadsite.accounts.models import Membership
from leadsite.core import clock
from leadsite.core.transactions import end_if_idle, retried

AT_ONCE: Final = 1000


def release_work(*, business_id: UUID, person_id: UUID) -> int:
    """Unassign the open leads and active conversations of somebody who works for the business no more; return how many.

    Closed ones keep the name of the person who did the work; deleted ones do not, because they can be restored. In
    batches, each in its own transaction.
    """
    if Membership.objects.of_business(business_id).filter(person_id=person_id).exists():
        return 0  # has come back meanwhile
    theirs = {"user_id": business_id, "assigned_to_id": person_id}
    leads = Lead.all_objects.filter(status__in=OPEN_STATUSES, **theirs)
    conversations = Conversation.all_objects.filter(status=Conversation.Status.ACTIVE, **theirs)
    return _release(conversations, "customer") + _release(leads, "conversation__customer")


def _release(rows: QuerySet[Any], customer: str) -> int:
    released, last = 0, None
    while True:
        # From where the batch before has ended: closed leads keep their name, and there may be many.
        count, last = _release_batch(rows if last is None else rows.filter(pk__gt=last), customer)
        released += count
        if last is None:
            return released


@retried
def _release_batch(rows: QuerySet[Any], customer: str) -> tuple[int, UUID | None]:
    """`customer`: the look-up of a row's customer. Return how many were released, and the last one that was looked at;
    None where there are no more.
    """
    # Somebody may assign one of them to a colleague at the same moment: that is kept, because it is looked at again
    # under the lock of its customer.
    with transaction.atomic():
        end_if_idle()
        owners = dict(rows.order_by("pk").values_list("pk", customer)[:AT_ONCE])
        lock_customers_of(rows.model, customer, owners)
        released = rows.filter(pk__in=list(owners)).update(assigned_to=None, updated_at=clock.now())
        return released, max(owners) if len(owners) == AT_ONCE else None
