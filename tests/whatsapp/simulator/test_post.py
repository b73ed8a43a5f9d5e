"""A made-up delivery is signed as its provider signs, and can be posted by curl."""

import shlex

from whatsapp.inbound.signature import is_signed_by_meta, is_signed_by_twilio
from whatsapp.simulator.post import NO_ANSWER, curl, post, signed

URL = "http://127.0.0.1:9/webhook"


def test_both_providers_signatures_are_valid() -> None:
    metas = signed(url=URL, provider="cloud", message_id="1", body=b"{}", secret="a secret")
    assert is_signed_by_meta(metas.body, metas.headers["X-Hub-Signature-256"], ["a secret"])
    made = [("Body", "Hello")]
    twilios = signed(url=URL, provider="twilio", message_id="1", body=made, secret="a secret")
    assert is_signed_by_twilio(URL, made, twilios.headers["X-Twilio-Signature"], ["a secret"])
    assert twilios.body == b"Body=Hello"


def test_the_shell_reads_the_body_as_it_is() -> None:
    body = b'{"text": "it\'s $HOME"}'
    words = shlex.split(curl(signed(url=URL, provider="cloud", message_id="1", body=body, secret="a secret")))
    assert words[:2] == ["curl", URL]
    assert words[-2:] == ["--data-binary", body.decode()]


def test_where_nobody_listens_there_is_no_answer() -> None:
    assert post(signed(url=URL, provider="cloud", message_id="1", body=b"{}", secret="a secret")) == NO_ANSWER
