"""What a message says, by the row, the thread, the API and the lead: answers, orders, and what is not passed on."""

from html import escape

from django.urls import reverse

from conversations.admin.thread_entries import read_thread
from conversations.kinds import NOTICES, words_of
from conversations.models import Message
from tests.cases import each_case
from tests.staff import address, staff_of
from tests.whatsapp import meta
from tests.whatsapp.twilio_forms import BUSINESS, MESSAGE, TOKEN
from tests.whatsapp.views import Views
from tests.whatsapp.webhook_client import deliver_form, provider_client
from whatsapp.channels import connect_channel

FORM = '{"first_name": "Amina", "guests": 40, "day": "2026-12-05", "flow_token": "unused"}'
NO_ANSWERS = '{"flow_token": "unused"}'
ANSWERS = "First name: Amina\nGuests: 40\nDay: 2026-12-05"
ADDRESS = '{"saved_address_id": "a1", "values": {"building_name": "Lotus", "city": "Mumbai", "in_pin_code": "400063"}}'
PRODUCT = {"id": "wamid.ours", "referred_product": {"catalog_id": "7", "product_retailer_id": "LEMON-12"}}


def interactive(kind, reply):
    return meta.message("interactive", {"type": kind, kind: reply})


def unsupported(kind):
    return meta.message("unsupported", {"type": kind}, errors=[meta.error(131051, "Message type unknown")])


def audio(content_type, **more):
    return {"MediaUrl0": "https://api.twilio.com/ME1", "MediaContentType0": content_type, "Body": ""} | more


def assert_it_says(views, text):
    """Row, API, thread, lead and events of the one message say it."""
    row = Message.objects.get()
    seen = views.seen()
    chip = words_of(row.kind, row.extras).label if row.kind != "text" else ""
    assert [line.partition(": ")[2] for line in seen.api] == [text]
    assert seen.page == [text if chip in ("", text) or row.kind in NOTICES else f"{chip} / {text}"]
    assert seen.events == [f"message.received: {text}", f"lead.created: {text}"]
    page = views.staff.get(address("change", row.conversation)).content.decode()
    assert all(escape(line) in page for line in text.split("\n"))
    (lead,) = row.conversation.leads.all()
    assert lead.details == text


@each_case(
    ("message", "text"),
    [
        (interactive("nfm_reply", {"name": "flow", "body": "Sent", "response_json": FORM}), ANSWERS),
        (
            interactive("nfm_reply", {"name": "address_message", "body": "Sent", "response_json": ADDRESS}),
            "Building name: Lotus\nCity: Mumbai\nPin code: 400063",
        ),
        (interactive("nfm_reply", {"body": "Sent", "response_json": NO_ANSWERS}), "Sent the form without answers"),
        (interactive("nfm_reply", {"body": "", "response_json": "{}"}), "Sent the form without answers"),
        (interactive("nfm_reply", {"body": "Two cakes, please"}), "Two cakes, please"),
        (interactive("address_message", {"body": "Sent", "response_json": "{}"}), "Sent the form without answers"),
        (interactive("button_reply", {"id": "1", "title": "Change"}), "Change"),
        (interactive("list_reply", {"id": "1", "title": "Express", "description": "1 day"}), "Express – 1 day"),
        (interactive("payment_method", {"payment_method": "pix", "reference_id": "r1"}), "Payment: Pix\nReference: r1"),
        (interactive("product", {"product_retailer_id": "LEMON-12", "catalog_id": "7"}), "Product: LEMON-12"),
        (meta.message("button", {"payload": "yes", "text": "Yes, please"}), "Yes, please"),
        (
            meta.message(
                "order",
                {
                    "text": "For Saturday",
                    "product_items": [
                        {"product_retailer_id": "LEMON-12", "quantity": "2", "item_price": 30, "currency": "EUR"},
                        {"product_retailer_id": "TART", "quantity": 1, "item_price": 4.5, "currency": "EUR"},
                    ],
                },
            ),
            "2 × LEMON-12, 30 EUR each\n1 × TART, 4.50 EUR\nTotal: 64.50 EUR\nFor Saturday",
        ),
        (meta.text("Is this available?", context=PRODUCT), "Is this available?\n(about the product LEMON-12)"),
        (meta.message("image", {"id": "1"}), "Photo"),
        (meta.message("audio", {"id": "1"}), "Audio"),
        (meta.message("audio", {"id": "1", "mime_type": "audio/ogg; codecs=opus", "voice": False}), "Audio"),
        (meta.message("audio", {"id": "1", "voice": True}), "Voice message"),
        (meta.message("voice", {"id": "1"}), "Voice message"),
        (meta.message("sticker", {"id": "1"}), "Sticker"),
        (unsupported("poll_creation"), "Sent a poll; WhatsApp did not pass it on"),
        (unsupported("gif"), "Sent a GIF; WhatsApp did not pass it on"),
        (unsupported("unknown"), "Sent a message; WhatsApp did not pass it on"),
        (meta.message("some_future_kind", {}), "Some future kind"),
    ],
)
def test_a_message_from_meta_says_the_same_everywhere(inbox, views, message, text):
    inbox.gets(message)
    assert_it_says(views, text)


