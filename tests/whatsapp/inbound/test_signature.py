"""Signatures of deliveries, over the raw bytes."""

import base64
import hmac
import json

import pytest

from tests.cases import each_case
from whatsapp.inbound.signature import is_signed_by_meta, is_signed_by_twilio, sign_for_meta, sign_for_twilio

SECRET = "test_app_secret"
EMPTY = b'{"object":"whatsapp_business_account","entry":[]}'
EMPTY_SIGNED = "sha256=dec6a680679a968e7e0319355b23599cbfc54502c0784668e9618baa0c633756"
# As Meta writes them: all non-ASCII characters escaped, and some ASCII ones. The signatures were made with openssl
# (`printf … | openssl dgst -sha256 -hmac test_app_secret`), so they are independent of our code.
ESCAPED = [
    (rb'{"body":"caf\u00e9"}', "7aee86d9c693dd26362727b8138ee4d6dadccf227ec003a769797c08adfab750"),
    (rb'{"body":"\ud83d\ude00"}', "506944f00d0380b496d122a9e325e058b5dfee4c4890f176047682d731076ce6"),
    (rb'{"body":"bella\u0040bakery.example"}', "786b6ddb6b00a28711a4c873999151a75c9b8937507d08a992a9217fa62d6546"),
    (rb'{"url":"https:\/\/fb.me\/1"}', "9718e07f121c4b852516105e8a115ab8ad4713b9c011ba89e71ab0ecbdf754ed"),
    (rb'{"body":"50\u0025 off \u003C3"}', "eeb478d07cb2a972285f7611bacf1a4dd57a7a5bcd81b2a8b7938a8b3fdbe99b"),
]

URL = "https://leads.example.com/api/webhooks/whatsapp"
TOKEN = "12345"


@pytest.mark.parametrize(("body", "signature"), [(EMPTY, EMPTY_SIGNED.removeprefix("sha256=")), *ESCAPED])
def test_a_known_signature_verifies(body, signature):
    assert is_signed_by_meta(body, f"sha256={signature}", [SECRET])
    assert sign_for_meta(body, SECRET) == f"sha256={signature}"


@each_case(("body", "signature"), ESCAPED)
@each_case("ascii_only", [True, False])
def test_a_reserialized_body_does_not_verify(body, signature, ascii_only):
    for separators in [(",", ":"), (", ", ": ")]:
        reserialized = json.dumps(json.loads(body), ensure_ascii=ascii_only, separators=separators).encode()
        if reserialized != body:
            assert not is_signed_by_meta(reserialized, f"sha256={signature}", [SECRET])


def test_a_change_of_any_byte_does_not_verify():
    for index in range(len(EMPTY)):
        changed = EMPTY[:index] + bytes([EMPTY[index] ^ 1]) + EMPTY[index + 1 :]
        assert not is_signed_by_meta(changed, EMPTY_SIGNED, [SECRET])


def test_any_secret_of_the_list_is_accepted():
    for secrets in ([SECRET, "new"], ["new", SECRET], ["", SECRET]):
        assert is_signed_by_meta(EMPTY, EMPTY_SIGNED, secrets)
    assert not is_signed_by_meta(EMPTY, EMPTY_SIGNED, ["new", "old"])


def test_without_a_secret_nothing_verifies():
    assert not is_signed_by_meta(EMPTY, EMPTY_SIGNED, [])
    assert not is_signed_by_meta(EMPTY, sign_for_meta(EMPTY, ""), [""])
    assert not is_signed_by_twilio(URL, [], sign_for_twilio(URL, [], ""), [""])
    assert not is_signed_by_twilio(URL, [], sign_for_twilio(URL, [], TOKEN), [])


FORGED = {
    "missing": None,
    "empty": "",
    "only the prefix": "sha256=",
    "no prefix": EMPTY_SIGNED.removeprefix("sha256="),
    "another prefix": EMPTY_SIGNED.replace("sha256", "sha512"),
    "SHA-1": "sha1=" + hmac.new(SECRET.encode(), EMPTY, "sha1").hexdigest(),
    "SHA-1 with the prefix of SHA-256": "sha256=" + hmac.new(SECRET.encode(), EMPTY, "sha1").hexdigest(),
    "a digit too few": EMPTY_SIGNED[:-1],
    "a digit too many": EMPTY_SIGNED + "6",
    "capitals": "sha256=" + EMPTY_SIGNED.removeprefix("sha256=").upper(),
    "not hexadecimal": EMPTY_SIGNED[:-1] + "g",
    "not ASCII": EMPTY_SIGNED[:-1] + "é",
    "digits of another script": EMPTY_SIGNED[:-1] + "٦",
    "a lone surrogate": EMPTY_SIGNED[:-1] + "\ud800",
    "a trailing newline": EMPTY_SIGNED + "\n",
    "a leading space": " " + EMPTY_SIGNED,
    "two signatures": f"{EMPTY_SIGNED},{EMPTY_SIGNED}",
    "the signature of another body": sign_for_meta(b"{}", SECRET),
    "the signature of another secret": sign_for_meta(EMPTY, "guessed"),
}


