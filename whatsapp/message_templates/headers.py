"""The file of a template's header that goes out with the message: an upload, not an address. Pure functions.

In the stored message the parameter has the mark ATTACHED; the sender puts Meta's id of the upload in its place (Meta,
"Template messages": a parameter `{"type": "document", "document": {"id": …, "filename": …}}`).
"""

from collections.abc import Mapping
from typing import Any, Final

from django.utils.translation import gettext_noop

from whatsapp.json_parts import object_of, objects_of, text_of
from whatsapp.message_templates.rendering import ATTACHED, type_of

Json = dict[str, Any]

# The field of fields.py in whose place a file is chosen.
FIELD: Final = "header.media"
_KINDS: Final = {"IMAGE": "image", "VIDEO": "video", "GIF": "video", "DOCUMENT": "document"}
MISSING: Final = gettext_noop("Choose a file, or write its address.")
_OTHER_KIND: Final = {
    "image": gettext_noop("This template begins with a photo: choose a picture."),
    "video": gettext_noop("This template begins with a video: choose one (MP4, 3GP)."),
    "document": gettext_noop("This template begins with a document: choose one (PDF, Word, Excel …)."),
}


def kind_of_header(components: Any) -> str:
    """Return what a template begins with: image, video or document; "" where it is no file."""
    for component in objects_of(components):
        if type_of(component) == "HEADER":
            return _KINDS.get(text_of(component.get("format")).upper(), "")
    return ""


def problem_of_kind(wanted: str, given: str) -> str:
    """Return why a file of the kind `given` cannot be the header; "" where it can."""
    return "" if given == wanted else _OTHER_KIND[wanted]


def with_file(sent: list[Json], kind: str) -> list[Json]:
    """Return the components of a message with the attached file as header."""
    header: Json = {"type": "header", "parameters": [{"type": kind, kind: {ATTACHED: True}}]}
    return [header, *(component for component in sent if type_of(component) != "HEADER")]


def with_upload(template: Mapping[str, Any], *, uploaded: str, filename: str) -> Json:
    """Return a message's template with Meta's id of the upload; a document has its name."""

    def replaced(parameter: Json) -> Json:
        kind = text_of(parameter.get("type"))
        if ATTACHED not in object_of(parameter.get(kind)):
            return parameter
        return parameter | {kind: {"id": uploaded} | ({"filename": filename} if kind == "document" else {})}

    components = [
        component | {"parameters": [replaced(one) for one in objects_of(component.get("parameters"))]}
        if type_of(component) == "HEADER"
        else component
        for component in objects_of(template.get("components"))
    ]
    return dict(template) | {"components": components}
