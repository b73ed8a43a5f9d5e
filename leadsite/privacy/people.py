"""Finds a person of a business, and everything by which their traces are found."""

import base64
import json
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any, Final, NamedTuple
from uuid import UUID

from cryptography.fernet import Fernet, MultiFernet
from django.conf import settings
from django.utils.crypto import salted_hmac

from conversations.erasing.marks import MESSAGE, PHONE, USER_ID, Identifier
from conversations.models import Customer
from conversations.phone import normalise, phone_key
from leadsite.core.arrays import array
from leadsite.core.statements import fetch_rows
from whatsapp.erasing.traces import Traces
from whatsapp.wamids import token_of

MOVES: Final = 10
SHORTEST_ID: Final = 6
_IDS: Final = frozenset({"conversation_ids", "lead_ids", "message_ids", "move_ids", "merged_ids"})
# Which rows of customer_moves are the person's, by the keys of phone numbers and by WhatsApp user ids.
OWN_MOVES: Final = """user_id = %(user)s AND (former = ANY (%(known)s::text[])
    OR phone_key(phone) = ANY (%(known)s::text[]) OR whatsapp_user_id = ANY (%(known)s::text[]))"""
# The merges of the person, and those whose undo would bring them back: one who writes again after a merge is a new
# customer.
OWN_MERGES: Final = """user_id = %(user)s AND (target_id = %(customer)s OR source_id = %(customer)s
    OR ARRAY[phone_key(former_phone), former_whatsapp_user_id, moved #>> '{target_before,phone_key}',
        moved #>> '{target_before,whatsapp_user_id}'] && %(known)s::text[])"""
_MOVED: Final = f"""
    SELECT id, former, phone, whatsapp_user_id, moved_at FROM customer_moves WHERE {OWN_MOVES} ORDER BY moved_at
"""  # noqa: S608 - a constant
_OTHERS: Final = """
    SELECT phone_key, whatsapp_user_id FROM customers
    WHERE user_id = %s AND id <> %s AND (phone_key = ANY (%s::text[]) OR whatsapp_user_id = ANY (%s::text[]))
"""
_MERGED: Final = """
    SELECT source_id, former_name, former_phone, former_whatsapp_user_id FROM customer_merges
    WHERE target_id = %s AND undone_at IS NULL
"""
# Deleted rows too: the tables, not the managers.
_CONVERSATIONS: Final = "SELECT id FROM conversations WHERE customer_id = %s ORDER BY id FOR UPDATE"
_LEADS: Final = "SELECT id, external_id FROM leads WHERE conversation_id = ANY (%s::uuid[]) ORDER BY id FOR UPDATE"
_MESSAGES: Final = """
    SELECT id, provider_id, provider_token, address, extras -> 'former_ids' FROM messages
    WHERE conversation_id = ANY (%s::uuid[]) ORDER BY id FOR UPDATE
"""


class PersonUnknown(Exception):
    """The business has no customer with this number or id."""


