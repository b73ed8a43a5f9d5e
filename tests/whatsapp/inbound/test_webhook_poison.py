"""Malformed messages through the webhook: valid ones are stored, bad ones are noted, and the status is always 200."""

from itertools import count

import pytest
from hypothesis import given, settings

from conversations.models import Message, ParkedStatus
from tests.cases import each_case
from tests.whatsapp import meta
from tests.whatsapp.inbox import post
from tests.whatsapp.poison import any_json, beside_valid_messages, cases, poisoned
from whatsapp.models import WebhookDelivery

# Thousands of deliveries in one transaction would be slow: PostgreSQL keeps every version of a row until it ends.
pytestmark = pytest.mark.django_db(transaction=True)

_cases = count()

POISON = {
    "a NUL": rb'"a\u0000b"',
    "a lone surrogate": rb'"\ud83d"',
    "not a number": b"NaN",
    "deep nesting": b"[" * 100_000 + b"]" * 100_000,
    "a long number": b"9" * 5000,
    "a time far in the future": b'"99999999999999999999"',
    "a negative time": b"-1",
    "true": b"true",
    "null": b"null",
    "a list": b"[1, {}]",
    "an object": b'{"body": []}',
}
PLACES = ("id", "from", "timestamp", "type", "text", "context", "errors", "referral")


def last_delivery():
    return WebhookDelivery.objects.order_by("-pk")[0]


@pytest.mark.django_db
@each_case("place", PLACES)
@each_case("poison", POISON.values())
def test_a_bad_message_does_not_prevent_the_others(inbox, poison, place):
    bad = meta.text("bad", id="wamid.bad") | {place: "POISON"}
    messages = [meta.text("before", id="good-1"), bad, meta.text("after", id="good-2")]
    body = meta.body(meta.messages_value(messages=messages)).replace(b'"POISON"', poison)
    assert post(body).status_code == 200
    stored = set(Message.objects.values_list("provider_id", flat=True))
    assert stored >= {"good-1", "good-2"}
    # The bad message is stored or named in the error.
    assert len(stored) == 3 or "messages[1]" in last_delivery().error


@pytest.mark.parametrize(
    "change", [{"contacts": None}, {"contacts": [{}]}, {"contacts": [{"wa_id": meta.SHEENA}]}, {"contacts": "?"}]
)
def test_contacts_and_profiles_may_be_missing(inbox, change):
    inbox.gets(meta.text("Hello"), **change)
    assert inbox.counts() == (1, 1, 1, 1)


def assert_valid_messages_are_stored(*one_delivery):
    """Those beside each of the cases, which come in one delivery."""
    marks = [f" {next(_cases)}" for _ in one_delivery]
    answer = post(beside_valid_messages(*one_delivery, marks=marks))
    assert answer.status_code == 200
    good = [f"good-{n}{mark}" for n in (1, 2, 4) for mark in marks]
    assert Message.objects.filter(provider_id__in=good).count() == len(good)
    parked = [f"good-3{mark}" for mark in marks]
    assert ParkedStatus.objects.filter(provider_id__in=parked).count() == len(parked)
    assert last_delivery().state in ("processed", "unrouted", "failed")


def assert_any_json_is_stored(tree):
    body = poisoned(tree)
    assert post(body).status_code == 200
    delivery = last_delivery()
    assert bytes(delivery.body) == body
    assert delivery.state == "processed" or delivery.error


# tests/long runs both with more examples.
@settings(max_examples=40)
@given(cases)
def test_valid_messages_are_stored_next_to_any_content(inbox, case):
    assert_valid_messages_are_stored(case)


@settings(max_examples=20)
@given(any_json)
def test_any_json_is_stored(inbox, tree):
    assert_any_json_is_stored(tree)
