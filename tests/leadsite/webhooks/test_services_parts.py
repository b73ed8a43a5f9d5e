"""What comes with a message (media, context, reaction, referral): event and API say the same, field by field."""

from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from conversations.models import Conversation, Message
from tests.leadsite.webhooks.test_services import times_read
from tests.whatsapp import meta
from tests.whatsapp.inbox import Inbox
from tests.whatsapp.twilio_forms import BUSINESS, MESSAGE, TOKEN
from tests.whatsapp.wamids import wamid
from tests.whatsapp.webhook_client import deliver_form, provider_client
from whatsapp.channels import connect_channel

pytestmark = pytest.mark.django_db

PARTS = ("media", "context", "reaction", "referral")
NOTHING: dict[str, Any] = {"media": [], "context": None, "reaction": None, "referral": None}
NO_FILE = dict.fromkeys(("id", "mime_type", "filename", "caption", "sha256", "url"))
FILE = {"id": "1003383421387256", "mime_type": "image/jpeg", "sha256": "SfInY0="}
CONTEXT = {"provider_id": None, "forwarded": False, "frequently_forwarded": False, "referred_product": None}
PRODUCT = {"catalog_id": "7", "product_retailer_id": "LEMON-CAKE-12"}
AD = {
    "source_type": "ad",
    "source_id": "120226305854810726",
    "source_url": "https://fb.me/3cr4Wqqkv",
    "headline": "Chat with us",
    "body": "Summer cakes are here!",
    "ctwa_clid": "Aff-n8ZTODiE79d22KtAwQKj9e",
    "media_type": "image",
}
REFERRAL = AD | {"media_url": "https://ad.example/1", "thumbnail_url": None, "welcome_message": "Hi there!"}
QUOTED = CONTEXT | {"provider_id": "wamid.first"}

CASES: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "text": (meta.text("Hello"), {}),
    "image": (
        meta.message("image", FILE | {"caption": "Like these", "url": "https://lookaside.example/1"}),
        {"media": [NO_FILE | FILE | {"caption": "Like these"}]},
    ),
    "video": (meta.message("video", FILE), {"media": [NO_FILE | FILE]}),
    "voice": (meta.message("audio", FILE | {"voice": True}), {"media": [NO_FILE | FILE]}),
    "sticker": (meta.message("sticker", FILE | {"animated": True}), {"media": [NO_FILE | FILE]}),
    "document": (
        meta.message("document", FILE | {"filename": "receipt.pdf"}),
        {"media": [NO_FILE | FILE | {"filename": "receipt.pdf"}]},
    ),
    "kind of tomorrow": (meta.message("hologram", FILE), {"media": [NO_FILE | FILE]}),
    "file without an id": (meta.message("image", {"caption": "Look"}), {}),
    "location": (meta.message("location", {"latitude": 1.5, "longitude": 2.5}), {}),
    "quote": (meta.text(context={"from": meta.BUSINESS, "id": "wamid.first"}), {"context": QUOTED}),
    "quote of a message that is not stored": (
        meta.text(context={"id": "wamid.away"}),
        {"context": CONTEXT | {"provider_id": "wamid.away"}},
    ),
    "forwarded": (meta.text(context={"forwarded": True}), {"context": CONTEXT | {"forwarded": True}}),
    "frequently forwarded": (
        meta.message("image", FILE, context={"frequently_forwarded": True}),
        {"context": CONTEXT | {"frequently_forwarded": True}, "media": [NO_FILE | FILE]},
    ),
    "question about a product": (
        meta.text(context={"id": "wamid.first", "referred_product": PRODUCT}),
        {"context": QUOTED | {"referred_product": PRODUCT}},
    ),
    "button": (
        meta.message("button", {"text": "Yes", "payload": "yes"}, context={"id": "wamid.first"}),
        {"context": QUOTED},
    ),
    "reaction": (
        meta.message("reaction", {"message_id": "wamid.first", "emoji": "👍"}),
        {"reaction": {"provider_id": "wamid.first", "emoji": "👍", "removed": False}},
    ),
    "removed reaction": (
        meta.message("reaction", {"message_id": "wamid.first"}),
        {"reaction": {"provider_id": "wamid.first", "emoji": None, "removed": True}},
    ),
    "reaction removed with an empty emoji": (
        meta.message("reaction", {"message_id": "wamid.first", "emoji": ""}),
        {"reaction": {"provider_id": "wamid.first", "emoji": None, "removed": True}},
    ),
    "edit": (
        meta.message(
            "edit", {"original_message_id": "wamid.first", "message": {"type": "text", "text": {"body": "No"}}}
        ),
        {"context": QUOTED},
    ),
    "edit of a photo": (
        meta.message(
            "edit", {"original_message_id": "wamid.first", "message": {"type": "image", "image": FILE, "context": {}}}
        ),
        {"context": QUOTED, "media": [NO_FILE | FILE]},
    ),
    "deletion": (meta.message("revoke", {"original_message_id": "wamid.first"}), {"context": QUOTED}),
    "advertisement": (
        meta.text(referral=AD | {"image_url": "https://ad.example/1", "welcome_message": {"text": "Hi there!"}}),
        {"referral": REFERRAL},
    ),
    "advertisement with a video, on a photo": (
        meta.message("image", FILE, referral={"video_url": "https://v.example", "thumbnail_url": "https://t.example"}),
        {
            "referral": dict.fromkeys(REFERRAL)
            | {"media_url": "https://v.example", "thumbnail_url": "https://t.example"},
            "media": [NO_FILE | FILE],
        },
    ),
    "malformed": (
        meta.message("image", {"id": ["x"], "mime_type": {}}, context=[{"id": 5}], referral="ad", media={"id": "x"}),
        {},
    ),
    "malformed members": (
        meta.text(context={"id": {"x": 1}, "forwarded": "true", "referred_product": "cake"}, parts={"media": 5}),
        {},
    ),
}


