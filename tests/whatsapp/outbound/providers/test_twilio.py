"""Requests to Twilio, and the statuses that result from its responses."""

import json
from base64 import b64decode
from urllib.parse import parse_qs

import pytest

from conversations.models import Message
from tests.envelope import refused
from tests.whatsapp.graph import GATEWAY_502, GATEWAY_503, TOO_MANY, Reaction
from tests.whatsapp.mailing import AMINA, Mailing, nothing_stored, reloaded
from tests.whatsapp.twilio_forms import STATUS
from tests.whatsapp.webhook_client import deliver_form, provider_client

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


class TestTemplates:
    SID = "HX" + "0a" * 16

    def sent(self, twilio, **template):
        answer = twilio.post(to=AMINA, template=template)
        assert answer.status_code == 202, answer.json()
        twilio.send_due()
        (entry,) = twilio.graph.ledger
        return parse_qs(entry["body"])

    def test_a_template_is_sent_by_its_content_sid(self, twilio):
        form = self.sent(twilio, content_sid=self.SID)
        assert form == {"From": [f"whatsapp:{NUMBER}"], "To": [f"whatsapp:{AMINA}"], "ContentSid": [self.SID]}

    def test_the_texts_of_its_components_are_its_variables(self, twilio):
        named = {"type": "text", "parameter_name": "when", "text": "five"}
        parameters = [{"type": "text", "text": "Amina"}, named]
        components = [{"type": "body", "parameters": parameters}]
        form = self.sent(twilio, name="cake_ready", language="de", components=components, content_sid=self.SID)
        assert json.loads(form["ContentVariables"][0]) == {"1": "Amina", "when": "five"}

    def test_one_without_content_sid_is_refused_at_once(self, twilio):
        body = refused(twilio.post(to=AMINA, template={"name": "cake_ready", "language": "de"}), 400)
        assert "content_sid" in body["fields"]["template"][0]
        assert nothing_stored(twilio.business)

    @pytest.mark.parametrize("sid", ["", "HX1", 5, "MG" + "0a" * 16])
    def test_another_content_sid_is_refused(self, twilio, sid):
        assert list(refused(twilio.post(to=AMINA, template={"content_sid": sid}), 400)["fields"]) == ["template"]

    def test_meta_gets_no_content_sid_and_needs_a_name(self, mailing):
        mailing.post(to=AMINA, template={"name": "cake_ready", "language": "de", "content_sid": self.SID})
        mailing.send_due()
        (entry,) = mailing.graph.ledger
        assert entry["body"]["template"] == {"name": "cake_ready", "language": {"code": "de"}}
        body = refused(mailing.post(to=AMINA, template={"content_sid": self.SID}), 400)
        assert list(body["fields"]) == ["template"]

    def test_one_that_was_queued_for_a_number_at_meta_fails_with_its_reason(self, twilio):
        row = twilio.writes()
        Message.objects.filter(pk=row.pk).update(kind="template", extras={"template": {"name": "cake_ready"}})
        twilio.send_due()
        assert "content_sid" in Message.objects.get().error
        assert state(twilio) == "failed"


@pytest.mark.parametrize(("length", "status"), [(1600, 202), (1601, 400), (4096, 400)])
def test_a_text_that_is_too_long_for_twilio_is_refused_at_once(twilio, length, status):
    answer = twilio.post(to=AMINA, message="x" * length)
    assert answer.status_code == status
    if status == 400:
        assert "1600" in refused(answer, 400)["fields"]["message"][0]
        assert nothing_stored(twilio.business)


WORDS = {
    63016: "approved template",
    63003: "cannot find the customer",
    63024: "old version of WhatsApp",
    63049: "marketing",
    63018: "by itself",
    63007: "number's id",
    63013: "rules",
    63015: "sandbox",
    63020: "Business Support Home",
    21211: "Correct the number",
    21610: "START",
    63999: "twilio.com/docs/api/errors/63999",
}


@pytest.mark.parametrize("code", WORDS)
def test_a_refusal_has_words_and_the_next_step(twilio, code):
    twilio.graph.queue_reactions(refusal(code, message=""))
    twilio.writes()
    twilio.send_due()
    row = Message.objects.get()
    assert WORDS[code] in row.error
    assert row.error.startswith(f"{code}")


@pytest.mark.parametrize("code", WORDS)
def test_a_failure_reported_by_callback_has_the_same_words(twilio, code):
    row = twilio.writes()
    twilio.send_due()
    callback = STATUS | {"From": f"whatsapp:{NUMBER}", "MessageSid": "wamid.000001", "MessageStatus": "undelivered"}
    del callback["SmsSid"]
    deliver_form(provider_client(), callback | {"ErrorCode": str(code), "AccountSid": "AC123"}, secret="an auth token")
    row = reloaded(row)
    assert WORDS[code] in row.error
    assert WORDS[code] in twilio.business.client.get(f"/api/messages/{row.pk}").json()["error"]
    assert bool(twilio.reload().stopped_at) == (code in (63007, 63020))
