"""Each step of connecting a number is ticked when it has arrived, and not before."""

import re
from typing import Any

import pytest
from django.conf import settings
from django.test import Client

from conversations.models import Message
from tests.factories import Business
from tests.staff import Staff, member_of, staff_of
from tests.whatsapp import meta
from tests.whatsapp.inbox import Inbox
from whatsapp.channels import stop_channel
from whatsapp.inbound.meta import account_reports, payloads
from whatsapp.models import Channel, WebhookVerification
from whatsapp.setting_up import noting
from whatsapp.setting_up.steps import FIELDS

VERIFY = {"hub.mode": "subscribe", "hub.challenge": "1158"}


@pytest.fixture(autouse=True)
def nothing_noted():
    noting._noted.clear()


def steps(staff: Staff, channel: Channel) -> dict[str, bool]:
    found = staff.get(f"/admin/whatsapp/channel/{channel.pk}/set-up/").context["steps"]
    return {step.name: step.is_done for step in found}


def done(staff: Staff, channel: Channel) -> list[str]:
    return [name for name, is_done in steps(staff, channel).items() if is_done and name != "secret"]


# Fields that are read where they come, and to which nobody can subscribe for a number at WhatsApp (any more).
NOT_FOR_WHATSAPP = {"message_echoes", "user_id_update"}


def test_the_fields_are_those_of_the_documentation_and_all_that_are_read():
    text = (settings.BASE_DIR / "docs/whatsapp.md").read_text(encoding="utf-8")
    documented = text.partition("Subscribe to")[2].partition("\n3. ")[0]
    assert set(FIELDS) == set(re.findall(r"`(\w+)`", documented))
    assert set(FIELDS) >= (payloads._FIELDS.keys() | account_reports._FIELDS.keys()) - NOT_FOR_WHATSAPP


def test_steps_are_ticked_as_they_arrive(owner: Business, settings: Any):
    settings.WHATSAPP_VERIFY_TOKEN = "right"
    inbox, staff = Inbox(owner), staff_of(owner)
    channel = Channel.objects.get()
    assert done(staff, channel) == []
    assert Client().get("/api/webhooks/whatsapp", VERIFY | {"hub.verify_token": "wrong"}).status_code == 403
    page = staff.get(f"/admin/whatsapp/channel/{channel.pk}/set-up/").content.decode()
    assert "A verification came with another token" in page
    assert Client().get("/api/webhooks/whatsapp", VERIFY | {"hub.verify_token": "right"}).status_code == 200
    assert done(staff, channel) == ["address"]
    inbox.gets(meta.text("Hello"))
    assert done(staff, channel) == ["address", "fields", "delivery", "inbound"]
    times = Channel.objects.values_list("first_delivery_at", "first_inbound_at").get()
    inbox.gets(meta.text("Again"))
    assert Channel.objects.values_list("first_delivery_at", "first_inbound_at").get() == times
    inbox.gets_statuses(meta.status("delivered"))
    assert done(staff, channel) == ["address", "fields", "delivery", "inbound", "status"]


def test_the_first_message_that_is_accepted_is_ticked(mailing: Any, owner: Business):
    channel = Channel.objects.get()
    mailing.writes()
    assert Channel.objects.get().first_sent_at is None
    mailing.send_due()
    first = Channel.objects.get().first_sent_at
    assert first is not None
    assert "outbound" in done(staff_of(owner), channel)
    mailing.writes()
    mailing.send_due()
    assert Channel.objects.get().first_sent_at == first
    stop_channel(channel_id=channel.pk, reason="190: the token has expired.")
    page = staff_of(owner).get(f"/admin/whatsapp/channel/{channel.pk}/set-up/").content.decode()
    assert "This number sends nothing: 190: the token has expired." in page


