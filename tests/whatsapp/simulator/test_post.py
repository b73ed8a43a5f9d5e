"""A simulated delivery is signed as its provider signs, and can be posted with curl."""

import shlex

from whatsapp.inbound.signature import is_signed_by_meta, is_signed_by_twilio
from whatsapp.simulator.post import NO_ANSWER, curl, post, signed

URL = "http://127.0.0.1:9/webhook"


def test_the_signatures_of_both_providers_are_valid() -> None:
    meta = signed(url=URL, provider="cloud", message_id="1", body=b"{}", secret="a secret")
    assert is_signed_by_meta(meta.body, meta.headers["X-Hub-Signature-256"], ["a secret"])
    form = [("Body", "Hello")]
    twilio = signed(url=URL, provider="twilio", message_id="1", body=form, secret="a secret")
    assert is_signed_by_twilio(URL, form, twilio.headers["X-Twilio-Signature"], ["a secret"])
    assert twilio.body == b"Body=Hello"


def test_the_shell_passes_the_body_to_curl_unchanged() -> None:
    body = b'{"text": "it\'s $HOME"}'
    words = shlex.split(curl(signed(url=URL, provider="cloud", message_id="1", body=body, secret="a secret")))
    assert words[:2] == ["curl", URL]
    assert words[-2:] == ["--data-binary", body.decode()]


def test_without_a_server_there_is_no_answer() -> None:
    assert post(signed(url=URL, provider="cloud", message_id="1", body=b"{}", secret="a secret")) == NO_ANSWER
