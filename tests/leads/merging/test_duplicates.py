"""Which customers are offered as one person, and which are not."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from conversations.models import Customer
from leads.merging.duplicates import SAME_NAME, SAME_NUMBER, duplicates_of, read_page, spellings
from tests.cases import each_case

pytestmark = pytest.mark.django_db


@each_case(
    "phone, country, other",
    [
        ("+4915123440001", "", "+49015123440001"),
        ("+49015123440001", "", "+4915123440001"),
        ("+4915123440001", "DE", "+15123440001"),
        ("+15123440001", "DE", "+4915123440001"),
        ("+4915123440001", "DE", "+015123440001"),
        ("+525512345678", "MX", "+5512345678"),
    ],
)
def test_a_number_has_these_other_spellings(phone, country, other):
    assert other in spellings(phone, country=country)


@each_case(
    "phone, country, other",
    [
        ("+4915123440001", "", "+15123440001"),
        ("+4915123440001", "FR", "+15123440001"),
        ("+4915123440001", "DE", "+4915123440002"),
        ("+12025550123", "DE", "+4912025550123"),
    ],
)
def test_others_are_other_numbers(phone, country, other):
    assert other not in spellings(phone, country=country)


def customer(owner, name, phone=None, whatsapp_user_id=None):
    return Customer.objects.create(user=owner.user, name=name, phone=phone, whatsapp_user_id=whatsapp_user_id)


def pairs(owner, country=""):
    found = read_page(user_id=owner.id, country=country).pairs
    return {(one.first_id, one.second_id, one.reason) for one in found}


@each_case("name, hidden", [("José García", "jose garcia"), ("Ana", "Ana"), ("Ana", "ANA")])
def test_the_same_name_with_and_without_number_is_offered(name, hidden, owner, stranger):
    first, second = customer(owner, name, phone="+4915123440001"), customer(owner, hidden, whatsapp_user_id="DE.1")
    customer(stranger, name, whatsapp_user_id="DE.2")
    assert pairs(owner) == {(first.pk, second.pk, SAME_NAME)}
    for one in (first, second):
        assert [pair[:2] for pair in duplicates_of(one, country="")] == [(first.pk, second.pk)]
    assert Customer.objects.count() == 3


@each_case("name, hidden", [("Ana", "Anna"), ("", ""), ("Al", "Al")])
def test_other_names_none_and_short_ones_are_not(name, hidden, owner):
    customer(owner, name, phone="+4915123440001"), customer(owner, hidden, whatsapp_user_id="DE.1")
    assert pairs(owner) == set()


def test_two_with_numbers_and_two_without_are_not(owner):
    for n in (1, 2):
        customer(owner, "Ana", phone=f"+491512344000{n}")
        customer(owner, "Eva", whatsapp_user_id=f"DE.{n}")
    assert pairs(owner) == set()


def test_a_name_that_many_have_is_not(owner):
    customer(owner, "Ana", phone="+4915123440001")
    for n in range(6):
        customer(owner, "Ana", whatsapp_user_id=f"DE.{n}")
    assert pairs(owner) == set()


def test_one_number_in_two_spellings_is(owner):
    first = customer(owner, "Ana", phone="+4915123440001")
    second = customer(owner, "A. Silva", phone="+15123440001")
    assert pairs(owner) == set()
    assert pairs(owner, country="DE") == {(first.pk, second.pk, SAME_NUMBER)}


def test_the_number_of_statements_does_not_depend_on_the_number_of_customers(owner):
    counts = []
    for n in range(2):
        customer(owner, f"Ana {n}", phone=f"+491512344000{n}"), customer(owner, f"Ana {n}", whatsapp_user_id=f"DE.{n}")
        with CaptureQueriesContext(
            connection,
        ) as queries:
            assert len(pairs(owner)) == n + 1
        counts.append(len(queries))
    assert counts[0] == counts[1] <= 5


def test_a_long_name_is_stored(owner):
    customer(owner, "\ufdfa" * 200, whatsapp_user_id="DE.1")