@each_case("header", FORGED.values())
def test_a_forged_signature_does_not_verify(header):
    assert not is_signed_by_meta(EMPTY, header, [SECRET])


def test_a_secret_may_contain_any_characters():
    for secret in ("geheim-ü-秘密", "not UTF-8: \udcff"):
        assert is_signed_by_meta(EMPTY, sign_for_meta(EMPTY, secret), [secret])


# Twilio's example (page "Webhooks security"); its libraries have this signature in their tests.
EXAMPLE_URL = "https://mycompany.com/myapp.php?foo=1&bar=2"
EXAMPLE = [
    ("CallSid", "CA1234567890ABCDE"),
    ("Digits", "1234"),
    ("From", "+14158675309"),
    ("To", "+18005551212"),
    ("Caller", "+14158675309"),
]
EXAMPLE_SIGNED = "RSOYDt4T1cUTdK1PDd93/VVr8B8="


def test_the_example_of_twilio_verifies_in_any_order():
    for parameters in (EXAMPLE, EXAMPLE[::-1]):
        assert is_signed_by_twilio(EXAMPLE_URL, parameters, EXAMPLE_SIGNED, ["other", TOKEN])


@pytest.mark.parametrize(
    ("signed", "called"),
    [
        (URL, "https://leads.example.com:443/api/webhooks/whatsapp"),
        ("https://leads.example.com:443/api/webhooks/whatsapp", URL),
        ("http://leads.example.com/hook?x", "http://leads.example.com:80/hook?x"),
        ("http://leads.example.com:80/hook?", "http://leads.example.com/hook?"),
        ("https://leads.example.com/hook", "https://leads.example.com:8443/hook"),
        ("https://user:word@leads.example.com/hook", "https://user:word@leads.example.com:443/hook"),
        ("https://[2001:db8::1]/hook", "https://[2001:db8::1]:443/hook"),
    ],
)
def test_the_signed_url_may_include_the_port_or_not(signed, called):
    assert is_signed_by_twilio(called, EXAMPLE, sign_for_twilio(signed, EXAMPLE, TOKEN), [TOKEN])


@pytest.mark.parametrize(
    "url",
    [
        "http://leads.example.com/api/webhooks/whatsapp",
        "https://leads.example.com:80/api/webhooks/whatsapp/",
        "https://leads.example.org/api/webhooks/whatsapp",
        URL + "?a=1",
        URL + "/",
    ],
)
def test_another_url_does_not_verify(url):
    assert not is_signed_by_twilio(url, EXAMPLE, sign_for_twilio(URL, EXAMPLE, TOKEN), [TOKEN])


@pytest.mark.parametrize("url", ["https://leads.example.com:port/", "https://[half/", "not a URL", ""])
def test_a_url_that_cannot_be_parsed_is_signed_unchanged(url):
    assert is_signed_by_twilio(url, EXAMPLE, sign_for_twilio(url, EXAMPLE, TOKEN), [TOKEN])


@pytest.mark.parametrize(
    "parameters",
    [
        EXAMPLE[1:],
        [*EXAMPLE, ("Body", "added")],
        [*EXAMPLE[:-1], ("Caller", "+14158675308")],
        [("callsid", "CA1234567890ABCDE"), *EXAMPLE[1:]],
    ],
)
def test_other_parameters_do_not_verify(parameters):
    assert not is_signed_by_twilio(EXAMPLE_URL, parameters, EXAMPLE_SIGNED, [TOKEN])


def test_values_of_one_name_are_sorted_and_equal_ones_count_once():
    """The signature is the one in the tests of Twilio's libraries."""
    repeated = [("Sid", "CA123"), ("SidAccount", "AC123"), ("Digits", "5678"), ("Digits", "1234"), ("Digits", "1234")]
    assert is_signed_by_twilio(EXAMPLE_URL, repeated, "IK+Dwps556ElfBT0I3Rgjkr1wJU=", [TOKEN])


def test_blank_values_and_texts_in_any_script_are_signed():
    parameters = [("Body", "Grüße 🎂\r\n"), ("Label", ""), ("Odd", "\udcff")]
    expected = hmac.digest(TOKEN.encode(), URL.encode() + "BodyGrüße 🎂\r\nLabelOdd".encode() + b"\xff", "sha1")
    assert is_signed_by_twilio(URL, parameters, base64.b64encode(expected).decode(), [TOKEN])


@each_case(
    "header",
    [
        *(None, "", "=", EXAMPLE_SIGNED[:-1], EXAMPLE_SIGNED + "=", EXAMPLE_SIGNED.lower(), EXAMPLE_SIGNED + "\n"),
        *(EXAMPLE_SIGNED[:-2] + "é=", EXAMPLE_SIGNED.replace("/", "_"), "A" * 28, "\ud800" * 28),
    ],
)
def test_a_forged_signature_of_twilio_does_not_verify(header):
    assert not is_signed_by_twilio(EXAMPLE_URL, EXAMPLE, header, [TOKEN])
