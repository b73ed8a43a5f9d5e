"""Service that applies changes of customers' numbers and WhatsApp user ids. Caller holds the transaction.

Moves are rare, and each depends on the result of the one before, so they are applied one by one with a few queries.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from uuid import UUID

from django.db.models import Q

from conversations.identification import MAX_MOVES
from conversations.incoming import MoveReport, Sender
from conversations.models import Customer, CustomerMove, Message
from conversations.phone import key_of
from leads.models import Lead
from leads.services.merge import merge_customers
from leadsite.core import clock

# Providers report times in whole seconds: a message from the second of a move may have been written before it.
_SECOND = timedelta(seconds=1)


def move_customers(*, moves: Sequence[MoveReport]) -> None:
    """Set the present numbers and ids of customers, and record the former ones.

    Each move is stored in customer_moves, so that a message from before the move finds its customer however late it
    arrives. Another customer with the new identifiers who has only written since the move is the same person, whose
    message arrived before the report of the move: the two are merged. Any other customer keeps their identifiers. A
    repeated report is ignored: the old number may belong to another person by then.

    Locks: the customers, in the order of the moves; see merge_customers. Raises django.db.Error.
    """
    for move in sorted(moves, key=_order):
        _move_customer(move)


def _order(move: MoveReport) -> tuple[UUID, datetime, str, str]:
    # Missing identifiers sort last.
    return move.user_id, move.at, key_of(move.former.phone) or "~", move.former.whatsapp_user_id or "~"


def _move_customer(move: MoveReport) -> None:
    former = _identifiers(move.former)
    if former <= _identifiers(move.now):
        _add_number(move)
        return
    if not CustomerMove.objects.insert_new(move, former - _identifiers(move.now)):
        return
    now, now_at = _present_identifiers(move)
    customer = _customer_before(move, now)
    is_taken = False
    for other in _customers_with(now, move.user_id, besides=customer):
        if not _is_known_only_since(other.pk, move.at):
            is_taken = True
        elif customer is not None:
            merge_customers(source_id=other.pk, target_id=customer.pk)
            now = replace(
                now, phone=now.phone or other.phone, whatsapp_user_id=now.whatsapp_user_id or other.whatsapp_user_id
            )
    if is_taken:
        # The new identifiers belong to another person: messages must not be redirected there.
        CustomerMove.objects.filter(user_id=move.user_id, moved_at=move.at, former__in=former).delete()
    elif customer is not None:
        _record_former_id(customer, move, now)
        _update_identifiers(customer, move, now, now_at)


def _add_number(move: MoveReport) -> None:
    """Merge the customer with this id and the one with the number that they say is theirs.

    Only where the one has no number and the other no id, as after a form and a message without number. Where no
    customer has the number, the message that says so fills it. The younger row is merged into the older one, as if both
    identifiers had been known from the beginning.
    """
    now, now_at = _present_identifiers(move)
    known = Customer.objects.filter(user_id=move.user_id)
    by_id = known.filter(whatsapp_user_id=now.whatsapp_user_id).exclude(whatsapp_user_id=None).values("pk")
    by_phone = known.filter(phone_key=key_of(now.phone)).exclude(phone_key=None).values("pk")
    ids = list(known.filter(Q(pk__in=by_id) | Q(pk__in=by_phone)).values_list("pk", flat=True))
    both = sorted(Customer.objects.lock(ids), key=lambda one: one.pk)
    if len(both) != 2 or any(one.phone and one.whatsapp_user_id for one in both):
        return
    target, source = both
    merge_customers(source_id=source.pk, target_id=target.pk)
    Customer.objects.filter(pk=target.pk).update(
        phone=target.phone or source.phone,
        whatsapp_user_id=target.whatsapp_user_id or source.whatsapp_user_id,
        identified_at=now_at,
        updated_at=clock.now(),
    )


def _identifiers(sender: Sender) -> set[str]:
    """The phone key and WhatsApp user id, where known."""
    return {one for one in (key_of(sender.phone), sender.whatsapp_user_id) if one}


def _present_identifiers(move: MoveReport) -> tuple[Sender, datetime]:
    """Return the customer's present identifiers and since when: later moves may have been reported before this one."""
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
    """Return the customer who moves, locked: the one with the former id, or with the former number before the move."""
    customers = Customer.objects.filter(user_id=move.user_id)
    known_id = move.former.whatsapp_user_id
    if known_id is not None:
        by_id = customers.filter(whatsapp_user_id=known_id).select_for_update().first()
        if by_id is not None:
            return by_id
    key = key_of(move.former.phone)
    by_phone = customers.filter(phone_key=key).first() if key else None
    if by_phone is None:
        return None
    # A customer with a different id is another person, unless one of the ids is unknown.
    ids = (known_id, now.whatsapp_user_id)
    is_other = by_phone.whatsapp_user_id is not None and by_phone.whatsapp_user_id not in ids and None not in ids
    # A customer who has only written since the move is the number's next owner.
    if is_other or _is_known_only_since(by_phone.pk, move.at + _SECOND):
        return None
    return customers.filter(pk=by_phone.pk, phone_key=key).select_for_update().first()


def _customers_with(now: Sender, user_id: UUID, *, besides: Customer | None) -> list[Customer]:
    """Return the other customers with the new number or the new id, locked."""
    has_one = Q()
    if now.phone:
        has_one |= Q(phone_key=key_of(now.phone))
    if now.whatsapp_user_id:
        has_one |= Q(whatsapp_user_id=now.whatsapp_user_id)
    others = Customer.objects.filter(has_one, user_id=user_id)
    if besides is not None:
        others = others.exclude(pk=besides.pk)
    return list(others.order_by("phone_key", "whatsapp_user_id").select_for_update())


def _is_known_only_since(customer_id: UUID, moment: datetime) -> bool:
    """Whether a customer has only been known by WhatsApp messages, or a choice about marketing, since a moment.

    False for one with earlier messages, or with a lead from another source (a form, a file, a person); also deleted.
    """
    messages = Message.objects.filter(conversation__customer_id=customer_id)
    earlier = messages.filter(Q(provider_time__lt=moment) | Q(provider_time=None, created_at__lt=moment))
    leads = Lead.all_objects.filter(conversation__customer_id=customer_id)
    has_chosen = Customer.objects.filter(pk=customer_id, marketing_choice_at__gte=moment)
    is_known = messages.exists() or has_chosen.exists()
    return is_known and not earlier.exists() and not leads.exclude(source=Lead.Source.WHATSAPP).exists()


def _record_former_id(customer: Customer, move: MoveReport, now: Sender) -> None:
    """Record the former id too: a new number implies a new id, even if the report does not name the old one."""
    former = {key_of(move.former.phone)}
    if now.whatsapp_user_id is not None:
        former.add(customer.whatsapp_user_id)
    former -= {None, *_identifiers(now)}
    CustomerMove.objects.insert_or_complete(replace(move, now=now), {one for one in former if one})


def _update_identifiers(customer: Customer, move: MoveReport, now: Sender, now_at: datetime) -> None:
    """Write the customer's present identifiers, except those that another customer has."""
    others = Customer.objects.filter(user_id=customer.user_id).exclude(pk=customer.pk)
    key = key_of(now.phone)
    if key is None:
        # The customer moved from a number to an id: the number may get another owner.
        leaves = customer.phone_key == key_of(move.former.phone) and now.whatsapp_user_id is not None
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
        updated_at=clock.now(),
    )
