"""What a lead is about: the first message that says something."""

from html import escape

import pytest

from leads.models import Lead
from tests.whatsapp import meta
from tests.whatsapp.inbound.test_ingest_signs import SIGNS

PHOTOS = [meta.message("image", {"id": f"90{n}", "mime_type": "image/jpeg"}, id=f"wamid.photo{n}") for n in range(4)]
CAPTIONED = meta.message("image", {"id": "904", "caption": "Like these, but with pistachio"}, id="wamid.caption")


def details(inbox):
    (lead,) = inbox.leads
    return lead.details


def assert_details(inbox, views, said, *, told):
    """In the row, on the page, in the API; and in the events of the lead, one after another."""
    (lead,), (thread,) = inbox.leads, inbox.conversations
    answer = inbox.business.client.get(f"/api/leads/{lead.pk}").json()
    assert (lead.details, answer["details"]) == (said, said)
    assert f'inbox-details" dir="auto">{escape(said)}</p>' in views.panes(thread)
    assert [line.partition(": ")[2] for line in views.told() if line.startswith("lead.")] == told


def test_of_messages_of_one_second_the_first_counts(inbox, views):
    wanted = "I want 40 lemon cupcakes for Saturday"
    inbox.gets(meta.text(wanted, id="wamid.z"))
    inbox.gets(meta.text("please", id="wamid.a"))
    assert_details(inbox, views, wanted, told=[wanted])


@pytest.mark.parametrize("place", range(5))
def test_the_one_caption_of_an_album_counts(inbox, views, place):
    album = [*PHOTOS[:place], CAPTIONED, *PHOTOS[place:]]
    for photo in album:
        inbox.gets(photo)
    caption = "Like these, but with pistachio"
    assert_details(inbox, views, caption, told=["Photo", caption] if place else [caption])
    assert views.page(inbox.conversations[0]) == [
        f"Photo / {caption}" if photo is CAPTIONED else "Photo" for photo in album
    ]


@pytest.mark.parametrize("first", [PHOTOS[0], meta.message("sticker", {"id": "1"}), meta.message("unsupported")])
def test_the_first_words_replace_a_placeholder(inbox, first):
    inbox.gets(first)
    assert details(inbox).strip()
    inbox.gets(meta.text("For ten people", timestamp=meta.NOON + 60))
    inbox.gets(meta.text("On Sunday", timestamp=meta.NOON + 70))
    assert details(inbox) == "For ten people"


def test_words_do_not_replace_what_a_person_has_edited(inbox, views):
    inbox.gets(PHOTOS[0])
    Lead.objects.update(details="Wedding cake")
    inbox.gets(meta.text("For ten people"))
    assert_details(inbox, views, "Wedding cake", told=["Photo", "Wedding cake"])


@pytest.mark.parametrize("sign", SIGNS.values(), ids=SIGNS)
@pytest.mark.parametrize("in_one", [True, False])
def test_signs_are_never_the_details(inbox, views, sign, in_one):
    rows = (sign | {"timestamp": str(meta.NOON - 60)}, PHOTOS[0], sign | {"id": "wamid.later"})
    deliver_rows(inbox, *rows, in_one=in_one)
    assert details(inbox) == "Photo"
    inbox.gets(meta.text("A cake"))
    assert_details(inbox, views, "A cake", told=["Photo", "A cake"])


FORM = {"type": "nfm_reply", "nfm_reply": {"body": "Sent", "response_json": '{"cakes": 2, "flow_token": "x"}'}}
WORDS = {
    "words": (meta.text("Two cakes"), "Two cakes"),
    "a caption": (meta.message("video", {"id": "1", "caption": "Like this"}), "Like this"),
    "answers of a form": (meta.message("interactive", FORM), "Cakes: 2"),
    "a button": (meta.message("button", {"text": "Yes, please", "payload": "1"}), "Yes, please"),
}


@pytest.mark.parametrize(("message", "said"), WORDS.values(), ids=WORDS)
@pytest.mark.parametrize("in_one", [True, False])
def test_what_says_something_counts_before_photos_in_lead_page_api_and_event(inbox, views, message, said, in_one):
    later = message | {"timestamp": str(meta.NOON + 60)}
    deliver_rows(inbox, PHOTOS[0], meta.message("sticker", {"id": "1"}), later, in_one=in_one)
    assert_details(inbox, views, said, told=[said] if in_one else ["Photo", said])


def deliver_rows(inbox, *rows, in_one):
    if in_one:
        inbox.gets(*rows)
    else:
        for row in rows:
            inbox.gets(row)


@pytest.mark.parametrize(
    "tap",
    [
        meta.message("button", {"text": "Unsubscribe", "payload": "Unsubscribe"}),
        meta.message("interactive", {"type": "button_reply", "button_reply": {"id": "1", "title": "Stop promotions"}}),
    ],
)
def test_an_unsubscription_is_kept_on_the_customer_and_is_no_lead(inbox, views, tap):
    inbox.gets(tap)
    assert not any(line.startswith("lead.") for line in views.told())
    assert inbox.counts() == (1, 1, 0, 1)
    assert inbox.customers[0].marketing_opted_out_at is not None
    assert inbox.conversations[0].waiting_since is None
    inbox.gets(meta.text("A cake", timestamp=meta.NOON + 60))
    assert_details(inbox, views, "A cake", told=["A cake"])
