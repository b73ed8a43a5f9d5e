"""A language for tests: each text that is marked stands in brackets, so that what is not marked is seen."""

import gettext
import io
import re
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from typing import Any, Final

import django
from django.conf import settings

from leadsite.languages.catalogues import Entry, compile_mo, po_files, read_po

# Django knows the language, and nobody has translated this project into it.
PSEUDO: Final = "eo"
# The same from right to left.
RIGHT_TO_LEFT: Final = "he"
_HEAD: Final = "Content-Type: text/plain; charset=UTF-8\nPlural-Forms: nplurals=2; plural=(n != 1);\n"
# Formats of dates are no words.
_FORMAT: Final = re.compile(r"[jdDlFMNYyHisP ,.:/\-\\]+|[YmdHis:\- T]+")


def write_catalogue(folder: Path, language: str) -> None:
    """Put each text of this project, of Django and of unfold in brackets."""
    entries = {entry.key: entry for entry in read_po(po_files()[0].read_text(encoding="utf-8"))[1:]}
    for entry in _of_django():
        entries.setdefault(entry.key, entry)
    for entry in entries.values():
        entry.is_fuzzy = False
        entry.texts = [_bracketed(text) for text in (entry.msgid, entry.plural) if text is not None]
    place = folder / language / "LC_MESSAGES"
    place.mkdir(parents=True)
    head = Entry(texts=[_HEAD])
    (place / "django.mo").write_bytes(compile_mo([head, *entries.values()]))


def _bracketed(text: str) -> str:
    return text if _FORMAT.fullmatch(text) else f"⟦{text}⟧"


def _of_django() -> Iterator[Entry]:
    """Django's own texts, as its German catalogues list them."""
    for path in sorted(Path(django.__file__).parent.glob("**/locale/de/LC_MESSAGES/django.mo")):
        read = gettext.GNUTranslations(io.BytesIO(path.read_bytes()))
        catalogue: dict[Any, str] = vars(read)["_catalog"]
        for key in catalogue:
            text = key if isinstance(key, str) else key[0]
            context, _, msgid = text.rpartition("\x04")
            plural = msgid if isinstance(key, tuple) else None
            if msgid:
                yield Entry(context=context or None, msgid=msgid, plural=plural)


def use(settings_: Any, folder: Path, language: str) -> None:
    """Have the site speak this language to browsers that ask for it."""
    write_catalogue(folder, language)
    settings_.LOCALE_PATHS = [folder]
    settings_.LANGUAGES = [*settings.LANGUAGES, (language, "pseudo")]


class _Visible(HTMLParser):
    """Collects what a person reads or hears of a page."""

    _ATTRIBUTES: Final = ("title", "aria-label", "placeholder", "alt", "summary")
    _SILENT: Final = ("script", "style", "code", "pre", "kbd")
    _EMPTY: Final = ("input", "img", "br", "link", "meta", "hr", "source", "path", "rect", "col")

    def __init__(self) -> None:
        super().__init__()
        self.texts: list[str] = []
        self.said: list[str] = []
        self._silent: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        self.said += [given[name] for name in self._ATTRIBUTES if given.get(name)]
        # What a script says stands in data attributes.
        self.said += [value for name, value in given.items() if name.startswith("data-") and " " in value]
        if tag == "input" and given.get("type") in ("submit", "button", "reset"):
            self.said.append(given.get("value", ""))
        if tag in self._EMPTY:
            return
        if self._silent or tag in self._SILENT or "material-symbols-outlined" in given.get("class", ""):
            self._silent.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if self._silent and tag in self._silent:
            while self._silent.pop() != tag:
                pass

    def handle_data(self, data: str) -> None:
        if not self._silent:
            self.texts.append(data)


def unmarked(page: str, allowed: re.Pattern[str]) -> set[str]:
    """Return the words of a page that are in no brackets; a marked text may have tags and values in it."""
    visible = _Visible()
    visible.feed(page)
    found = set()
    for text in (*visible.said, "\n".join(visible.texts)):
        for line in _outside(text).splitlines():
            rest = allowed.sub(" ", line)
            if re.search(r"[A-Za-z]{2,}", rest):
                found.add(" ".join(line.split()))
    return found


def _outside(text: str) -> str:
    depth, kept = 0, []
    for character in text:
        depth += (character == "⟦") - (character == "⟧")
        if depth == 0 and character != "⟧":
            kept.append(character)
    return "".join(kept)