@pytest.fixture
def inbox(owner) -> Inbox:
    return Inbox(owner)


@pytest.mark.parametrize("name", CASES)
def test_event_and_api_have_the_parts_of_each_kind(name, integrator, inbox, owner):
    message, parts = CASES[name]
    inbox.gets(meta.text("Hello", id="wamid.first"))
    first = Message.objects.get(provider_id="wamid.first")

    inbox.gets(message)

    stored = Message.objects.get(provider_id=message["id"])
    event = next(row.payload["data"] for row in integrator.rows() if row.payload["data"]["id"] == str(stored.pk))
    answer = owner.client.get(f"/api/messages/{stored.pk}").json()
    thread = owner.client.get(f"/api/conversations/{stored.conversation_id}/messages").json()["results"]
    assert answer in thread
    assert times_read(event) == times_read(answer)
    expected = NOTHING | parts
    for part in ("context", "reaction"):
        if about := expected[part]:
            expected[part] = about | {"message_id": str(first.pk) if about["provider_id"] == "wamid.first" else None}
    assert {part: event[part] for part in PARTS} == expected


def test_a_message_of_the_same_delivery_is_found(integrator, inbox, owner):
    first, answer = meta.text("Hello"), meta.text("I mean", context={"id": "wamid.1"})
    inbox.gets(first | {"id": "wamid.1"}, answer)
    told = {
        row.payload["data"]["provider_id"]: row.payload["data"] for row in integrator.rows() if "message" in row.type
    }
    assert told[answer["id"]]["context"]["message_id"] == told["wamid.1"]["id"]


def test_another_businesss_message_is_not_named(inbox, stranger, owner):
    Inbox(stranger, "109").gets(meta.text("Hello", id="wamid.first"))
    inbox.gets(meta.text("Hm", context={"id": "wamid.first"}))
    (message,) = inbox.messages
    answer = owner.client.get(f"/api/messages/{message.pk}").json()
    assert answer["context"] == QUOTED | {"message_id": None}


def test_content_that_replaces_a_placeholder_brings_its_parts(integrator, inbox, owner):
    inbox.gets(meta.message("unsupported", {"type": "unknown"}, id="wamid.ad"))
    inbox.gets(meta.message("image", FILE, id="wamid.ad", referral=AD))
    before, after = [row.payload["data"] for row in integrator.rows() if row.type == "message.received"]
    assert {part: before[part] for part in PARTS} == NOTHING
    assert (after["media"][0]["id"], after["referral"]["ctwa_clid"]) == (FILE["id"], AD["ctwa_clid"])
    assert times_read(after) == times_read(owner.client.get(f"/api/messages/{after['id']}").json())


def test_an_echo_has_its_parts(integrator, inbox, owner):
    photo = meta.message("image", FILE, from_=meta.BUSINESS, to=meta.SHEENA, id="wamid.out")
    inbox.gets_change("smb_message_echoes", message_echoes=[photo])
    inbox.gets_statuses(meta.status("delivered", id="wamid.out"))
    (told,) = [row.payload["data"] for row in integrator.rows() if row.type == "message.status"]
    assert told["media"] == [NO_FILE | FILE]
    assert times_read(told) == times_read(owner.client.get(f"/api/messages/{told['id']}").json())


def test_a_message_that_we_send_has_no_parts(owner):
    sent = owner.client.post("/api/whatsapp", {"to": "+4915123456789", "message": "Hello"}, format="json").json()
    answer = owner.client.get(f"/api/messages/{sent['message_id']}").json()
    assert {part: answer[part] for part in PARTS} == NOTHING


