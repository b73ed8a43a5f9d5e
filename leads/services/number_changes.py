"""What happens when a customer's number or WhatsApp user id changes. Caller holds the transaction.

Moves are rare and each depends on what the one before has left, so they go one by one, with a few queries each.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from uuid import UUID

from django.db.models import Q
from django.utils import timezone

from conversations.identification import MAX_MOVES
from conversations.incoming import MoveReport, Sender
from conversations.models import Customer, CustomerMove, Message
from conversations.phone import phone_key
from leads.models import Lead
from leads.services.merge import merge_customers

# Providers tell times in whole seconds: what was written in the second of a move may have been written before it.
_SECOND = timedelta(seconds=1)


def move_customers(*, moves: Sequence[MoveReport]) -> None:
    """Give customers the numbers and ids that they have by now, and remember who they were.

    Each move is kept in customer_moves, so that what a customer wrote before it still finds them however late it comes.
    Where somebody has the new identifiers who has written since the move only, that is the same person, faster than
    the news: the two are merged. Any other customer keeps what they have. A move told twice moves nobody twice: the old
    number may be somebody else's by then.

    Locks: the customers, in the order of the moves; see merge_customers. Raises django.db.Error.
    """
    for move in sorted(moves, key=_order):
        _move_customer(move)


def _order(move: MoveReport) -> tuple[UUID, datetime, str, str]:
    # What is missing comes last, behind every identifier.
    return move.user_id, move.at, _key(move.former.phone) or "~", move.former.whatsapp_user_id or "~"


def _move_customer(move: MoveReport) -> None:
    former = _identifiers(move.former)
    if not CustomerMove.objects.insert_new(move, former - _identifiers(move.now)):
        return
    now, now_at = _followed(move)
    customer = _customer_before(move, now)
    is_taken = False
    for other in _customers_with(now, move.user_id, besides=customer):
        if not _has_written_since_only(other.pk, move.at):
            is_taken = True
        elif customer is not None:
            merge_customers(source_id=other.pk, target_id=customer.pk)
            now = replace(
                now, phone=now.phone or other.phone, whatsapp_user_id=now.whatsapp_user_id or other.whatsapp_user_id
            )
    if is_taken:
        # Somebody else has been there all along: nobody is to be looked for there.
        CustomerMove.objects.filter(user_id=move.user_id, moved_at=move.at, former__in=former).delete()
    elif customer is not None:
        _remember_id_of(customer, move, now)
        _give_identifiers(customer, move, now, now_at)


def _key(phone: str | None) -> str | None:
    return phone_key(phone) if phone else None


def _identifiers(sender: Sender) -> set[str]:
    """Phone key and WhatsApp user id, as far as they are known."""
    return {one for one in (_key(sender.phone), sender.whatsapp_user_id) if one}


def _followed(move: MoveReport) -> tuple[Sender, datetime]:
    """Where the customer is by now, and since when: they may have moved on, as told before this."""
    now, now_at = replace(move.now, name=""), move.at
    for _ in range(MAX_MOVES):
        later = CustomerMove.objects.filter(user_id=move.user_id, former__in=_identifiers(now), moved_at__gt=now_at)
        following = later.order_by("moved_at", "former").first()
        if following is None:
            break
        now = replace(
            now,
            phone=following.phone or now.phone,
            whatsapp_user_id=following.whatsapp_user_id or now.whatsapp_user_id,
        )
        now_at = following.moved_at
    return now, now_at


def _customer_before(move: MoveReport, now: Sender) -> Customer | None:
    """The customer who moves, locked: who has the former id or, being here before the move, the former number."""
    customers = Customer.objects.filter(user_id=move.user_id)
    known_id = move.former.whatsapp_user_id
    if known_id is not None:
        by_id = customers.filter(whatsapp_user_id=known_id).select_for_update().first()
        if by_id is not None:
            return by_id
    key = _key(move.former.phone)
    by_phone = customers.filter(phone_key=key).first() if key else None
    if by_phone is None:
        return None
    # With another id than one of these it is somebody else, as far as both are known.
    ids = (known_id, now.whatsapp_user_id)
    is_other = by_phone.whatsapp_user_id is not None and by_phone.whatsapp_user_id not in ids and None not in ids
    # Who has written since the move only has the number from the one who moved.
    if is_other or _has_written_since_only(by_phone.pk, move.at + _SECOND):
        return None
    return customers.filter(pk=by_phone.pk, phone_key=key).select_for_update().first()


def _customers_with(now: Sender, user_id: UUID, *, besides: Customer | None) -> list[Customer]:
    """The other customers who have the new number or the new id, locked."""
    has_one = Q()
    if now.phone:
        has_one |= Q(phone_key=_key(now.phone))
    if now.whatsapp_user_id:
        has_one |= Q(whatsapp_user_id=now.whatsapp_user_id)
    others = Customer.objects.filter(has_one, user_id=user_id)
    if besides is not None:
        others = others.exclude(pk=besides.pk)
    return list(others.order_by("phone_key", "whatsapp_user_id").select_for_update())


def _has_written_since_only(customer_id: UUID, moment: datetime) -> bool:
    """Whether all that is here of a customer came by WhatsApp since a moment.

    False for somebody who was here before, whom a form, a file or a person brought, or who wrote earlier.
    """
    messages = Message.objects.filter(conversation__customer_id=customer_id)
    earlier = messages.filter(Q(provider_time__lt=moment) | Q(provider_time=None, created_at__lt=moment))
    leads = Lead.objects.filter(conversation__customer_id=customer_id)
    return messages.exists() and not earlier.exists() and not leads.exclude(source=Lead.Source.WHATSAPP).exists()


def _remember_id_of(customer: Customer, move: MoveReport, now: Sender) -> None:
    """A new number comes with a new id, also where nobody says what the old one was."""
    former = {_key(move.former.phone)}
    if now.whatsapp_user_id is not None:
        former.add(customer.whatsapp_user_id)
    former -= {None, *_identifiers(now)}
    CustomerMove.objects.insert_or_complete(replace(move, now=now), {one for one in former if one})


def _give_identifiers(customer: Customer, move: MoveReport, now: Sender, now_at: datetime) -> None:
    """Write down what the customer has by now, except what another customer has."""
    others = Customer.objects.filter(user_id=customer.user_id).exclude(pk=customer.pk)
    key = _key(now.phone)
    if key is None:
        # From a number to an id alone: the number may be somebody else's next.
        leaves = customer.phone_key == _key(move.former.phone) and now.whatsapp_user_id is not None
        phone = None if leaves else customer.phone
    else:
        phone = customer.phone if others.filter(phone_key=key).exists() else now.phone
    known_id = customer.whatsapp_user_id
    if now.whatsapp_user_id and not others.filter(whatsapp_user_id=now.whatsapp_user_id).exists():
        known_id = now.whatsapp_user_id
    Customer.objects.filter(pk=customer.pk).update(
        phone=phone,
        whatsapp_user_id=known_id,
        identified_at=max(customer.identified_at or now_at, now_at),
        updated_at=timezone.now(),
    )
