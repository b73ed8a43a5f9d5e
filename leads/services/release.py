"""Service that takes a person's open work back, after they have left the business."""

from typing import Any, Final
from uuid import UUID

from django.db import transaction
from django.db.models import QuerySet

from conversations.models import Conversation
from leads.models import Lead
from leadsite.accounts.models import Membership
from leadsite.core import clock
from leadsite.core.transactions import retried

AT_ONCE: Final = 1000
OPEN: Final = (Lead.Status.NEW, Lead.Status.CONTACTED, Lead.Status.QUALIFIED)


def release_work(*, business_id: UUID, person_id: UUID) -> int:
    """Unassign the open leads and active conversations of somebody who has left the business; return how many.

    Closed ones keep the name of the person who did the work. In batches, each in its own transaction.
    """
    if Membership.objects.filter(business_id=business_id, person_id=person_id).exists():
        return 0  # has come back meanwhile
    theirs = {"user_id": business_id, "assigned_to_id": person_id}
    leads = Lead.objects.filter(status__in=OPEN, **theirs)
    conversations = Conversation.objects.filter(status=Conversation.Status.ACTIVE, **theirs)
    return _release(conversations) + _release(leads)


def _release(rows: QuerySet[Any]) -> int:
    released, last = 0, None
    while True:
        # From where the batch before has ended: closed leads keep their name, and there may be many.
        count, last = _release_batch(rows if last is None else rows.filter(pk__gt=last))
        released += count
        if last is None:
            return released


@retried
def _release_batch(rows: QuerySet[Any]) -> tuple[int, UUID | None]:
    """Returns how many were unassigned, and the last one that was looked at; None where there are no more."""
    # Somebody may assign one of them to a colleague at the same moment: that is kept, because it is looked at again
    # under the lock. One table a transaction, in the order of the ids.
    with transaction.atomic():
        locked = rows.order_by("pk").select_for_update(no_key=True).values_list("pk", flat=True)[:AT_ONCE]
        ids = list(locked)
        released = rows.model.objects.filter(pk__in=ids).update(assigned_to=None, updated_at=clock.now())
        return released, ids[-1] if len(ids) == AT_ONCE else None
