"""Customers who may be the same person. Only offered: whether they are, a person decides.

Two customers are offered where
- one has no number and the other has one, and both have the same name, which no more than MANY others have;
- both have the same number, spelled otherwise: with a trunk zero after the country code, or without country code, as
  one of the business's country. (What WhatsApp itself writes two ways is one customer already: `phone_key`.)
Not where somebody has said that they are not the same person (DistinctPair).

A list goes through the newest customers a part at a time: its time does not depend on how many there are.
"""

from collections.abc import Collection, Iterable
from typing import Any, Final, NamedTuple
from uuid import UUID

import phonenumbers
from django.utils.translation import gettext_noop

from conversations.models import Customer
from conversations.phone import phone_key
from conversations.search.folding import fold
from leads.models import DistinctPair
from leads.models.distinct import ordered
from leadsite.core.arrays import array
from leadsite.core.statements import fetch_rows

# How many customers a page of the list looks at; how many may have a name that is offered.
PART: Final = 1000
MANY: Final = 5
SHORTEST_NAME: Final = 3
SAME_NAME: Final = gettext_noop("the same name, and one has no number")
SAME_NUMBER: Final = gettext_noop("the same number, spelled otherwise")

_BY_KEY: Final = """
    SELECT given.n, c.id FROM unnest(%s::int[], %s::text[]) AS given (n, phone_key)
    CROSS JOIN LATERAL (SELECT c.id FROM customers AS c
                        WHERE c.user_id = %s AND c.phone_key = given.phone_key LIMIT 1) AS c
"""
# By the index customers_no_phone.
_HIDDEN: Final = """
    SELECT given.n, c.id FROM unnest(%s::int[], %s::text[]) AS given (n, name)
    CROSS JOIN LATERAL (SELECT c.id FROM customers AS c WHERE c.user_id = %s AND c.phone IS NULL
                        AND left(fold_text(c.name), 100) = left(given.name, 100) LIMIT %s) AS c
"""
# By the index customers_by_words.
_NUMBERED: Final = """
    SELECT 0, c.id FROM customers AS c
    WHERE fold_text(c.name) = %s AND c.user_id = %s AND c.phone IS NOT NULL LIMIT %s
"""
# In the order of their ids, from the newest.
_PART: Final = """
    SELECT id FROM customers WHERE user_id = %s AND id < %s ORDER BY id DESC LIMIT %s
"""


class Duplicate(NamedTuple):
    """Two customers, the older one first, and why they are offered."""

    first_id: UUID
    second_id: UUID
    reason: str

    def other_id(self, customer_id: UUID) -> UUID:
        """The customer who is not this one."""
        return self.second_id if self.first_id == customer_id else self.first_id


class Page(NamedTuple):
    """Pairs among the customers before a place; `before`: the next place, None where there are no more customers."""

    pairs: list[Duplicate]
    before: UUID | None


def spellings(phone: str, *, country: str) -> set[str]:
    """Return the keys under which the number may be stored otherwise, without its own.

    `country`: the two letters of the business's; "" where it has named none.
    """
    try:
        number = phonenumbers.parse(phone, None)
    except phonenumbers.NumberParseException:
        return set()
    code, national = f"+{number.country_code}", phonenumbers.national_significant_number(number)
    is_home = bool(country) and number.country_code == phonenumbers.country_code_for_region(country)
    found: set[str] = set()
    if phonenumbers.is_valid_number(number):
        # Italy's numbers begin with a zero that belongs to them; such numbers are not the same without it.
        found |= set() if number.italian_leading_zero else {f"{code}0{national}"}
        # A spreadsheet took the zero, and somebody put a plus sign before the rest.
        found |= {f"+{national}", f"+0{national}"} if is_home else set()
    rest = phone.removeprefix(f"{code}0")
    if rest != phone and not number.italian_leading_zero:
        found.add(f"{code}{rest}")
    if country and not is_home:
        local = f"+{phonenumbers.country_code_for_region(country)}{phone[1:]}"
        if _is_mobile(local):
            found.add(local)
    return {phone_key(one) for one in found} - {phone_key(phone)}


def duplicates_of(customer: Customer, *, country: str) -> list[Duplicate]:
    """Return whom a customer may be the same person as; four statements."""
    return _pairs([customer], user_id=customer.user_id, country=country)


def read_page(*, user_id: UUID, country: str, before: UUID | None = None) -> Page:
    """Return the pairs among the customers that are older than `before`, and all others. Five statements.

    Raises django.db.Error.
    """
    place = before or UUID(int=2**128 - 1)
    ids = [row[0] for row in fetch_rows(_PART, [user_id, place, PART])]
    customers = Customer.objects.filter(pk__in=ids).only("id", "user_id", "phone", "name")
    pairs = _pairs(customers, user_id=user_id, country=country)
    return Page(pairs, ids[-1] if len(ids) == PART else None)


def _pairs(customers: Iterable[Customer], *, user_id: UUID, country: str) -> list[Duplicate]:
    rows = list(customers)
    found: dict[tuple[UUID, UUID], str] = {}
    for one, other in _by_name(rows, user_id):
        found[ordered(one, other)] = SAME_NAME
    for one, other in _by_number(rows, user_id, country):
        found[ordered(one, other)] = SAME_NUMBER
    distinct = DistinctPair.objects.among(found, user_id=user_id)
    return [Duplicate(*ids, reason) for ids, reason in sorted(found.items(), reverse=True) if ids not in distinct]


def _by_number(rows: Collection[Customer], user_id: UUID, country: str) -> list[tuple[UUID, UUID]]:
    given = [
        (n, key)
        for n, customer in enumerate(rows)
        if customer.phone
        for key in sorted(spellings(customer.phone, country=country))
    ]
    if not given:
        return []
    ids = [customer.pk for customer in rows]
    parameters: list[Any] = [array(n for n, _ in given), array(key for _, key in given), user_id]
    return [(ids[n], other) for n, other in fetch_rows(_BY_KEY, parameters) if ids[n] != other]


def _by_name(rows: Collection[Customer], user_id: UUID) -> list[tuple[UUID, UUID]]:
    """Pairs of the same name, of which one has no number. A list asks for those with one: the others are few, and are
    found by an index of their own.
    """
    named = [(customer, name) for customer in rows if len(name := fold(customer.name)) >= SHORTEST_NAME]
    asked = [(customer.pk, name) for customer, name in named if customer.phone]
    found: list[tuple[Any, ...]] = []
    if asked:
        numbers, names = array(range(len(asked))), array(name for _, name in asked)
        found = fetch_rows(_HIDDEN, [numbers, names, user_id, MANY + 1])
    elif len(named) == 1 == len(rows):
        asked = [(named[0][0].pk, named[0][1])]
        found = fetch_rows(_NUMBERED, [named[0][1], user_id, MANY + 1])
    same: dict[int, list[UUID]] = {}
    for n, other in found:
        same.setdefault(n, []).append(other)
    return [(asked[n][0], other) for n, others in same.items() if len(others) <= MANY for other in others]


def _is_mobile(phone: str) -> bool:
    try:
        number = phonenumbers.parse(phone, None)
    except phonenumbers.NumberParseException:
        return False
    return phonenumbers.number_type(number) == phonenumbers.PhoneNumberType.MOBILE
