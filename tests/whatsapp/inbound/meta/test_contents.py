"""The content and the extras of each kind of message."""

import json

import pytest

from tests.cases import each_case
from tests.whatsapp import meta

PLACE = {"latitude": 40.782910059774, "longitude": -73.959075808525}
CARD = {"name": {"formatted_name": "Barbara J. Johnson"}, "phones": [{"phone": "+1 (415) 555-0829"}]}
UNAVAILABLE = meta.error(131060, "This message is unavailable")
PRODUCT = {"from": meta.BUSINESS, "referred_product": {"catalog_id": "7", "product_retailer_id": "LEMON-CAKE-12"}}
BODY = [{"type": "body", "parameters": [{"type": "text", "text": "Amina"}]}]
EDITED = {"original_message_id": "wamid.0", "message": meta.without_none(type="text", text={"body": "Better"})}


def read_one(message):
    (event,) = meta.reading(meta.body(meta.messages_value(messages=[message]))).events
    return event


def interactive(kind, reply):
    return meta.message("interactive", {"type": kind, kind: reply})


PASSED_OVER_EDIT = "Edited a message; WhatsApp did not pass on the new text"


@each_case(
    ("message", "content"),
    [
        (meta.text("Hello"), "Hello"),
        (meta.text("=1+1\n\x01 <script>"), "=1+1\n\x01 <script>"),
        (meta.message("text", "Hello"), "Hello"),
        (meta.message("image", {"id": "1", "caption": "Taj Mahal"}), "Taj Mahal"),
        (meta.message("image", {"id": "1"}), ""),
        (meta.message("video", {"id": "1", "caption": "Growth"}), "Growth"),
        (meta.message("audio", {"id": "1", "voice": True}), ""),
        (meta.message("sticker", {"id": "1", "animated": True}), ""),
        (meta.message("document", {"caption": "my receipt", "filename": "receipt.pdf"}), "my receipt"),
        (meta.message("document", {"filename": "../receipt.pdf"}), "../receipt.pdf"),
        (meta.message("location", PLACE), "(40.78291, -73.95908)"),
        (
            meta.message("location", PLACE | {"name": "Guggenheim", "address": "5th Ave"}),
            "Guggenheim, 5th Ave (40.78291, -73.95908)",
        ),
        (meta.message("location", {"name": "Here", "latitude": True}), "Here"),
        (meta.message("contacts", [CARD]), "Barbara J. Johnson, +1 (415) 555-0829"),
        (
            meta.message("contacts", [CARD, {"org": {"company": "Tsunami"}}]),
            "Barbara J. Johnson, +1 (415) 555-0829; Tsunami",
        ),
        (meta.message("contacts", [{"name": {"first_name": "Bo", "last_name": "Li"}}, 5]), "Bo Li"),
        (meta.message("button", {"payload": "STOP", "text": "Unsubscribe"}), "Unsubscribe"),
        (meta.message("button", {"payload": "STOP"}), "STOP"),
        (meta.message("template", {"name": "cake_ready", "components": BODY}), "cake_ready: Amina"),
        (meta.message("template", {"body": "Your cake is ready"}), "Your cake is ready"),
        (interactive("button_reply", {"id": "b", "title": "Change"}), "Change"),
        (interactive("list_reply", {"id": "b", "title": "Priority", "description": "1 day"}), "Priority – 1 day"),
        (interactive("list_reply", {"id": "b", "title": "Priority"}), "Priority"),
        (
            interactive("nfm_reply", {"name": "flow", "body": "Sent", "response_json": "{}"}),
            "Sent the form without answers",
        ),
        (
            interactive("nfm_reply", {"body": "Sent", "response_json": '{"first_name": "Amina", "guests": 40}'}),
            "First name: Amina\nGuests: 40",
        ),
        (interactive("nfm_reply", {"response_json": ["é"]}), "é"),
        (interactive("nfm_reply", {"response_json": "no JSON"}), "no JSON"),
        (
            interactive(
                "nfm_reply",
                {"name": "address_message", "response_json": '{"values": {"city": "Mumbai", "in_pin_code": "400063"}}'},
            ),
            "City: Mumbai\nPin code: 400063",
        ),
        (interactive("payment_method", {"payment_method": "pix", "reference_id": "r1"}), "Payment: Pix\nReference: r1"),
        (
            interactive("payment_method", {"payment_method": "offsite_card_pay", "last_four_digits": "5235"}),
            "Payment: Offsite card pay\nCard ending in: 5235",
        ),
        (interactive("call_permission_reply", {"response": "accept"}), "Allows you to call"),
        (interactive("call_permission_reply", {"response": "reject"}), "Does not allow you to call"),
        (interactive("call_permission_reply", {"response": ["x"]}), ""),
        (interactive("product_reply", {"title": "Vase"}), "Vase"),
        (interactive("product", {"body": {"text": "This one"}, "catalog_id": "7"}), "This one"),
        (interactive("product", {"product_retailer_id": "vase-1", "catalog_id": "7"}), "Product: vase-1"),
        (meta.message("interactive", {"button_reply": {"title": "No type"}}), "No type"),
        (meta.message("interactive", None, errors=[meta.error(131051, "Not supported")]), "(Not supported)"),
        (meta.message("reaction", {"message_id": "wamid.0", "emoji": "👍"}), "👍"),
        (meta.message("reaction", {"message_id": "wamid.0"}), "(reaction removed)"),
        (meta.message("reaction", {"message_id": "wamid.0", "emoji": ""}), "(reaction removed)"),
        (meta.message("edit", EDITED), "Better"),
        (meta.message("edit", {"message": {"type": "image", "image": {"caption": "New"}}}), "New"),
        (meta.message("edit", {"message": {"type": "edit", "edit": {}}}), ""),
        (meta.message("edit", {}), ""),
        (meta.message("revoke", {"original_message_id": "wamid.0"}), ""),
        (meta.message("request_welcome"), ""),
        (meta.message("unsupported", {"type": "unknown"}, errors=[UNAVAILABLE]), ""),
        (meta.message("unsupported", {"type": "poll_creation"}), "Sent a poll; WhatsApp did not pass it on"),
        (meta.message("unsupported", {"type": "poll"}), "Sent a poll; WhatsApp did not pass it on"),
        (meta.message("unsupported", {"type": "button"}), "Tapped a button; WhatsApp did not say which"),
        (meta.message("unsupported", {"type": "revoke"}), "Deleted a message"),
        (meta.message("unsupported", {"type": "unknown", "raw_type": "Edit"}), PASSED_OVER_EDIT),
        (meta.message("unsupported", {"type": "pin"}, errors=[UNAVAILABLE]), "Pinned a message"),
        (
            meta.message("unsupported", {"type": "unknown", "raw_type": "gif"}),
            "Sent a GIF; WhatsApp did not pass it on",
        ),
        (meta.message("unsupported", {"type": ["poll_creation"]}), ""),
        (meta.message("unknown", None, errors=[{"code": 131051, "details": "Old form"}]), ""),
        (meta.text("Is this available?", context=PRODUCT), "Is this available?\n(about the product LEMON-CAKE-12)"),
        (meta.message("image", {"id": "1"}, context=PRODUCT), "(about the product LEMON-CAKE-12)"),
        (meta.text("Hello", context={"referred_product": {"catalog_id": "7"}}), "Hello"),
        (meta.message("hologram", {"body": "Body"}), "Body"),
        (meta.message("hologram", {"caption": "Caption"}), "Caption"),
        (meta.message("hologram", "As text"), "As text"),
        (meta.message("hologram", [1]), ""),
        (meta.message("hologram"), ""),
    ],
)
def test_the_content_is_readable_text(message, content):
    event = read_one(message)
    assert (event.content, event.kind) == (content, message["type"])


