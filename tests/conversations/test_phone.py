"""Python and SQL agree on valid phone numbers and on which numbers belong to one customer."""

import pytest
from django.db import connection
from hypothesis import given
from hypothesis import strategies as st

from conversations.phone import PhoneInvalid, mask_phone, normalise, phone_key
from tests.cases import each_case
from tests.conversations.phone_cases import (
    ACCEPTED,
    INVISIBLE_MARKS,
    OTHER_CUSTOMER,
    REFUSED,
    REFUSED_BY_PYTHON,
    SAME_CUSTOMER,
)

E164 = r"^\+[1-9][0-9]{6,14}$"


def sql_normalise(raw: str) -> str | None:
    """The number as SQL normalises it; None if the constraint customers_phone_e164 would refuse it."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT normalise_phone(%s), normalise_phone(%s) ~ %s", [raw, raw, E164])
        phone, accepted = cursor.fetchone() or (None, False)
        return phone if accepted else None


def sql_key(phone: str) -> str:
    with connection.cursor() as cursor:
        cursor.execute("SELECT phone_key(%s)", [phone])
        (key,) = cursor.fetchone() or ("",)
        return str(key)


def python_normalise(raw: str) -> str | None:
    try:
        return normalise(raw)
    except PhoneInvalid:
        return None


@each_case(("raw", "phone"), ACCEPTED)
def test_it_reads_a_phone_number_as_people_write_it(raw, phone, db):
    assert normalise(raw) == phone
    assert sql_normalise(raw) == phone


@each_case("raw", REFUSED_BY_PYTHON)
def test_python_refuses_text_that_is_not_a_phone_number(raw):
    with pytest.raises(PhoneInvalid, match="international form"):
        normalise(raw)


@each_case("raw", REFUSED)
def test_sql_refuses_text_that_is_not_a_phone_number(raw, db):
    assert sql_normalise(raw) is None


@each_case(("one", "other"), SAME_CUSTOMER)
def test_two_spellings_of_one_number_have_one_key(one, other, db):
    assert phone_key(one) == phone_key(other) == sql_key(one) == sql_key(other)


@each_case(("one", "other"), OTHER_CUSTOMER)
def test_numbers_of_different_people_have_different_keys(one, other, db):
    assert phone_key(one) != phone_key(other)
    assert sql_key(one) == phone_key(one)
    assert sql_key(other) == phone_key(other)


def test_python_and_sql_agree_on_any_text(db):
    alphabet = st.sampled_from(
        [
            *"+0123456789 -()[]./",
            "(0)",
            *INVISIBLE_MARKS[::4],
            "\u00a0",
            "\u0661",
            "\uff0b",
            "\uff10",
            "\u2013",
            "a",
            "\n",
        ]
    )
    folded = st.from_regex(r"\+5(2|4|5)[0-9]{9,12}|\+22(5|9)[0-9]{7,11}", fullmatch=True)
    written = st.lists(alphabet, max_size=20).map("".join)

    @given(written | written.map("+49{}".format) | folded)
    def agree(raw):
        phone = python_normalise(raw)
        assert sql_normalise(raw) == phone
        if phone is not None:
            assert sql_key(phone) == phone_key(phone)
            assert phone_key(phone_key(phone)) == phone_key(phone)

    agree()


@pytest.mark.parametrize(
    ("phone", "masked"), [("+4915123456789", "+49…89"), ("+12345", "…"), ("", "…"), (None, "…"), ("x" * 99, "xxx…xx")]
)
def test_a_log_shows_a_phone_number_only_in_part(phone, masked):
    assert mask_phone(phone) == masked
