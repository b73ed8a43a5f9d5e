"""Services that make two customers one, as somebody has decided, and that take it back within a day: Note [Merges].

One person has one number here. The customer who stays keeps the own number and WhatsApp user id, and gets those of the
other where there is none. A number that is given up is remembered as a former one: what was written from it before the
merge finds the customer who stays, however late it arrives; who writes from it afterwards begins as a new customer,
because an answer must go to the number that somebody writes from.

The undo gives back what was moved. Messages that have arrived meanwhile: in a chat that was moved whole they stay in
it; where two chats had become one, those from the number or id of the customer who comes back go with that one, with
the leads that they have begun, and all others stay. Where the number has begun a new customer meanwhile, that one gets
everything back.
"""

from datetime import timedelta
from typing import Any, Final
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext_noop

from conversations.models import Customer, CustomerMove
from leads.merging import memory, undo
from leads.models import CustomerMerge
from leads.services.merge import merge_customers
from leadsite.core import clock
from leadsite.core.transactions import end_if_idle, retried

UNDO: Final = timedelta(days=1)
GONE: Final = gettext_noop(
    "One of the customers does not exist any more: somebody has merged or erased it. Open the list again."
)
SAME: Final = gettext_noop("This is one customer already.")
_NUMBER_GIVEN: Final = gettext_noop(
    "The customer who stayed has the other one's number by now. Change it, then undo the merge."
)


class MergeRefused(Exception):
    """Nothing was changed; the message is a sentence for the person."""


@retried(operation="merge customers")
def merge(*, user_id: UUID, source_id: UUID, target_id: UUID, person_id: UUID | None) -> CustomerMerge:
    """Make the source a part of the target: see Note [Merges]. All leads are kept. Opens the transaction.

    Locks: both customers in the lock order, then what belongs to them. Raises MergeRefused, django.db.Error.
    """
    if source_id == target_id:
        raise MergeRefused(SAME)
    # A delivery to either, and a second merge, also in the other direction: all lock the customers' rows first, in the
    # same order, and who comes second finds that a customer is gone.
    with transaction.atomic():
        end_if_idle()
        locked = {customer.pk: customer for customer in Customer.objects.lock([source_id, target_id])}
        source, target = locked.get(source_id), locked.get(target_id)
        if source is None or target is None or {source.user_id, target.user_id} != {user_id}:
            raise MergeRefused(GONE)
        remembered = memory.before(source_id=source_id, target_id=target_id)
        related = merge_customers(source_id=source_id, target_id=target_id, keeps_leads=True)
        moves = _give_identifiers(source, target)
        memory.after(remembered, target_id=target_id, related=related, moves=moves)
        return CustomerMerge.objects.create(
            user_id=user_id,
            source_id=source_id,
            into_id=target_id,
            target_id=target_id,
            former_name=source.name,
            former_phone=source.phone,
            former_whatsapp_user_id=source.whatsapp_user_id,
            person_id=person_id,
            moved=remembered,
        )


def _give_identifiers(source: Customer, target: Customer) -> list[UUID]:
    """Fill the identifiers that the target lacks; return the moves of those that are given up."""
    now = clock.now()
    phone = target.phone or source.phone
    whatsapp_user_id = target.whatsapp_user_id or source.whatsapp_user_id
    identified = [one for one in (target.identified_at, source.identified_at) if one]
    Customer.objects.filter(pk=target.pk).update(
        phone=phone,
        whatsapp_user_id=whatsapp_user_id,
        identified_at=max(identified, default=None),
        updated_at=now,
    )
    former = {source.phone_key if target.phone else None, source.whatsapp_user_id if target.whatsapp_user_id else None}
    return [
        CustomerMove.objects.create(
            user_id=target.user_id, former=one, phone=phone, whatsapp_user_id=whatsapp_user_id, moved_at=now
        ).pk
        for one in sorted(filter(None, former))
    ]


def is_undoable(merge: CustomerMerge) -> bool:
    """Whether the undo is offered now."""
    in_time = merge.created_at + UNDO > clock.now()
    return in_time and merge.moved is not None and merge.undone_at is None and merge.target_id == merge.into_id


@retried(operation="undo merge of customers")
def undo_merge(*, user_id: UUID, merge_id: UUID) -> UUID:
    """Give back what a merge moved: see Note [Merges]; return the id of the customer who is there again.

    Opens the transaction. Locks: the customer who stayed, and whoever has the other's identifiers now, in the lock
    order, then what belongs to them. Raises MergeRefused, django.db.Error.
    """
    # Messages may arrive, or a second undo may begin: both wait for the customers' rows.
    with transaction.atomic():
        end_if_idle()
        merge = CustomerMerge.objects.filter(user_id=user_id, pk=merge_id).first()
        if merge is None:
            raise MergeRefused(gettext_noop("There is no such merge any more."))
        owners = undo.owners_of(merge)
        Customer.objects.lock([merge.target_id, *owners])
        merge = CustomerMerge.objects.select_for_update().filter(pk=merge_id).first()
        if merge is None or undo.owners_of(merge) != owners:
            raise MergeRefused(gettext_noop("Somebody is changing these customers. Try again."))
        _check_undoable(merge)
        customer_id = undo.give_back(merge)
        if customer_id is None:
            raise MergeRefused(_NUMBER_GIVEN)
        # What the customer has again is erased, or changes, with that one.
        former = {"former_name": "", "former_phone": None, "former_whatsapp_user_id": None}
        now = clock.now()
        CustomerMerge.objects.filter(pk=merge_id).update(**former, moved=None, undone_at=now, updated_at=now)
        return customer_id


def _check_undoable(merge: CustomerMerge) -> None:
    """Raises MergeRefused."""
    if merge.undone_at is not None:
        raise MergeRefused(gettext_noop("This merge is undone already."))
    if merge.target_id != merge.into_id:
        raise MergeRefused(gettext_noop("The customer has been merged into another one since. Undo that first."))
    if not is_undoable(merge):
        raise MergeRefused(gettext_noop("A merge can be undone for a day."))


def forget_merges() -> int:
    """Forget what merges older than a day would give back; return how many. Raises ClockDiffers, django.db.Error."""
    old: Any = CustomerMerge.objects.filter(moved__isnull=False, created_at__lt=clock.check_clock() - UNDO)
    return int(old.update(moved=None))