@dataclass(slots=True)
class Person:
    """What identifies a person, and the ids of their rows. `phones`: E.164; `merged_ids`: of who became this one."""

    user_id: UUID
    customer_id: UUID
    phones: list[str] = field(default_factory=list)
    whatsapp_user_ids: list[str] = field(default_factory=list)
    names: list[str] = field(default_factory=list)
    conversation_ids: list[UUID] = field(default_factory=list)
    lead_ids: list[UUID] = field(default_factory=list)
    message_ids: list[UUID] = field(default_factory=list)
    provider_ids: list[str] = field(default_factory=list)
    external_ids: list[str] = field(default_factory=list)
    move_ids: list[UUID] = field(default_factory=list)
    merged_ids: list[UUID] = field(default_factory=list)

    @property
    def rows(self) -> list[UUID]:
        return [self.customer_id, *self.merged_ids, *self.conversation_ids, *self.lead_ids, *self.message_ids]

    @property
    def traces(self) -> Traces:
        external = [one for one in self.external_ids if len(one) >= SHORTEST_ID]
        ids = [*self.whatsapp_user_ids, *self.provider_ids, *map(str, self.rows), *external]
        return Traces.of(phones=self.phones, ids=ids, names=self.names)

    @property
    def words(self) -> list[str]:
        """Texts of which one is in a row that has a trace other than a number."""
        rows = [self.customer_id, *self.merged_ids, *self.conversation_ids, *self.lead_ids]
        # Meta's ids of messages have the number inside, three bytes from the beginning.
        inside = [base64.b64encode(one[1 : 1 + len(one[1:]) // 3 * 3].encode()).decode() for one in self.phones]
        external = [one for one in self.external_ids if len(one) >= SHORTEST_ID]
        return [*self.whatsapp_user_ids, *map(str, rows), *inside, *external]

    @property
    def marks(self) -> list[Identifier]:
        people = [Identifier(self.user_id, PHONE, phone_key(phone)) for phone in self.phones]
        people += [Identifier(self.user_id, USER_ID, one) for one in self.whatsapp_user_ids]
        messages = {*self.provider_ids, *filter(None, map(token_of, self.provider_ids)), *map(str, self.message_ids)}
        return [*people, *(Identifier(self.user_id, MESSAGE, one) for one in sorted(messages))]

    @property
    def parameters(self) -> dict[str, Any]:
        """For statements about the person's own rows; `known`: the identifiers as in OWN_MOVES."""
        return {
            "user": self.user_id,
            "customer": self.customer_id,
            "conversations": array(self.conversation_ids),
            "leads": array(self.lead_ids),
            "messages": array(self.message_ids),
            "moves": array(self.move_ids),
            "rows": array(self.rows),
            "known": array(one.value for one in self.marks if one.kind != MESSAGE),
            "provider_ids": array(self.provider_ids),
        }

    def sealed(self) -> str:
        """The person as an encrypted text."""
        return _cipher().encrypt(json.dumps(asdict(self), default=str).encode()).decode()

    @classmethod
    def unsealed(cls, text: str) -> "Person":
        """Raises cryptography.fernet.InvalidToken where SECRET_KEY is another one."""
        values: dict[str, Any] = json.loads(_cipher().decrypt(text.encode()))
        return cls(**{name: _read(name, value) for name, value in values.items()})


def find_customer(*, user_id: UUID, phone: str | None = None, customer_id: UUID | None = None) -> Customer:
    """Return the customer of this business with this number, in any spelling, or id.

    Raises conversations.phone.PhoneInvalid, PersonUnknown.
    """
    found = Customer.objects.filter(user_id=user_id)
    who = {"pk": customer_id} if phone is None else {"phone_key": phone_key(normalise(phone))}
    customer = found.filter(**who).first()
    if customer is None:
        what = "phone number" if phone is not None else "id"
        raise PersonUnknown(f"This business has no customer with this {what}. GET /api/customers lists them.")
    return customer


def person_of(customer: Customer) -> Person:
    """Collect what is known of a person, and lock their rows. Caller holds the transaction and has locked the customer.

    Numbers and ids that the person had before count, unless another customer has them now.
    """
    person = Person(customer.user_id, customer.pk)
    person.names = sorted({name for name in (customer.name, customer.profile_name) if name})
    person.conversation_ids = [row[0] for row in fetch_rows(_CONVERSATIONS, [customer.pk])]
    conversations = [array(person.conversation_ids)]
    leads = fetch_rows(_LEADS, conversations)
    person.lead_ids = [row[0] for row in leads]
    person.external_ids = [row[1] for row in leads if row[1]]
    messages = fetch_rows(_MESSAGES, conversations)
    person.message_ids = [row[0] for row in messages]
    former = [one for row in messages if row[4] for one in json.loads(row[4])]
    person.provider_ids = sorted({one for row in messages for one in row[1:3] if one} | set(former))
    known = {one for one in (customer.phone, customer.whatsapp_user_id) if one} | {row[3] for row in messages if row[3]}
    known |= _merged(customer, person)
    _add_identifiers(person, _moved(person, known), own={customer.phone, customer.whatsapp_user_id})
    return person


def _merged(customer: Customer, person: Person) -> set[str]:
    """The identifiers of customers who were merged into this one; their ids and names are the person's too."""
    rows = fetch_rows(_MERGED, [customer.pk])
    person.merged_ids = [row[0] for row in rows]
    person.names = sorted({*person.names, *(row[1] for row in rows if row[1])})
    return {one for row in rows for one in row[2:] if one}


def _moved(person: Person, known: set[str]) -> set[str]:
    """The identifiers, and those that moves connect with them."""
    for _ in range(MOVES):
        keys = set(map(_key, known))
        moves = [_Move(*row) for row in fetch_rows(_MOVED, {"user": person.user_id, "known": array(sorted(keys))})]
        reached = {one for move in moves for one in move.now}
        others = _of_others(person, reached) - keys
        theirs = _of_person(moves, others)
        found = {one for move in theirs for one in move.now if _key(one) not in others}
        found |= {move.former for move in theirs}
        person.move_ids = [move.pk for move in theirs if not keys.isdisjoint(map(_key, move.now))]
        if set(map(_key, found)) <= keys:
            break
        known |= found
    return known


def _of_person(moves: list["_Move"], others: set[str]) -> list["_Move"]:
    """The moves, which are in their order, without those by which somebody else came to a number of the person's, and
    left it later for what that other customer has now (`others`).
    """
    left = {move.former: move.at for move in moves if not others.isdisjoint(map(_key, move.now))}
    return [move for move in moves if all(one not in left or move.at > left[one] for one in map(_key, move.now))]


class _Move(NamedTuple):
    pk: UUID
    former: str
    phone: str | None
    whatsapp_user_id: str | None
    at: datetime

    @property
    def now(self) -> list[str]:
        return [one for one in (self.phone, self.whatsapp_user_id) if one]


def _of_others(person: Person, identifiers: set[str]) -> set[str]:
    """The keys of what other customers have now; of these, all that they have."""
    keys = array(sorted(map(_key, identifiers)))
    return {one for row in fetch_rows(_OTHERS, [person.user_id, person.customer_id, keys, keys]) for one in row if one}


def _add_identifiers(person: Person, known: set[str], *, own: set[str | None]) -> None:
    others = _of_others(person, known)
    theirs = {one for one in known if one in own or _key(one) not in others}
    person.phones = sorted(one for one in theirs if one.startswith("+"))
    person.whatsapp_user_ids = sorted(one for one in theirs if not one.startswith("+"))


def _key(identifier: str) -> str:
    return phone_key(identifier) if identifier.startswith("+") else identifier


def _read(name: str, value: Any) -> Any:
    if name in ("user_id", "customer_id"):
        return UUID(value)
    return list(map(UUID, value)) if name in _IDS else value


def _cipher() -> MultiFernet:
    secrets = [settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS]
    digests = [salted_hmac("leadsite.privacy", "pending", secret, algorithm="sha256").digest() for secret in secrets]
    return MultiFernet([Fernet(base64.urlsafe_b64encode(digest)) for digest in digests])
