"""Service that takes a person's open work back, after they have left the business or become a viewer."""

from typing import Any, Final
from uuid import UUID

from django.db import transaction
from django.db.models import QuerySet

from conversations.models import Conversation
from conversations.services.locking import lock_customers_of
from leads.models import OPEN_STATUSES, Lead
from leadsite.accounts.models import Membership
from leadsite.accounts.people.roles import WORKING
from leadsite.core import clock
from leadsite.core.statements import fetch_rows
from leadsite.core.transactions import end_if_idle, retried

AT_ONCE: Final = 1000
# Transactions that have written something: https://www.postgresql.org/docs/current/functions-info.html
_RUNNING: Final = """
    SELECT pg_snapshot_xmin(now)::text::bigint, pg_snapshot_xmax(now)::text::bigint FROM pg_current_snapshot() AS now
"""


def release_work(*, business_id: UUID, person_id: UUID) -> int:
    """Unassign the open leads and active conversations of somebody who does not work for the business any more, or only
    views it; return how many.

    Closed ones keep the name of the person who did the work; deleted ones do not, because they can be restored. In
    batches, each in its own transaction.
    """
    if Membership.objects.of_business(business_id).filter(person_id=person_id, role__in=WORKING).exists():
        return 0  # works there again meanwhile
    theirs = {"user_id": business_id, "assigned_to_id": person_id}
    leads = Lead.all_objects.filter(status__in=OPEN_STATUSES, **theirs)
    conversations = Conversation.all_objects.filter(status=Conversation.Status.ACTIVE, **theirs)
    return _release(conversations, "customer") + _release(leads, "conversation__customer")


def running_since(before: int | None) -> int | None:
    """Return the number below which transactions still run; None where all have ended.

    A lead may have been given to the person in their turn by one that began before they left, and be seen when it ends:
    an import of a whole file. `before`: what the first call returned, None for that. Raises django.db.Error.
    """
    [(oldest, next_one)] = fetch_rows(_RUNNING)
    limit = next_one if before is None else before
    return limit if oldest < limit else None


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