MEDIA_SID = "ME557ce644e5ab84fa21cc21112e22c485"
MEDIA_URL = f"https://api.twilio.com/2010-04-01/Accounts/AC1/Messages/MM1/Media/{MEDIA_SID}"
TWILIO: dict[str, tuple[dict[str, str], dict[str, Any]]] = {
    "text": ({}, {}),
    "photo": (
        {"NumMedia": "1", "MediaUrl0": MEDIA_URL, "MediaContentType0": "image/jpeg", "Body": "Like this"},
        {
            "media": [
                NO_FILE | {"id": MEDIA_SID, "mime_type": "image/jpeg", "caption": "Like this", "url": MEDIA_URL},
            ]
        },
    ),
    "two files": (
        {"MediaUrl0": "https://a.example", "MediaContentType0": "application/pdf", "MediaUrl1": MEDIA_URL, "Body": ""},
        {
            "media": [
                NO_FILE | {"mime_type": "application/pdf", "url": "https://a.example"},
                NO_FILE | {"id": MEDIA_SID, "url": MEDIA_URL},
            ]
        },
    ),
    "quote": ({"OriginalRepliedMessageSid": "SMaway"}, {"context": CONTEXT | {"provider_id": "SMaway"}}),
    "forwarded": ({"Forwarded": "true"}, {"context": CONTEXT | {"forwarded": True}}),
    "frequently forwarded": (
        {"FrequentlyForwarded": "true"},
        {"context": CONTEXT | {"frequently_forwarded": True}},
    ),
    "advertisement": (
        {
            "ReferralSourceType": "ad",
            "ReferralSourceId": AD["source_id"],
            "ReferralSourceUrl": AD["source_url"],
            "ReferralHeadline": AD["headline"],
            "ReferralBody": AD["body"],
            "ReferralCtwaClid": AD["ctwa_clid"],
            "ReferralMediaContentType": "image/jpeg",
            "ReferralMediaUrl": "https://ad.example/1",
        },
        {"referral": REFERRAL | {"welcome_message": None}},
    ),
    "click id only": ({"CtwaClid": "ARAbc"}, {"referral": dict.fromkeys(REFERRAL) | {"ctwa_clid": "ARAbc"}}),
}


@pytest.mark.parametrize("kind", ["quote", "reaction"])
def test_event_and_api_name_the_message_that_has_another_form_of_the_id(integrator, owner, kind):
    inbox = Inbox(owner)
    token = "3EB0C767D26A1D8A2E"
    inbox.gets(meta.text("First", id=wamid(meta.SHEENA, token)))
    named = wamid(meta.SHEENA_ID, token)
    quote = meta.text("Second", context={"id": named})
    inbox.gets(quote if kind == "quote" else meta.message("reaction", {"message_id": named, "emoji": "👍"}))
    first, second = Message.objects.order_by("pk")
    part = "context" if kind == "quote" else "reaction"
    *_, event = [row.payload["data"] for row in integrator.rows() if row.type == "message.received"]
    answer = owner.client.get(f"/api/messages/{second.pk}").json()
    assert event[part] == answer[part]
    assert (event[part]["message_id"], event[part]["provider_id"]) == (str(first.pk), named)


@pytest.mark.parametrize("name", TWILIO)
def test_event_and_api_have_the_parts_of_twilios_messages(name, integrator, owner, settings):
    form, parts = TWILIO[name]
    settings.PUBLIC_URL = ""
    connect_channel(user_id=owner.id, phone_number_id=BUSINESS, access_token=TOKEN)
    answered = deliver_form(provider_client(), MESSAGE | form)
    assert answered.status_code == 200
    stored = Message.objects.get()
    (event,) = [row.payload["data"] for row in integrator.rows() if row.type == "message.received"]
    answer = owner.client.get(f"/api/messages/{stored.pk}").json()
    assert times_read(event) == times_read(answer)
    expected = NOTHING | parts
    if expected["context"]:
        expected["context"] = expected["context"] | {"message_id": None}
    assert {part: event[part] for part in PARTS} == expected


def test_lead_created_has_the_referral_as_the_api(integrator, inbox, owner):
    came = meta.text("More about this?", referral=AD | {"image_url": "https://ad.example/1"})
    inbox.gets(came, meta.text("Hello?", timestamp=meta.NOON + 9, referral={"source_id": "later"}))
    (event,) = [row.payload["data"] for row in integrator.rows() if row.type == "lead.created"]
    assert event["referral"] == REFERRAL | {"welcome_message": None}
    assert times_read(event) == times_read(owner.client.get(f"/api/leads/{event['id']}").json())
    assert "lead.updated" not in integrator.types()


