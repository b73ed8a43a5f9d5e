"""What a lead is about: the first message that says something."""

import pytest

from leads.models import Lead
from tests.whatsapp import meta

PHOTOS = [meta.message("image", {"id": f"90{n}", "mime_type": "image/jpeg"}, id=f"wamid.photo{n}") for n in range(4)]
CAPTIONED = meta.message("image", {"id": "904", "caption": "Like these, but with pistachio"}, id="wamid.caption")


def details(inbox):
    (lead,) = inbox.leads
    return lead.details


def test_of_messages_of_one_second_the_first_counts(inbox):
    inbox.gets(meta.text("I want 40 lemon cupcakes for Saturday", id="wamid.z"))
    inbox.gets(meta.text("please", id="wamid.a"))
    assert details(inbox) == "I want 40 lemon cupcakes for Saturday"


@pytest.mark.parametrize("place", range(5))
def test_the_one_caption_of_an_album_counts(inbox, place):
    album = [*PHOTOS[:place], CAPTIONED, *PHOTOS[place:]]
    for photo in album:
        inbox.gets(photo)
    assert details(inbox) == "Like these, but with pistachio"


@pytest.mark.parametrize("first", [PHOTOS[0], meta.message("sticker", {"id": "1"}), meta.message("unsupported")])
def test_the_first_words_replace_a_placeholder(inbox, first):
    inbox.gets(first)
    assert details(inbox).strip()
    inbox.gets(meta.text("For ten people", timestamp=meta.NOON + 60))
    inbox.gets(meta.text("On Sunday", timestamp=meta.NOON + 70))
    assert details(inbox) == "For ten people"


def test_words_do_not_replace_what_a_person_has_edited(inbox):
    inbox.gets(PHOTOS[0])
    Lead.objects.update(details="Wedding cake")
    inbox.gets(meta.text("For ten people"))
    assert details(inbox) == "Wedding cake"


def test_signs_are_never_the_details(inbox):
    inbox.gets(PHOTOS[0])
    inbox.gets(
        meta.message("reaction", {"message_id": PHOTOS[0]["id"], "emoji": "👍"}),
        meta.message("revoke", {"original_message_id": PHOTOS[0]["id"]}),
    )
    placeholder = details(inbox)
    inbox.gets(meta.text("A cake"))
    assert placeholder not in ("👍", "(message deleted)")
    assert details(inbox) == "A cake"


@pytest.mark.parametrize(
    "tap",
    [
        meta.message("button", {"text": "Unsubscribe", "payload": "Unsubscribe"}),
        meta.message("interactive", {"type": "button_reply", "button_reply": {"id": "1", "title": "Stop promotions"}}),
    ],
)
def test_an_unsubscription_is_kept_on_the_customer_and_is_no_lead(inbox, tap):
    inbox.gets(tap)
    assert inbox.counts() == (1, 1, 0, 1)
    assert inbox.customers[0].marketing_opted_out_at is not None
    assert inbox.conversations[0].waiting_since is None
    inbox.gets(meta.text("A cake", timestamp=meta.NOON + 60))
    assert details(inbox) == "A cake"
