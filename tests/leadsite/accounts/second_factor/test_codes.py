"""Codes and recovery codes as texts."""

from base64 import b32encode
from datetime import UTC, datetime

import pytest

from leadsite.accounts.second_factor import codes
from leadsite.core import clock

# RFC 6238, appendix B: the secret, and codes of eight digits, of which apps show the last six.
SECRET = b32encode(b"12345678901234567890").decode()


@pytest.mark.parametrize(
    ("seconds", "code"),
    [(59, "287082"), (1111111109, "081804"), (1234567890, "005924"), (2000000000, "279037"), (20000000000, "353130")],
)
def test_codes_are_those_of_the_standard(monkeypatch: pytest.MonkeyPatch, seconds: int, code: str):
    monkeypatch.setattr(clock, "now", lambda: datetime.fromtimestamp(seconds, UTC))
    assert codes.step_of(SECRET, code) == seconds // 30
    assert codes.step_of(SECRET, code, after=seconds // 30) is None


def test_a_key_has_32_characters_and_is_never_the_same():
    assert len({codes.new_secret() for _ in range(100)}) == 100
    assert {len(codes.new_secret()) for _ in range(100)} == {32}


def test_recovery_codes_can_be_read_aloud():
    texts = codes.new_recovery_codes()
    assert len(set(texts)) == 10
    assert not set("".join(texts)) & set("01iloIO")
    assert {len(text) for text in texts} == {19}


def test_a_qr_code_says_account_and_site():
    address = codes.address_for_apps("ABC", "ana&co@shop.example")
    assert address == "otpauth://totp/leadsite%3Aana%26co%40shop.example?secret=ABC&issuer=leadsite"


def test_a_qr_code_has_no_style_and_no_script():
    svg = codes.qr_code("ABC", "<script>@shop.example")
    assert svg.startswith("<svg")
    assert "style" not in svg
    assert "script" not in svg
