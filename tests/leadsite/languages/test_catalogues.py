"""The catalogues: each text has its translation in each language, and what Django reads is what was written."""

import ast
import gettext
import io
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.conf import settings
from django.utils.translation import to_locale

from leadsite.languages.catalogues import Entry, compile_mo, po_files, read_po

# Python's and Django's placeholders, and those that a script fills in.
_PLACEHOLDERS = re.compile(r"%\(\w+\)[sd]|%[sd]|\b(?:NAME|NUMBER)\b")
each_catalogue = pytest.mark.parametrize("path", po_files(), ids=lambda path: path.parts[-3])


def entries_of(path: Path) -> list[Entry]:
    return read_po(path.read_text(encoding="utf-8"))


def test_each_language_but_english_has_a_catalogue():
    locales = {to_locale(code) for code, _ in settings.LANGUAGES} - {"en"}
    assert {path.parts[-3] for path in po_files()} == locales


def test_the_catalogues_have_the_same_texts():
    first, *others = [{entry.key for entry in entries_of(path)} for path in po_files()]
    assert len(first) > 300
    assert all(other == first for other in others)


@each_catalogue
def test_each_text_is_translated(path: Path):
    head, *entries = entries_of(path)
    (count,) = re.findall(r"nplurals=(\d)", head.texts[0])
    for entry in entries:
        assert not entry.is_fuzzy, entry.msgid
        assert len(entry.texts) == (1 if entry.plural is None else int(count)), entry.msgid
        assert all(text.strip() for text in entry.texts), entry.msgid


@each_catalogue
def test_translations_have_the_placeholders_of_their_text(path: Path):
    for entry in entries_of(path)[1:]:
        for text in entry.texts:
            assert Counter(_PLACEHOLDERS.findall(text)) == Counter(_PLACEHOLDERS.findall(entry.msgid)), text


@each_catalogue
def test_what_django_reads_is_compiled_from_the_catalogue(path: Path):
    stored = path.with_suffix(".mo").read_bytes()
    assert stored == compile_mo(entries_of(path)), "Run `make translations`."


@each_catalogue
def test_python_reads_what_was_compiled(path: Path):
    read = gettext.GNUTranslations(io.BytesIO(path.with_suffix(".mo").read_bytes()))
    for entry in entries_of(path)[1:]:
        if entry.plural is not None:
            found = read.ngettext(entry.msgid, entry.plural, 1)
        elif entry.context is not None:
            found = read.pgettext(entry.context, entry.msgid)
        else:
            found = read.gettext(entry.msgid)
        assert found == entry.texts[0]


def test_the_terms_of_the_documentation_are_those_of_the_catalogues():
    documented = (settings.BASE_DIR / "docs/languages.md").read_text(encoding="utf-8").partition("## Terms")[2]
    rows = [line.strip("| ").split(" | ") for line in documented.partition("\n## ")[0].splitlines() if "|" in line][2:]
    catalogues = [{entry.msgid: entry.texts[0] for entry in entries_of(path)[1:]} for path in po_files()]
    assert len(rows) > 15
    assert rows == [[term, *(catalogue[term] for catalogue in catalogues)] for term, *_ in rows]


def test_texts_that_are_not_used_or_not_sure_are_left_out():
    text = 'msgid ""\nmsgstr "a=b\\n"\n\n#, fuzzy\nmsgid "Old"\nmsgstr "Alt"\n\n#~ msgid "Gone"\n#~ msgstr "Weg"\n\n'
    text += 'msgctxt "list"\nmsgid "All"\nmsgstr ""\n"Al"\n"le"\n\nmsgid "New"\nmsgstr ""\n'
    read = gettext.GNUTranslations(io.BytesIO(compile_mo(read_po(text))))
    assert [read.gettext(word) for word in ("Old", "Gone", "New")] == ["Old", "Gone", "New"]
    assert read.pgettext("list", "All") == "Alle"


def test_values_of_a_text_have_words_or_marks_between_them():
    # What is stored is read back by what stands between its values.
    texts = [text for entry in entries_of(po_files()[0]) for text in (entry.msgid, entry.plural or "")]
    assert [text for text in texts if re.search(r"(?:%\(\w+\)[sd]|{}){2}", text)] == []


def test_no_text_is_a_piece_to_be_put_behind_another():
    # One is of django-unfold, as it has it.
    texts = {entry.msgid for entry in entries_of(po_files()[0])[1:]}
    assert {text for text in texts if text != text.strip(" ")} == {" By %(filter_title)s "}
    assert [text for text in texts if text.count("“") > text.count("”")] == []
    assert {text for text in texts if re.match(r"It (%\(\w+\)s|{})", text)} == set()


_MARKS = ("gettext", "gettext_lazy", "gettext_noop", "ngettext", "ngettext_lazy", "_")
_IN_TEMPLATES = re.compile(r"""{%\s*translate\s+"([^"]+)"|_\("([^"]+)"\)""")


def marked_texts() -> Iterator[str]:
    """The texts that are marked in Python, and those of `translate` in templates."""
    for folder in ("conversations", "leads", "leadsite", "whatsapp"):
        for path in (settings.BASE_DIR / folder).rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                match node:
                    case ast.Call(func=ast.Name(id=name), args=[ast.Constant(value=str(text)), *_]) if name in _MARKS:
                        yield text
                    case ast.Call(func=ast.Name(id="pgettext" | "pgettext_lazy"), args=[_, ast.Constant(value=text)]):
                        yield str(text)
        for path in (settings.BASE_DIR / folder).rglob("*.html"):
            for found in _IN_TEMPLATES.findall(path.read_text(encoding="utf-8")):
                yield from filter(None, found)


def test_each_marked_text_is_in_the_catalogues():
    collected = {entry.msgid for entry in entries_of(po_files()[0])}
    missing = set(marked_texts()) - collected
    assert missing == set(), "Run `make messages`, and translate them."