def test_what_became_of_a_payment_is_a_notice_and_no_lead(inbox, views):
    payment = {"reference_id": "r1", "amount": {"value": 21000, "offset": 100}, "currency": "INR"}
    text = "Paid 210 INR (reference r1)"
    inbox.gets_change("smb_message_echoes", message_echoes=[meta.echo("Please pay", id="wamid.asked")])
    inbox.gets_statuses(meta.status("captured", id="wamid.asked", type="payment", payment=payment))
    rows, page, api, events = views.seen()
    assert (rows[1], page[1], api[1]) == (f"in payment: {text}", text, f"in payment: {text}")
    assert (events, inbox.counts()) == ([f"message.received: {text}"], (1, 1, 0, 2))


@each_case(
    ("changes", "text"),
    [
        ({"MessageType": "interactive", "InteractiveData": FORM, "Body": "Sent"}, ANSWERS),
        ({"MessageType": "interactive", "FlowData": FORM, "Body": "Sent"}, ANSWERS),
        (
            {"MessageType": "interactive", "InteractiveData": NO_ANSWERS, "Body": "Sent"},
            "Sent the form without answers",
        ),
        ({"MessageType": "interactive", "FlowData": NO_ANSWERS, "Body": "Sent"}, "Sent the form without answers"),
        ({"MessageType": "button", "ButtonText": "Yes", "ButtonPayload": "y", "Body": "Yes"}, "Yes"),
        ({"ListId": "1", "ListTitle": "Cakes", "ListDescription": "For 40", "Body": "Cakes"}, "Cakes – For 40"),
        ({"Latitude": "52.52", "Longitude": "13.4", "Label": "Bella's", "Body": ""}, "Bella's (52.52, 13.4)"),
        ({"MediaUrl0": "https://api.twilio.com/ME1", "MediaContentType0": "image/jpeg", "Body": ""}, "Photo"),
        (audio("audio/ogg; codecs=opus"), "Voice message"),
        (audio("AUDIO/OGG", MessageType="audio"), "Voice message"),
        (audio("audio/mpeg", MessageType="audio"), "Audio"),
        ({"MessageType": "unsupported", "Body": ""}, "Sent a message; WhatsApp did not pass it on"),
    ],
)
def test_a_message_from_twilio_says_the_same_everywhere(owner, settings, changes, text):
    settings.PUBLIC_URL = ""
    connect_channel(user_id=owner.id, phone_number_id=BUSINESS, access_token=TOKEN)
    views = Views(owner)
    assert deliver_form(provider_client(), MESSAGE | changes).status_code == 200
    assert_it_says(views, text)


def test_a_voice_note_is_called_so_in_lists_and_quotes(owner, inbox):
    inbox.gets(meta.message("audio", {"id": "1", "voice": True}, id="wamid.voice"))
    staff = staff_of(owner)
    assert "Voice message" in staff.get(reverse("overview")).content.decode()
    assert "Voice message" in staff.get(address("changelist", Message)).content.decode()
    inbox.gets(meta.text("Did you hear it?", context={"id": "wamid.voice"}))
    inbox.gets(meta.message("reaction", {"message_id": "wamid.voice", "emoji": "👍"}))
    _, question, reaction = read_thread(inbox.conversations[0]).entries
    assert (question.quoted, reaction.text) == ("voice message", "to: voice message")
    assert inbox.leads[0].details == "Did you hear it?"


def test_the_words_after_a_voice_note_replace_it_unless_the_details_were_edited(inbox):
    inbox.gets(meta.message("audio", {"id": "1", "voice": True}))
    lead = inbox.leads[0]
    assert lead.details == "Voice message"
    inbox.business.client.patch(f"/api/leads/{lead.pk}", {"details": "Audio"}, format="json")
    inbox.gets(meta.text("Two cakes"))
    assert inbox.leads[0].details == "Audio"
