"""Without a provider: messages are printed, and statuses are simulated through the webhook."""

from typing import Any

import pytest

from conversations.models import Message
from tests.factories import Business
from tests.site import free_port, until
from tests.whatsapp import meta
from tests.whatsapp.mailing import AMINA
from whatsapp.channels import connect_channel
from whatsapp.models import WebhookDelivery
from whatsapp.outbound.enqueue import MessageContent, Recipient, send_message
from whatsapp.outbound.providers import console
from whatsapp.outbound.worker import Sender
from whatsapp.simulator import post


def write(owner: Business, text: str = "Your cake is ready", to: str = AMINA) -> None:
    recipient = Recipient(phone=to) if to.startswith("+") else Recipient(whatsapp_user_id=to)
    send_message(user_id=owner.id, to=recipient, message=MessageContent(content=text))
    Sender().drain()


@pytest.mark.django_db
def test_it_prints_control_characters_escaped(owner, settings, capsys):
    settings.WHATSAPP_BACKEND, settings.WHATSAPP_APP_SECRETS = "console", []
    connect_channel(user_id=owner.id, phone_number_id=meta.CHANNEL)
    write(owner, "Ready\x1b[2J\nsoon 🎂")
    assert capsys.readouterr().out == f"WhatsApp to {AMINA} (text): 'Ready\\x1b[2J\\nsoon 🎂'\n"
    assert Message.objects.get().status == "sent"


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    ("number", "own"), [(meta.CHANNEL, ""), (meta.CHANNEL, "own"), ("+14155238886", "")], ids=["list", "Meta", "Twilio"]
)
@pytest.mark.parametrize("to", [AMINA, meta.SHEENA_ID])
def test_sent_delivered_and_read_are_posted_signed_to_the_webhook(
    owner: Business, settings: Any, live_server: Any, monkeypatch: pytest.MonkeyPatch, number: str, own: str, to: str
):
    settings.WHATSAPP_BACKEND = "console"
    settings.PORT = int(live_server.url.rpartition(":")[2])
    settings.ALLOWED_HOSTS = ["*"]
    monkeypatch.setattr(console, "STATUSES", ((0.01, "sent"), (0.2, "delivered"), (0.4, "read")))
    connect_channel(user_id=owner.id, phone_number_id=number, access_token="AC1:auth token", app_secret=own)
    write(owner, to=to)
    until(lambda: WebhookDelivery.objects.count() == 3)
    row = Message.objects.get()
    assert row.status == "read"
    assert sorted(row.extras["times"]) == ["delivered", "read", "sent"]
    assert set(WebhookDelivery.objects.values_list("state", flat=True)) == {"processed"}


@pytest.mark.django_db
def test_the_message_stays_sent_if_no_site_answers(owner, settings, monkeypatch):
    responses = []
    settings.WHATSAPP_BACKEND, settings.PORT = "console", free_port()
    monkeypatch.setattr(console, "STATUSES", ((0.0, "sent"),))
    monkeypatch.setattr(console, "post", lambda delivery: responses.append(post.post(delivery)))
    connect_channel(user_id=owner.id, phone_number_id=meta.CHANNEL)
    write(owner)
    until(lambda: responses == ["no answer"])
    assert Message.objects.get().status == "sent"
