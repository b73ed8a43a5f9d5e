"""The customers and moves that reported moves are about, in memory, and what the moves change of them."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime
from uuid import UUID

from conversations.incoming import MoveReport, Sender
from conversations.models import IdentifiersRow, KnownAs, MoveRow
from conversations.phone import key_of

MoveKey = tuple[UUID, str, datetime]


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownCustomer:
    """A customer, and since when we know of them. `first_message_at` is None without messages; `came_otherwise`: by a
    form, a file or a person, whose lead may be deleted. `identified_at`: when a message last had both identifiers, or
    of a later move.
    """

    id: UUID
    user_id: UUID
    phone: str | None
    whatsapp_user_id: str | None
    identified_at: datetime | None = None
    marketing_choice_at: datetime | None = None
    first_message_at: datetime | None = None
    came_otherwise: bool = False

    @property
    def phone_key(self) -> str | None:
        return key_of(self.phone)

    def is_known_only_since(self, moment: datetime) -> bool:
        """Whether only WhatsApp messages, or a choice about marketing, since this moment say that there is one."""
        if self.came_otherwise:
            return False
        if self.first_message_at is not None:
            return self.first_message_at >= moment
        return self.marketing_choice_at is not None and self.marketing_choice_at >= moment

    def with_all_of(self, other: "KnownCustomer") -> "KnownCustomer":
        """Return this customer as a merge with the other leaves it."""
        messages = [at for at in (self.first_message_at, other.first_message_at) if at]
        choices = [at for at in (self.marketing_choice_at, other.marketing_choice_at) if at]
        return replace(
            self,
            first_message_at=min(messages, default=None),
            marketing_choice_at=max(choices, default=None),
            came_otherwise=self.came_otherwise or other.came_otherwise,
        )


@dataclass(slots=True)
class NumberChanges:
    """What is to be written: the merges, (source, target), in this order; then the rows of customers, one list after
    the other, because no customer may get a number that another of the same list gives up; and the moves.
    """

    merges: list[tuple[UUID, UUID]] = field(default_factory=list)
    rows: list[dict[UUID, IdentifiersRow]] = field(default_factory=lambda: [{}])
    removed: set[MoveKey] = field(default_factory=set)
    recorded: dict[MoveKey, MoveRow] = field(default_factory=dict)


def identifiers_of(sender: Sender) -> set[str]:
    """The phone key and WhatsApp user id, where known."""
    return {one for one in (key_of(sender.phone), sender.whatsapp_user_id) if one}


class Book:
    """The customers and moves after the moves that have been applied, and what these have changed."""

    def __init__(self, customers: Iterable[KnownCustomer], stored: Iterable[MoveRow]) -> None:
        self.changes = NumberChanges()
        self._by_phone: dict[KnownAs, KnownCustomer] = {}
        self._by_id: dict[KnownAs, KnownCustomer] = {}
        self._moves: dict[KnownAs, dict[datetime, MoveRow]] = {}
        # What customers of the last list of rows have given up: the database has it until the list is written.
        self._given_up: set[KnownAs] = set()
        for customer in customers:
            self._enter(customer)
        for row in stored:
            self._moves.setdefault((row.user_id, row.former), {})[row.moved_at] = row

    def by_phone(self, user_id: UUID, phone: str | None) -> KnownCustomer | None:
        key = key_of(phone)
        return self._by_phone.get((user_id, key)) if key else None

    def by_id(self, user_id: UUID, whatsapp_user_id: str | None) -> KnownCustomer | None:
        return self._by_id.get((user_id, whatsapp_user_id)) if whatsapp_user_id else None

    def next_move(self, user_id: UUID, sender: Sender, since: datetime) -> MoveRow | None:
        """Return the first move of one of the sender's identifiers after a moment."""
        rows = (row for one in identifiers_of(sender) for row in self._moves.get((user_id, one), {}).values())
        later = (row for row in rows if row.moved_at > since)
        return min(later, key=lambda row: (row.moved_at, row.former), default=None)

    def record(self, move: MoveReport, now: Sender, former: Iterable[str], *, completes: bool) -> bool:
        """Record the move of these former identifiers; return whether one of them is new.

        `completes`: fill the empty values of a move that is stored already.
        """
        is_new = False
        for one in former:
            rows = self._moves.setdefault((move.user_id, one), {})
            known = rows.get(move.at)
            is_new = is_new or known is None
            if known is not None and not completes:
                continue
            phone = (known and known.phone) or now.phone
            row = MoveRow(move.user_id, one, move.at, phone, (known and known.whatsapp_user_id) or now.whatsapp_user_id)
            rows[move.at] = self.changes.recorded[row[:3]] = row
        return is_new

    def forget(self, move: MoveReport, former: Iterable[str]) -> None:
        """Remove a move that was recorded."""
        for one in former:
            self._moves.get((move.user_id, one), {}).pop(move.at, None)
            self.changes.recorded.pop((move.user_id, one, move.at), None)
            self.changes.removed.add((move.user_id, one, move.at))

    def merge(self, source: KnownCustomer, target: KnownCustomer) -> KnownCustomer:
        """Make the source a part of the target; return the target. Its own identifiers stay."""
        self.changes.merges.append((source.id, target.id))
        self._strike(source)
        for rows in self.changes.rows:
            rows.pop(source.id, None)
        merged = target.with_all_of(source)
        self._enter(merged)
        return merged

    def identify(self, customer: KnownCustomer, phone: str | None, whatsapp_user_id: str | None, at: datetime) -> None:
        """Give a customer other identifiers, which no other customer has, and say since when."""
        changed = replace(customer, phone=phone, whatsapp_user_id=whatsapp_user_id, identified_at=at)
        if changed == customer:
            return
        self._strike(customer)
        if self._given_up.intersection(_known_as(changed)):
            self.changes.rows.append({})
            self._given_up = set()
        self._given_up.update(set(_known_as(customer)) - set(_known_as(changed)))
        self.changes.rows[-1][changed.id] = IdentifiersRow(
            changed.id, changed.phone, changed.whatsapp_user_id, changed.identified_at
        )
        self._enter(changed)

    def _enter(self, customer: KnownCustomer) -> None:
        if customer.phone_key:
            self._by_phone[customer.user_id, customer.phone_key] = customer
        if customer.whatsapp_user_id:
            self._by_id[customer.user_id, customer.whatsapp_user_id] = customer

    def _strike(self, customer: KnownCustomer) -> None:
        if customer.phone_key:
            del self._by_phone[customer.user_id, customer.phone_key]
        if customer.whatsapp_user_id:
            del self._by_id[customer.user_id, customer.whatsapp_user_id]


def _known_as(customer: KnownCustomer) -> Iterator[KnownAs]:
    return ((customer.user_id, one) for one in (customer.phone_key, customer.whatsapp_user_id) if one)
