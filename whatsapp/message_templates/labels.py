"""Labels of the fields of templates, in English, as the API has them; pages translate them."""

from typing import Final

from django.utils.translation import gettext_noop

MEDIA_LABELS: Final = {
    "IMAGE": gettext_noop("Address of the photo"),
    "VIDEO": gettext_noop("Address of the video"),
    "DOCUMENT": gettext_noop("Address of the document"),
    "GIF": gettext_noop("Address of the video"),
}
PLACE_LABELS: Final = {
    "latitude": gettext_noop("Latitude of the place"),
    "longitude": gettext_noop("Longitude of the place"),
    "name": gettext_noop("Name of the place"),
    "address": gettext_noop("Address of the place"),
}


def label_on_card(label: str, card: int) -> str:
    """Return the label of a field on a card of a carousel; the first card is 0."""
    return gettext_noop("Card %(number)d: %(label)s") % {"number": card + 1, "label": label}
