"""The page of a delivery: what its state means, how to connect a number, and the body."""

import html
import re
from datetime import timedelta

import pytest
from django.contrib.auth.models import Permission
from django.utils import timezone

from tests.staff import ESCAPED, HOSTILE, address, form_of, operator, staff_of
from tests.whatsapp import meta
from tests.whatsapp.stored_deliveries import connect, delivery, hello, hello_for, page_of
from whatsapp.admin.delivery_advice import replay_may_help
from whatsapp.models import Channel, WebhookDelivery


def test_the_page_explains_how_to_connect_a_number(owner):
    row = hello_for(meta.CHANNEL)
    WebhookDelivery.objects.update(unrouted=[meta.CHANNEL, HOSTILE])
    person = operator()
    page = person.get(address("change", row)).content.decode()
    assert "Connect them, then replay." in page
    assert page.count("Add a WhatsApp number with this id</a>, then replay.") == 2
    assert ESCAPED in page

    channel = connect(owner, active=False)
    page = person.get(address("change", row)).content.decode()
    assert "is switched off. Make it active, then replay." in page
    assert f"?q={meta.CHANNEL}" in person.get(address("change", channel)).content.decode()


def test_the_form_to_connect_a_number_has_initial_values(db):
    row = hello_for("+49 30 1")
    WebhookDelivery.objects.update(unrouted=["+49 30 1"], provider="twilio")
    person = operator()
    page = person.get(address("change", row)).content.decode()
    path = html.unescape(re.findall(r'href="([^"]*)">Add a WhatsApp number with', page)[0])
    form = person.form(path)
    assert (form["phone_number_id"], form["provider"]) == ("+49 30 1", "twilio")


@pytest.mark.parametrize("number", ["9" * 101, "1\u202e", "1\n2", ""])
def test_invalid_initial_values_are_ignored(db, number):
    query = {"phone_number_id": number, "provider": "fax", "display_number": "x", "access_token": "y", "active": ""}
    response = operator().get(address("add", Channel), **query)
    form = form_of(response.content.decode())
    assert (form["phone_number_id"], form["provider"], form["display_number"]) == ("", "cloud", "")
    assert (form["access_token"], form["active"]) == ("", "on")


def test_the_page_of_an_unrouted_delivery_names_each_number_once(db):
    number = "Not connected, or switched off: 70001"
    without_notes, with_notes = (
        delivery(state="unrouted", unrouted=["70001"], error=error) for error in (number, f"{number}\nBroken: id")
    )
    person = operator()
    first, second = (
        re.sub(r"<[^>]*>", " ", person.get(address("change", row)).content.decode())
        for row in (without_notes, with_notes)
    )
    assert (first.count("70001"), second.count("70001")) == (1, 1)
    assert ("Notes" in first, "Notes" in second, "Broken: id" in second) == (False, True, True)


def test_business_staff_who_can_see_channels_see_no_deliveries_there(owner):
    channel = connect(owner)
    hello_for(meta.CHANNEL)
    owner.user.user_permissions.set(Permission.objects.filter(content_type__model="channel"))
    assert "nrouted" not in staff_of(owner).get(address("change", channel)).content.decode()


LATER, BEFORE = timezone.now() + timedelta(days=1), timezone.now() - timedelta(days=1)


@pytest.mark.parametrize(
    ("fields", "advice"),
    [
        ({"state": "processed"}, "Its content is in the conversations. Replaying it stores nothing twice."),
        ({"state": "processed", "error": "Odd"}, "The notes below list what was left out."),
        ({"state": "failed", "attempts": 1}, "Replaying will not help: the parts named below could not be"),
        ({"state": "failed", "attempts": 15}, "it will not be tried again automatically. Fix the cause"),
        ({"state": "failed", "next_attempt_at": LATER}, "It will be tried again automatically at <span"),
        ({"state": "failed", "next_attempt_at": BEFORE, "attempts": 3}, "The next attempt has been due since <span"),
        ({"state": "unrouted", "unrouted": ["7"]}, "is stored only here, not in a conversation"),
    ],
)
def test_the_page_explains_the_state(db, fields, advice):
    assert advice in page_of(hello(**fields))


def test_the_button_is_highlighted_where_a_replay_may_help(db):
    for fields, is_highlighted in (
        ({"state": "failed", "attempts": 1}, False),
        ({"state": "processed"}, False),
        ({"state": "failed", "next_attempt_at": LATER}, True),
        ({"state": "unrouted", "unrouted": ["7"]}, True),
    ):
        assert replay_may_help(hello(**fields)) == is_highlighted