def test_the_page_says_what_to_copy_and_sends_a_test_message(owner: Business, settings: Any):
    settings.WHATSAPP_VERIFY_TOKEN, settings.PUBLIC_URL = "right", "https://b.example"
    inbox, staff = Inbox(owner), staff_of(owner)
    channel = Channel.objects.get()
    inbox.gets(meta.text("Hello"))
    path = f"/admin/whatsapp/channel/{channel.pk}/set-up/"
    page = staff.get(path).content.decode()
    assert '<code dir="ltr">https://b.example/api/webhooks/whatsapp</code>' in page
    assert '<code dir="ltr">right</code>' in page
    assert page.count("data-copy") == 3
    assert staff.client.post(f"{path}test/", {"to": Message.objects.get().address}).status_code == 302
    sent = Message.objects.get(direction="out")
    assert (sent.channel_id, sent.content) == (channel.pk, "This is a test message. Everything works.")
    assert staff.client.post(f"{path}test/", {"to": "12"}).status_code == 302
    assert Message.objects.filter(direction="out").count() == 1


def test_no_customer_is_one_click_away_from_a_test_message(owner: Business):
    Inbox(owner).gets(meta.text("Hello"))
    page = staff_of(owner).get(f"/admin/whatsapp/channel/{Channel.objects.get().pk}/set-up/").content.decode()
    assert Message.objects.get().address not in page


def test_the_header_names_the_number_and_leads_back(owner: Business):
    channel = Channel.objects.create(user=owner.user, phone_number_id="1", display_number="+49 30 5550100")
    page = staff_of(owner).get(f"/admin/whatsapp/channel/{channel.pk}/set-up/").content.decode()
    header = page[page.index("<h1") : page.index("</h1>")]
    assert 'href="/admin/whatsapp/channel/"' in header
    assert f'href="/admin/whatsapp/channel/{channel.pk}/change/"' in header
    assert "+49 30 5550100" in header


def test_the_access_token_is_a_step_of_its_own(owner: Business):
    channel = Channel.objects.create(user=owner.user, phone_number_id="1")
    staff = staff_of(owner)
    assert steps(staff, channel)["token"] is False
    channel.access_token = "EAAG-right"
    channel.save()
    assert steps(staff, channel)["token"] is True


def test_the_steps_are_read_again_only_when_something_is_new(owner: Business):
    inbox, staff = Inbox(owner), staff_of(owner)
    path = f"/admin/whatsapp/channel/{Channel.objects.get().pk}/set-up/steps/"
    first = staff.get(path)
    assert staff.client.get(path, headers={"If-None-Match": first["ETag"]}).status_code == 304
    inbox.gets(meta.text("Hello"))
    assert staff.client.get(path, headers={"If-None-Match": first["ETag"]}).status_code == 200


def test_twilio_has_its_own_steps(owner: Business):
    channel = Channel.objects.create(user=owner.user, provider="twilio", phone_number_id="+14155238886")
    found = steps(staff_of(owner), channel)
    assert list(found) == ["address", "secret", "delivery", "inbound", "outbound", "status"]
    assert not any(found.values())


def test_only_the_people_of_the_business_open_it(owner: Business, stranger: Business, settings: Any):
    settings.WHATSAPP_VERIFY_TOKEN = "right-token"
    channel = Channel.objects.create(user=owner.user, phone_number_id="1")
    path = f"/admin/whatsapp/channel/{channel.pk}/set-up/"
    for name in ("", "steps/"):
        assert staff_of(stranger).get(path + name).status_code == 404
        assert (
            "right-token" not in member_of(owner, "viewer", f"v{name[:1]}@b.example").get(path + name).content.decode()
        )
    assert member_of(owner, "viewer").client.post(f"{path}test/", {"to": "+4915123456789"}).status_code == 403
    assert staff_of(stranger).client.post(f"{path}test/", {"to": "+4915123456789"}).status_code == 404
    assert not Message.objects.exists()


def test_a_verification_is_answered_without_a_database(settings: Any, monkeypatch: pytest.MonkeyPatch, db: None):
    def broken(outcome: str) -> None:
        raise RuntimeError(outcome)

    settings.WHATSAPP_VERIFY_TOKEN = "right"
    monkeypatch.setattr(WebhookVerification.objects, "note", broken)
    answer = Client().get("/api/webhooks/whatsapp", VERIFY | {"hub.verify_token": "right"})
    assert (answer.status_code, answer.content) == (200, b"1158")