KINDS = "text image video audio document sticker location contacts interactive button order reaction system edit revoke"


@each_case("kind", KINDS.split())
@each_case("part", [None, 5, "text", [], [[]], {}, {"body": [], "type": {}, "caption": 1.5, "phones": 5}])
def test_a_malformed_kind_is_still_a_message(kind, part):
    event = read_one(meta.message(kind) | {kind: part})
    assert (event.kind, event.customer.phone) == (kind, "+16505551234")


@pytest.mark.parametrize(
    ("message", "kind"),
    [
        ({"text": {"body": "x"}}, "text"),
        ({"image": {}, "context": {}}, "image"),
        ({"image": {}, "text": {}}, "unknown"),
        ({}, "unknown"),
        ({"type": 5}, "unknown"),
        ({"type": " "}, "unknown"),
        ({"type": ["text"], "text": {"body": "x"}}, "text"),
        ({"type": "k" * 101}, "k" * 100),
    ],
)
def test_the_kind_is_the_type_or_the_only_part_present(message, kind):
    assert read_one({"id": "wamid.1", "from": meta.SHEENA} | message).kind == kind


def test_reserved_extras_are_renamed():
    extras = read_one(meta.text(times={"sent": "x"}, details=5)).extras
    assert extras == {"times_": {"sent": "x"}, "details_": 5}


