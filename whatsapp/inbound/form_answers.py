"""Turns the answers of a form, which a provider gives as JSON, into lines for people: "First name: Amina"."""

import re
from collections.abc import Iterator
from typing import Any, Final

from whatsapp.json_parts import text_of
from whatsapp.json_repair import NotJson, parse

# For the provider or the program that sent the form, and not answers.
_LEFT_OUT: Final = {
    "flow_token",
    "flowtoken",
    "saved_address_id",
    "mime_type",
    "sha256",
    "cdn_url",
    "encryption_metadata",
}
# What the text beside the answers is where it says nothing (Meta, Flows: always "Sent").
_SAYS_NOTHING: Final = {"", "sent"}
# Keys that only hold the answers together.
_TRANSPARENT: Final = {"values", "response_json", "nfm_reply", "pages", "items", "data"}
# Parts whose `id` is the provider's: files and pages.
_PARTS: Final = ("file_name", "items")
_DEEPEST: Final = 10  # levels of an answer that are shown
# Meta's own names (Meta, Address messages; Product messages).
_NAMES: Final = {"in_pin_code": "Pin code", "sg_post_code": "Post code", "product_retailer_id": "Product"}
# Meta's form builder names a field screen_<n>_<Question>_<n>, and a choice <n>_<Answer>.
_BUILDER_KEY: Final = re.compile(r"screen_\d+_(.+?)_\d+")
_BUILDER_CHOICE: Final = re.compile(r"\d+_(?=.)")
_CAMEL_CASE: Final = re.compile("(?<=[a-z])(?=[A-Z])")


def answers_of(found: Any) -> str:
    """Return the answers as one "Key: value" a line, in the order given; '' where there are none.

    `found` is JSON, parsed or as text. Text that is not JSON is returned as it is.
    """
    return "\n".join(_lines("", _parsed(found)))


def form_text(found: Any, body: str) -> str:
    """Return what a form says: its answers, otherwise the text beside them, which mostly says only that it was sent."""
    unanswered = "Sent the form without answers"
    return answers_of(found) or (unanswered if body.strip().lower() in _SAYS_NOTHING else body)


def readable_name(key: str) -> str:
    """Return a key in words: "first_name" becomes "First name"."""
    built = _BUILDER_KEY.fullmatch(key)
    words = _CAMEL_CASE.sub(" ", built[1] if built else key).replace("_", " ").split()
    # Words of capitals are abbreviations.
    name = " ".join(word if word.isupper() else word.lower() for word in words)
    return _NAMES.get(key) or name[:1].upper() + name[1:]


def _parsed(found: Any) -> Any:
    if not isinstance(found, str):
        return found
    try:
        return parse(found.encode())[0]
    except NotJson:
        return found


def _lines(name: str, found: Any, depth: int = 0) -> Iterator[str]:
    """Yield the lines of an answer. The parts of one with parts have its name before theirs."""
    if depth > _DEEPEST:
        return
    if isinstance(found, dict):
        yield from _lines_of_object(name, found, depth + 1)
    elif _has_parts(found):
        for item in found:
            yield from _lines(name, item, depth + 1)
    elif text := _text(found):
        yield f"{name}: {text}" if name else text


def _has_parts(found: Any) -> bool:
    return isinstance(found, list) and any(isinstance(item, dict | list) for item in found)


def _lines_of_object(name: str, found: dict[str, Any], depth: int) -> Iterator[str]:
    question = next((text for key in ("label", "question", "title") if (text := text_of(found.get(key)))), "")
    if question and "value" in found:
        yield from _lines(_below(name, question), found["value"], depth)
        return
    of_a_part = any(key in found for key in _PARTS)
    for key, part in found.items():
        if key.lower() in _LEFT_OUT or (key == "id" and of_a_part):
            continue
        holds = _parsed(part) if key in _TRANSPARENT else None
        if isinstance(holds, dict) or _has_parts(holds):
            yield from _lines(name, holds, depth)
        else:
            answer = _choices(part) if _BUILDER_KEY.fullmatch(key) else part
            yield from _lines(_below(name, readable_name(key)), answer, depth)


def _below(name: str, part: str) -> str:
    return f"{name}, {part[:1].lower() + part[1:]}" if name else part


def _choices(found: Any) -> Any:
    if isinstance(found, list):
        return [_choices(item) for item in found]
    return _BUILDER_CHOICE.sub("", found, count=1) if isinstance(found, str) else found


def _text(found: Any) -> str:
    if isinstance(found, bool):
        return "yes" if found else "no"
    if isinstance(found, list):
        return ", ".join(text for item in found if (text := _text(item)))
    return (str(found) if isinstance(found, float) else text_of(found)).strip()
