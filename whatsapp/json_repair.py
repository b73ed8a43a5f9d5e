"""Parses untrusted JSON into values that PostgreSQL can store. Pure functions.

One invalid character must not reject the other 999 messages of a body: characters and numbers that text, jsonb or
Python cannot store are replaced, and a note names the item.
"""

import json
import math
import re
from typing import Any, Final

from leadsite.rest.nesting import DEEPEST, is_too_deep

# Integers with more digits than this stay text: they do not fit into a bigint.
_INT_DIGITS: Final = 18
_TEXT_DIGITS: Final = 40

_UNSTORABLE: Final = re.compile("[\x00\ud800-\udfff]")
# The same in JSON's escapes; also matches half of a valid pair, and after an escaped backslash.
_ESCAPED: Final = re.compile(r"\\u(?:0000|[dD][89a-fA-F])")
# A string, closed or not, so that its brackets do not count; or a run of brackets. Possessive: linear on any input.
_TOKENS: Final = re.compile(r'"[^"\\]*+(?:\\.[^"\\]*+)*+"?|[\[{]++|[\]}]++', re.DOTALL)
# Placeholder in the text for a part that was cut out; the tree gets null there.
_PRUNED: Final = "\x00pruned"

# Keys that a note may name; deeper ones belong to an item and may be private.
_PLACES: Final = {
    *("entry", "changes", "value", "metadata", "contacts", "messages", "statuses", "errors", "calls"),
    *("standby", "message_echoes", "history", "threads", "user_id_update"),
}


class NotJson(ValueError):
    """The text is not JSON."""


def storable(text: str) -> str:
    """Return the text with U+FFFD for characters that text and jsonb cannot store: NUL and lone surrogates.

    Lone surrogates also stand for bytes that are not UTF-8, where those were decoded with "surrogateescape".
    """
    if "\x00" not in text and (text.isascii() or not _UNSTORABLE.search(text)):
        return text
    return _UNSTORABLE.sub("\ufffd", text)


def parse(body: bytes) -> tuple[Any, list[tuple[str, str]]]:
    """Parse a body; return the tree, and notes (where, what) about changes made to it.

    In the tree no string and no key has a NUL or a lone surrogate (they become U+FFFD), all numbers are finite,
    integers have at most 18 digits (longer ones become text, very long ones null), nothing is nested deeper than
    DEEPEST levels (null is put there). Invalid UTF-8 becomes U+FFFD as well. The last of equal keys wins.

    Raises NotJson.
    """
    # An invalid byte becomes a lone surrogate here, and U+FFFD below, with a note.
    text = body.decode("utf-8-sig", errors="surrogateescape")
    try:
        try:
            tree = _loads(text)
            # Nearly all bodies. Copying such a tree would cost four times as much as parsing it.
            if storable(text) is text and not _ESCAPED.search(text) and not is_too_deep(tree):
                return tree, []
        except RecursionError:
            tree = _loads(_prune(text))
    except json.JSONDecodeError as error:
        raise NotJson(f"{error.msg} at character {error.pos}") from error
    cleaner = _Cleaner()
    return cleaner.clean(tree, 1, ""), list(cleaner.notes)


def _loads(text: str) -> Any:
    return json.loads(text, strict=False, parse_int=_integer, parse_float=_number, parse_constant=lambda _: None)


def _integer(digits: str) -> int | str | None:
    # int() itself refuses more than 4300 digits.
    if len(digits) <= _INT_DIGITS:
        return int(digits)
    return digits if len(digits) <= _TEXT_DIGITS else None


def _number(digits: str) -> float | None:
    number = float(digits)
    return number if math.isfinite(number) else None


def _prune(text: str) -> str:
    """Return the text without parts deeper than DEEPEST: json.loads is recursive, and Python limits recursion."""
    kept: list[str] = []
    depth = kept_until = 0
    for token in _TOKENS.finditer(text):
        run = token.end() - token.start()
        if text[token.start()] in "[{":
            if depth <= DEEPEST < depth + run:
                kept += [text[kept_until : token.start() + DEEPEST - depth], json.dumps(_PRUNED)]
            depth += run
        elif text[token.start()] in "]}":
            if depth > DEEPEST >= depth - run:
                kept_until = token.start() + depth - DEEPEST
            depth -= run
    if depth <= DEEPEST:
        kept.append(text[kept_until:])
    return "".join(kept)


class _Cleaner:
    """Copies a tree into a storable one; `notes` is an ordered set."""

    def __init__(self) -> None:
        self.notes: dict[tuple[str, str], None] = {}

    def clean(self, node: Any, depth: int, where: str) -> Any:
        if isinstance(node, str) and node != _PRUNED:
            return self._text(node, where)
        if node == _PRUNED:
            self._note(where, "parts nested too deep were left out")
            return None
        if not isinstance(node, (dict, list)) or not node:
            return node
        if depth > DEEPEST:
            self._note(where, "parts nested too deep were left out")
            return None
        if isinstance(node, list):
            # Notes have indexes only for lists under the keys in _PLACES.
            numbered = where.rpartition(".")[2] in _PLACES
            return [
                self.clean(item, depth + 1, f"{where}[{index}]" if numbered else where)
                for index, item in enumerate(node)
            ]
        return {self._text(key, where): self.clean(item, depth + 1, _below(where, key)) for key, item in node.items()}

    def _text(self, text: str, where: str) -> str:
        repaired = storable(text)
        if repaired is not text:
            self._note(where, "characters that cannot be stored were replaced")
        return repaired

    def _note(self, where: str, what: str) -> None:
        self.notes[where or "body", what] = None


def _below(where: str, key: str) -> str:
    if key not in _PLACES:
        return where
    return f"{where}.{key}" if where else key