def test_a_text_without_a_body_is_a_message_with_a_note():
    reading = meta.reading(meta.body(meta.messages_value(messages=[meta.message("text", {"body": 1.5})])))
    assert reading.notes == ["entry[0].changes[0].value.messages[0]: text.body is missing"]
    assert reading.events[0].extras == {"text": {"body": 1.5}}


def test_a_text_that_is_too_long_is_cut_with_a_note():
    reading = meta.reading(meta.body(meta.messages_value(messages=[meta.text("x" * 65_537), meta.text("y" * 65_536)])))
    assert [len(event.content) for event in reading.events] == [65_536, 65_536]
    assert reading.notes == [
        "entry[0].changes[0].value.messages[0]: its text is longer than 65536 characters and was cut"
    ]


def test_other_parts_are_stored_in_the_extras():
    context = {"from": meta.BUSINESS, "id": "wamid.0", "forwarded": True}
    referral = {"source_type": "ad", "ctwa_clid": "A", "welcome_message": {"text": "Hi"}}
    message = meta.text(
        "x", context=context, referral=referral, group_id="G", from_logical_id="1", errors=[UNAVAILABLE]
    )
    message["text"]["preview_url"] = True
    assert read_one(message).extras == {
        "context": context,
        "referral": referral,
        "group_id": "G",
        "from_logical_id": "1",
        "errors": [UNAVAILABLE],
        "text": {"preview_url": True},
    }


def test_the_object_of_the_kind_is_stored_unchanged():
    image = {"id": "1", "caption": "x", "url": "https://lookaside.example/1", "sha256": "="}
    assert read_one(meta.message("image", image, text={"body": "beside"})).extras == {
        "image": image,
        "text": {"body": "beside"},
    }


@pytest.mark.parametrize(
    ("kind", "part", "target"),
    [
        ("edit", EDITED, "wamid.0"),
        ("revoke", {"original_message_id": "wamid.0"}, "wamid.0"),
        ("reaction", {"message_id": "wamid.0"}, "wamid.0"),
        ("reaction", {"message_id": ["wamid.0"]}, None),
        ("revoke", {}, None),
    ],
)
def test_edits_deletions_and_reactions_name_their_target(kind, part, target):
    assert read_one(meta.message(kind, part)).extras == {kind: part} | meta.without_none(target=target)


def test_all_extras_can_be_written_as_json():
    json.dumps(read_one(meta.message("location", PLACE | {"n": [None, True, 10**17, "😀"]})).extras, allow_nan=False)
