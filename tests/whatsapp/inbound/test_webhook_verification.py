"""Meta's verification request. It needs no authentication and no database: these tests have none."""

from urllib.parse import urlencode

import pytest

from tests.cases import each_case
from tests.whatsapp.webhook_client import PATH, assert_refused, provider_client

TOKEN = "the verify token, with an ü"
REQUEST = {"hub.mode": "subscribe", "hub.verify_token": TOKEN, "hub.challenge": "1158201444"}


@pytest.fixture(autouse=True)
def verify_token(settings):
    settings.WHATSAPP_VERIFY_TOKEN = TOKEN


@pytest.fixture
def provider():
    return provider_client()


@pytest.mark.parametrize("path", [PATH, f"{PATH}/"])
def test_it_is_answered_with_only_the_challenge(provider, path):
    answer = provider.get(path, REQUEST)
    assert (answer.status_code, answer.content) == (200, b"1158201444")
    assert answer["Content-Type"].startswith("text/plain")
    assert answer["X-Content-Type-Options"] == "nosniff"


def test_a_challenge_is_plain_text(provider):
    answer = provider.get(PATH, REQUEST | {"hub.challenge": "<script>alert(1)</script>"})
    assert answer.content == b"<script>alert(1)</script>"
    assert (answer["Content-Type"], answer["X-Content-Type-Options"]) == ("text/plain", "nosniff")


@each_case(
    "changes",
    [
        *({"hub.verify_token": wrong} for wrong in ("wrong", "", TOKEN + " ", TOKEN.upper(), "ü", "\x00", None)),
        *({"hub.verify_token": [TOKEN, TOKEN]}, {"hub.verify_token": ["wrong", TOKEN]}),
        *(
            {"hub.verify_token": None, "hub.verify_token[$ne]": "x"},
            {"hub.verify_token": None, "hub_verify_token": TOKEN},
        ),
        *({"hub.mode": mode} for mode in ("unsubscribe", "Subscribe", "", None, ["subscribe", "subscribe"])),
        *({"hub.challenge": challenge} for challenge in ("", None, "1" * 501, ["1", "2"])),
    ],
)
def test_an_invalid_request_is_refused(provider, changes):
    query = {name: value for name, value in (REQUEST | changes).items() if value is not None}
    assert_refused(provider.get(f"{PATH}?{urlencode(query, doseq=True)}"), 403, "forbidden")


@pytest.mark.parametrize("token", ["", "x"])
def test_without_a_verify_token_it_is_always_refused(provider, settings, token):
    settings.WHATSAPP_VERIFY_TOKEN = ""
    assert_refused(provider.get(PATH, REQUEST | {"hub.verify_token": token}), 403, "forbidden")


@pytest.mark.parametrize("method", ["HEAD", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE"])
def test_another_method_is_not_allowed(provider, method):
    answer = provider.generic(method, PATH)
    assert (answer.status_code, answer["Allow"]) == (405, "GET, POST")
    if method != "HEAD":
        assert_refused(answer, 405, "method_not_allowed")
