"""Marks of erased people: keyed, of one business, and found after SECRET_KEY was replaced."""

from uuid import uuid4

from conversations.erasing.marks import PHONE, Identifier, identifiers_of_person, mark_of, marks_of
from conversations.incoming import Sender

BUSINESS = uuid4()


def test_a_mark_says_nothing_without_the_key(settings):
    one = Identifier(BUSINESS, PHONE, "+4915123456789")
    before = mark_of(one)
    settings.SECRET_KEY = "another" * 8
    assert mark_of(one) != before


def test_a_mark_is_of_one_business_and_kind():
    ids = [Identifier(BUSINESS, PHONE, "+1"), Identifier(uuid4(), PHONE, "+1"), Identifier(BUSINESS, "message", "+1")]
    assert len({mark_of(one) for one in ids}) == 3


def test_marks_made_by_a_former_key_are_found(settings):
    one = Identifier(BUSINESS, PHONE, "+4915123456789")
    before, former = mark_of(one), settings.SECRET_KEY
    settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = "another" * 8, ["older" * 8, former]
    assert before in marks_of(one)
    assert marks_of(one)[0] == mark_of(one) != before


def test_both_forms_of_a_number_have_one_mark():
    """WhatsApp writes Mexican numbers in two ways."""
    with_one, without = (
        list(identifiers_of_person(BUSINESS, Sender(phone=phone, whatsapp_user_id=None)))
        for phone in ("+5215512345678", "+525512345678")
    )
    assert with_one == without