@pytest.mark.parametrize("words", [meta.text("Two cakes"), meta.text("Two cakes", referral={"source_id": "later"})])
@pytest.mark.parametrize("begun", ["by the customer", "by the business"])
def test_lead_created_has_the_referral_of_a_sign_that_came_before(integrator, inbox, owner, words, begun):
    if begun == "by the business":
        echo = meta.echo("Hello", timestamp=meta.NOON - 60)
        inbox.gets_change("message_echoes", message_echoes=[echo])
    inbox.gets(meta.message("request_welcome", referral=AD))
    assert integrator.types().count("lead.created") == 0
    inbox.gets(words | {"timestamp": str(meta.NOON + 60)})
    (event,) = [row.payload["data"] for row in integrator.rows() if row.type == "lead.created"]
    assert event["referral"]["ctwa_clid"] == AD["ctwa_clid"]
    assert times_read(event) == times_read(owner.client.get(f"/api/leads/{event['id']}").json())
    assert "lead.updated" not in integrator.types()


class TestTapOnAnAdvertisementAfterAnArchivedConversation:
    @pytest.fixture
    def tapped(self, inbox):
        inbox.gets(meta.text("One cake"))
        Conversation.objects.update(status="archived")
        inbox.gets(meta.message("request_welcome", referral=AD, timestamp=meta.NOON + 60))
        assert len(inbox.conversations) == 1
        return inbox

    def test_it_is_on_the_lead_of_the_next_message(self, integrator, tapped, owner):
        tapped.gets(meta.text("Two cakes", timestamp=meta.NOON + 90))
        old, new = tapped.leads
        assert (old.referral, new.referral["ctwa_clid"]) == (None, AD["ctwa_clid"])
        *_, event = [row.payload["data"] for row in integrator.rows() if row.type == "lead.created"]
        assert event["referral"]["ctwa_clid"] == AD["ctwa_clid"]
        assert times_read(event) == times_read(owner.client.get(f"/api/leads/{new.pk}").json())
        assert "lead.updated" not in integrator.types()

    def test_a_later_referral_does_not_replace_it(self, tapped):
        tapped.gets(meta.text("Two cakes", timestamp=meta.NOON + 90))
        tapped.gets(meta.text("By the way", timestamp=meta.NOON + 99, referral={"source_id": "later"}))
        assert [lead.referral and lead.referral["source_id"] for lead in tapped.leads] == [None, AD["source_id"]]

    def test_in_one_delivery(self, inbox):
        inbox.gets(meta.text("One cake"))
        Conversation.objects.update(status="archived")
        tap = meta.message("request_welcome", referral=AD, timestamp=meta.NOON + 60)
        inbox.gets(tap, meta.text("Two cakes", timestamp=meta.NOON + 90))
        assert [lead.referral and lead.referral["source_id"] for lead in inbox.leads] == [None, AD["source_id"]]

    def test_a_tap_that_was_followed_by_a_message_is_of_the_old_lead(self, inbox):
        inbox.gets(meta.message("request_welcome", referral=AD))
        inbox.gets(meta.text("One cake", timestamp=meta.NOON + 60))
        Conversation.objects.update(status="archived")
        inbox.gets(meta.text("Two cakes", timestamp=meta.NOON + 90))
        assert [lead.referral and lead.referral["source_id"] for lead in inbox.leads] == [AD["source_id"], None]

    def test_the_number_of_statements_is_constant(self, inbox):
        counts = []
        for size in (2, 50):
            numbers = [str(4915100000000 + size * 1000 + n) for n in range(size)]
            inbox.gets(*(meta.text("Hi", from_=number) for number in numbers))
            Conversation.objects.update(status="archived")
            inbox.gets(*(meta.message("request_welcome", referral=AD, from_=number) for number in numbers))
            with CaptureQueriesContext(connection) as queries:
                inbox.gets(*(meta.text("Hi", from_=number, timestamp=meta.NOON + 60) for number in numbers))
            counts.append(len(queries))
        assert counts[0] == counts[1]
        assert sum(lead.referral is not None for lead in inbox.leads) == 52


def test_a_lead_without_a_referral_has_none(owner):
    lead_id = owner.post_lead().json()["lead_id"]
    assert owner.client.get(f"/api/leads/{lead_id}").json()["referral"] is None


def test_a_referral_that_comes_later_is_a_change_of_the_lead(integrator, inbox, owner):
    inbox.gets(meta.text("Hello"))
    inbox.gets(meta.text("I saw your ad", referral=AD))
    told = [row.payload["data"] for row in integrator.rows() if row.type == "lead.updated"]
    assert [data["referral"]["source_id"] for data in told] == [AD["source_id"]]
    assert times_read(told[0]) == times_read(owner.client.get(f"/api/leads/{told[0]['id']}").json())
