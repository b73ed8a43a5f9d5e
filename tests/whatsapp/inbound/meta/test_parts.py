"""Reading the parts of Meta's messages; what API and events show: tests/leadsite/webhooks/test_services_parts.py."""

from tests.cases import each_case
from tests.whatsapp import meta
from tests.whatsapp.meta import read_one

FILE = {"id": "1", "mime_type": "image/jpeg"}


@each_case("odd", [None, 5, "text", True, [], [[]], {}, {"id": []}, {"id": {"id": "1"}}])
@each_case("kind", ["image", "edit", "revoke", "reaction", "hologram"])
def test_malformed_parts_are_left_out(kind, odd):
    event = read_one(meta.message("text", {"body": "x"}) | {"type": kind, kind: odd, "context": odd, "referral": odd})
    assert not event.parts.keys() & {"media", "context"}
    assert set(event.parts) <= {"reaction", "referral"}
    assert not any((event.parts.get("referral") or {}).values())
    if "reaction" in event.parts:
        assert event.parts["reaction"] == {"provider_id": None, "emoji": None, "removed": True}


def test_a_message_with_nothing_else_has_no_parts():
    assert read_one(meta.text("Hello")).parts == {}
    assert meta.read_all(meta.change("calls", meta.value(calls=[meta.call(media=FILE)]))).events[0].parts == {}


def test_numbers_are_read_as_texts():
    event = read_one(meta.message("image", FILE | {"id": 17}, referral={"source_id": 12}, context={"id": 5}))
    assert event.parts["media"][0]["id"] == "17"
    assert event.parts["referral"]["source_id"] == "12"
    assert event.parts["context"]["provider_id"] == "5"


def test_the_providers_objects_are_stored_unchanged_besides():
    event = read_one(meta.message("image", FILE | {"of_tomorrow": 1}, referral={"odd": 1}))
    assert event.extras == {"image": FILE | {"of_tomorrow": 1}, "referral": {"odd": 1}}
