"""The token inside Meta's message ids."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.cases import each_case
from tests.whatsapp.wamids import wamid
from whatsapp.wamids import token_of


@pytest.mark.parametrize(
    ("provider_id", "token"),
    [
        ("wamid.HBgNNDkxNTcwMDAxMDAwMRUUABIYDVFVT1RFMDAwMUFBQUEA", "QUOTE0001AAAA"),
        ("wamid.HBgQREUuMTQ0MjczODIzMDk0MRUUABIYDVFVT1RFMDAwMUFBQUEA", "QUOTE0001AAAA"),
        ("wamid.HBgLMTY1MDU1NTEyMzQVAgARGBI5QTNDQTVCM0Q0Q0Q2RTY3RTcA", "9A3CA5B3D4CD6E67E7"),  # Meta's documentation
        ("wamid.HBgLMTY1MDU1NTEyMzQVAgARGBI5QTNDQTVCM0Q0Q0Q2RTY3RTc=", "9A3CA5B3D4CD6E67E7"),  # without the end
        (wamid("US.ENT.11815799212886844830", "3EB0C767D26A1D8A2E", outgoing=True), "3EB0C767D26A1D8A2E"),
    ],
)
def test_both_forms_of_an_id_have_one_token(provider_id, token):
    assert token_of(provider_id) == token


@each_case(
    "provider_id",
    [
        "",
        "wamid.",
        "wamid.1",
        "wamid.000001",
        "wamid.ABC",
        "wamid.HBg=",
        "wamid.HBgN",
        "wamid.ünïcode",
        "wamid.HBgLMTY1MDU1NTEyMzQVAgASGBQz00000001AA==",  # shorter than it says
        "wacid.HBgNNDkxNTcwMDAxMDAwMRUUABIYDVFVT1RFMDAwMUFBQUEA",
        "SM8824d91645395b17594d92659b878468",
    ],
)
def test_any_other_id_has_none(provider_id):
    assert token_of(provider_id) is None


@given(st.text(max_size=60) | st.binary(max_size=60).map(lambda data: data.decode("latin-1")))
def test_no_text_raises(text):
    token_of(text)
    token_of(f"wamid.{text}")


@given(st.text("0123456789ABCDEF", min_size=1, max_size=40), st.text("0123456789", min_size=1, max_size=15))
def test_the_token_is_read_whatever_the_customer(token, peer):
    assert token_of(wamid(peer, token)) == token_of(wamid(f"DE.{peer}", token)) == token
