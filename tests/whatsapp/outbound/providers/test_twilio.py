"""Requests to Twilio, and the statuses that result from its responses."""

import json
from base64 import b64decode
from urllib.parse import parse_qs

import pytest

from tests.whatsapp.graph import GATEWAY_502, GATEWAY_503, TOO_MANY, Reaction
from tests.whatsapp.mailing import AMINA, Mailing

NUMBER = "+14155238886"


@pytest.fixture
def twilio(owner, graph) -> Mailing:
    return Mailing(owner, graph, number=NUMBER, token="AC123:an auth token")


def refusal(code, status=400, message="No."):
    return Reaction(status=status, body=json.dumps({"code": code, "message": message, "status": status}).encode())


def state(twilio):
    ((_, status),) = twilio.states()
    return status


def test_a_text_is_sent_as_a_form_with_basic_authentication(twilio, settings):
    settings.PUBLIC_URL = "https://leads.example.com"
    twilio.writes("Ready at five 🎂")
    twilio.send_due()
    (entry,) = twilio.graph.ledger
    assert entry["path"] == "/2010-04-01/Accounts/AC123/Messages.json"
    assert b64decode(entry["token"].removeprefix("Basic ")).decode() == "AC123:an auth token"
    assert parse_qs(entry["body"]) == {
        "From": [f"whatsapp:{NUMBER}"],
        "To": [f"whatsapp:{AMINA}"],
        "Body": ["Ready at five 🎂"],
        "StatusCallback": ["https://leads.example.com/api/webhooks/whatsapp"],
    }
    assert state(twilio) == "sent"


def test_an_api_key_can_replace_the_auth_token(owner, graph):
    mailing = Mailing(owner, graph, number=NUMBER, token="AC123:SK456:the key's secret")
    mailing.writes()
    mailing.send_due()
    (entry,) = graph.ledger
    assert entry["path"] == "/2010-04-01/Accounts/AC123/Messages.json"
    assert b64decode(entry["token"].removeprefix("Basic ")).decode() == "SK456:the key's secret"


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (refusal(63016), "failed"),
        (refusal(21211), "failed"),
        (refusal(20429, 429), "queued"),
        (refusal(63018), "queued"),
        (refusal(20500, 500), "queued"),
        (TOO_MANY, "queued"),
        (GATEWAY_503, "unknown"),
        (Reaction(status=504, body=b'{"message": "Endpoint request timed out"}'), "unknown"),
        (Reaction(status=400, body=b"bad request"), "queued"),
        (GATEWAY_502, "unknown"),
        (Reaction(status=201, body=b"not JSON", accepts=True), "unknown"),
        (Reaction(status=201, body=b"{}", accepts=True), "unknown"),
    ],
)
def test_each_response_results_in_a_status(twilio, answer, expected):
    twilio.graph.queue_reactions(answer)
    twilio.writes()
    twilio.send_due()
    assert state(twilio) == expected


@pytest.mark.parametrize("answer", [refusal(20003, 401), Reaction(status=401, body=b"")])
def test_refused_credentials_stop_the_number(twilio, answer):
    twilio.graph.queue_reactions(answer)
    twilio.writes()
    twilio.send_due()
    assert state(twilio) == "queued"
    assert "account sid, colon, auth token" in twilio.reload().stop_reason


def test_a_token_in_another_format_stops_the_number(owner, graph):
    mailing = Mailing(owner, graph, number=NUMBER, token="only a token")
    mailing.writes()
    mailing.send_due()
    assert (graph.requests, state(mailing)) == (0, "queued")
    assert "account sid, colon, auth token" in mailing.reload().stop_reason


def test_a_template_fails_with_its_reason(twilio):
    twilio.post(to=AMINA, template={"name": "cake_ready", "language": "de"})
    twilio.send_due()
    assert state(twilio) == "failed"
