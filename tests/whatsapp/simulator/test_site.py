"""manage.py simulate_whatsapp: invalid options, the default number and notes."""

from typing import Any

import pytest
from django.db import OperationalError

from conversations.models import Message
from leadsite.accounts.services import create_business
from tests.cases import each_case
from tests.whatsapp.simulating import PHONE, SECRET, TWILIO, printed, refusal
from whatsapp.management.commands import simulate_whatsapp
from whatsapp.models import Channel
from whatsapp.simulator.site import DEMO_CHANNEL, delivery_note


@pytest.fixture
def channel(owner) -> Channel:
    return Channel.objects.create(user=owner.user, phone_number_id="106540352242922")


@pytest.fixture(autouse=True)
def secret(settings) -> None:
    settings.WHATSAPP_APP_SECRETS = [SECRET]


@each_case(
    ("arguments", "problem"),
    [
        (["--status", "read"], "--status needs --message-id"),
        (["--kind", "reaction"], "--kind reaction needs --message-id"),
        (["--provider", "twilio", "--kind", "image"], "For Twilio, only texts"),
        (["--provider", "twilio", "--kind", "echo"], "For Twilio, only texts"),
        (["--status", "read", "--message-id", "x", "--kind", "text"], "leave out --kind."),
        (["--status", "read", "--message-id", "x", "--text", "a", "--ad", "b"], "leave out --ad, --text."),
        (["--status", "read", "--message-id", "x", "--burst", "2", "--name", "c"], "leave out --burst, --name."),
        (["--kind", "echo", "--name", "Zoe"], "--kind echo is written by the owner: leave out --name."),
        (["--url", "ftp://127.0.0.1"], "--url begins with http"),
        (["--url", "http://"], "--url begins with http"),
        (["--url", "http://["], "is no address"),
        (["--url", "http://127.0.0.1/api/webhooks/whatsapp"], "without a path"),
        (["--url", "http://127.0.0.1/?a=b"], "without a path"),
        (["--from", "0151 1"], "argument --from:"),
        (["--burst", "0"], "argument --burst:"),
        (["--burst", "x"], "argument --burst:"),
    ],
)
def test_invalid_options_are_refused(channel, arguments, problem):
    code, error = refusal(*arguments)
    assert problem in error
    assert code == 2 or "argument --" in error


@pytest.mark.parametrize("answer", ["403", "404"])
def test_unexpected_responses_have_hints(channel, monkeypatch, answer):
    monkeypatch.setattr(simulate_whatsapp, "post", lambda delivery: answer)
    expected = f"{answer}: there is no webhook at http://127.0.0.1:1/."
    code, error = refusal("--url", "http://127.0.0.1:1/")
    assert (code, error) == (1, f"{expected} --url is the address of the site, without a path.")


def test_without_a_secret_nothing_is_sent(channel, settings):
    settings.WHATSAPP_APP_SECRETS = []
    assert refusal() == (
        2,
        f"No secret is known for {channel.phone_number_id}: store its app secret, set WHATSAPP_APP_SECRETS or give"
        " --secret.",
    )


def test_the_default_number_is_that_of_the_demo_or_the_only_active_one(owner, stranger, channel):
    assert printed()["metadata"]["phone_number_id"] == channel.phone_number_id
    Channel.objects.create(user=owner.user, phone_number_id="off", active=False)
    Channel.objects.create(user=owner.user, phone_number_id=TWILIO, provider="twilio")
    assert printed()["metadata"]["phone_number_id"] == channel.phone_number_id

    Channel.objects.create(user=stranger.user, phone_number_id="another")
    code, error = refusal("--print")
    assert code == 2
    assert f"{channel.phone_number_id}  Bella's Bakery\n" in error
    assert "another  Flora" in error
    assert printed("--phone-number-id", "any")["metadata"]["phone_number_id"] == "any"

    demo = create_business(email="demo@leadsite.example")
    Channel.objects.create(user=demo.user, phone_number_id=DEMO_CHANNEL)
    assert printed()["metadata"]["phone_number_id"] == DEMO_CHANNEL


def test_without_a_number_or_a_database_the_error_names_the_next_step(db, monkeypatch):
    assert "No WhatsApp number is connected yet" in refusal("--print")[1]

    def unavailable(*args: Any, **options: Any) -> None:
        raise OperationalError("unavailable")

    monkeypatch.setattr(Channel.objects, "filter", unavailable)
    assert refusal("--print") == (
        2,
        "The database does not answer, so give --phone-number-id. (OperationalError)",
    )


def test_only_an_outgoing_message_of_the_business_can_have_a_status(owner, stranger, channel):
    for business, columns in (
        (stranger, {"direction": "out", "status": "sent"}),
        (owner, {"direction": "in", "status": "received"}),
    ):
        lead = business.has_lead(customer_phone=PHONE)
        columns |= {"user": business.user, "conversation_id": lead.conversation_id, "provider_id": "wamid.X"}
        Message.objects.create(**columns)
    assert "No message with the id wamid.X" in delivery_note(number=channel.phone_number_id, sent_message="wamid.X")
    assert delivery_note(number=channel.phone_number_id) == ""


def test_without_a_database_there_is_no_note(monkeypatch):
    def unavailable(*args: Any, **options: Any) -> None:
        raise OperationalError("unavailable")

    monkeypatch.setattr(Channel.objects, "filter", unavailable)
    assert delivery_note(number="999") == ""
