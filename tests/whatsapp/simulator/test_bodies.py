"""Bodies of simulated deliveries."""

import pytest

from tests.whatsapp.simulating import printed, simulate
from whatsapp.models import Channel


@pytest.fixture
def channel(owner) -> Channel:
    return Channel.objects.create(user=owner.user, phone_number_id="106540352242922")


def test_bodies_are_escaped_as_meta_escapes_them(channel):
    body = simulate("--print", "--text", "é 😀 a@b/c < 5 %").splitlines()[0]
    assert r"\u00e9 \ud83d\ude00 a\u0040b\/c \u003C 5 \u0025" in body


def test_a_failed_status_has_its_reason(channel):
    (status,) = printed("--status", "failed", "--message-id", "wamid.1", "--bsuid", "DE.1")["statuses"]
    assert (status["id"], status["status"], status["recipient_user_id"]) == ("wamid.1", "failed", "DE.1")
    assert status["errors"][0]["code"] == 131026
    assert "recipient_id" not in status
