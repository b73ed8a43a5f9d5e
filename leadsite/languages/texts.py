"""Texts with values, numbers, and sentences that were written in English, in the language of the page.

What services say, what is logged and what is stored stays in English, for everybody: a row is read in other languages
than that of the person, or the worker, who caused it. Pages show such a sentence with `shown`.
"""

import re
from collections.abc import Sequence
from functools import cache
from typing import Any, Final

from django.utils import formats, translation
from django.utils.functional import lazy

from leadsite.languages.catalogues import Entry, po_files, read_po

_PLACEHOLDER: Final = re.compile(r"%(?:\((\w+)\))?[sd]|%%")
_SENTENCE_END: Final = re.compile(r"(?<=[.!?]) (?=[A-Z“0-9])")
# A text of fewer letters beside its values would fit too much.
_MIN_LETTERS: Final = 6
# A value of %(name)d is a number, and says as much as that.
_LETTERS_OF_A_NUMBER: Final = 2


def _filled(text: Any, values: dict[str, Any]) -> str:
    return str(text) % values


_lazily_filled = lazy(_filled, str)


def filled(text: Any, **values: Any) -> Any:
    """Return the text of `gettext_lazy` with these values, as late as that."""
    return _lazily_filled(text, values)


def number(value: float) -> str:
    """Return a count as the page's language writes it: 1,000 or 1.000."""
    return formats.number_format(value, use_l10n=True, force_grouping=True)


def inside(label: Any) -> str:
    """Return a label for the middle of a sentence; German writes nouns with a capital there, too."""
    return str(label) if (translation.get_language() or "").startswith("de") else str(label).lower()


def joined(parts: Sequence[str]) -> str:
    """Return the parts as a list in a sentence: a, b and c."""
    if len(parts) < 2:
        return "".join(parts)
    return translation.gettext("%(first)s and %(last)s") % {"first": ", ".join(parts[:-1]), "last": parts[-1]}


def either(parts: Sequence[str]) -> str:
    """Return the parts as a list in a sentence: a, b or c."""
    if len(parts) < 2:
        return "".join(parts)
    return translation.gettext("%(first)s or %(last)s") % {"first": ", ".join(parts[:-1]), "last": parts[-1]}


def in_english() -> bool:
    return (translation.get_language() or "en").partition("-")[0] == "en"


def shown(text: Any) -> str:
    """Return what was said or stored in English in the language of the page: one or more sentences, also with values
    in them. What is in no catalogue stays as it is, such as the words of a provider.
    """
    text = str(text)
    if in_english() or not text.strip():
        return text
    if found := _found(text, with_sentences=False):
        return found
    sentences = _SENTENCE_END.split(text)
    if len(sentences) == 1:
        return text
    known = [_found(one) for one in sentences]
    whole = None if all(known) else _found(text)
    return whole or " ".join(found or one for found, one in zip(known, sentences, strict=True))


def _found(text: str, *, with_sentences: bool = True) -> str | None:
    """The text in the page's language; without `with_sentences` none whose value would have the end of a sentence."""
    direct = translation.gettext(text)
    if direct != text:
        return direct
    for pattern, entry in _patterns():
        match = pattern.fullmatch(text)
        if match and (with_sentences or not any(map(_SENTENCE_END.search, match.groups()))):
            return _with_values(entry, match.groupdict())
    return None


def _with_values(entry: Entry, found: dict[str, str]) -> str:
    # What stands in quotes is what somebody wrote, but for the name of a field.
    quoted = set(re.findall(r"“%\((\w+)\)s”", entry.msgid)) - {"field"}
    values = {name: value if name in quoted else _of_value(value) for name, value in found.items()}
    if entry.plural is None:
        return _as_written(translation.gettext(entry.msgid)) % values
    counts = [int(re.sub(r"[.,]", "", value)) for value in found.values() if re.fullmatch(r"\d[\d.,]*", value)]
    text = translation.ngettext(entry.msgid, entry.plural, counts[0] if counts else 2)
    return _as_written(text) % values


def _of_value(value: str) -> str:
    """A value, or each one of a list of them, in the language of the page."""
    said = shown(value)
    return ", ".join(map(shown, value.split(", "))) if said == value else said


def _as_written(text: str) -> str:
    """The text, for numbers that are words already."""
    return re.sub(r"(%\(\w+\))d", r"\1s", text)


@cache
def _patterns() -> list[tuple[re.Pattern[str], Entry]]:
    """The texts with named values; those that say most themselves come first."""
    found: list[tuple[int, int, re.Pattern[str], Entry]] = []
    for entry in read_po(po_files()[0].read_text(encoding="utf-8")):
        if entry.context is not None:
            continue
        for text in (entry.msgid, entry.plural or ""):
            words = _PLACEHOLDER.sub("", text)
            said = len(re.findall(r"[A-Za-z]", words)) + _LETTERS_OF_A_NUMBER * text.count(")d")
            if "%(" in text and said >= _MIN_LETTERS:
                found.append((said, len(words), _pattern(text), entry))
    return [(pattern, entry) for _, _, pattern, entry in sorted(found, key=lambda one: (-one[0], -one[1]))]


def _pattern(text: str) -> re.Pattern[str]:
    """What the text is with its values; the same name twice is the same value."""
    parts, last, names = "", 0, set()
    for match in _PLACEHOLDER.finditer(text):
        parts += re.escape(text[last : match.start()])
        name, last = match[1], match.end()
        if match[0] == "%%":
            parts += "%"
        elif name in names:
            parts += f"(?P={name})"
        else:
            value = r"\d[\d.,]*" if match[0].endswith("d") else ".*?"
            parts += f"(?P<{name}>{value})" if name else value
            names.add(name)
    return re.compile(parts + re.escape(text[last:]), re.DOTALL)
