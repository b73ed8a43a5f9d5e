"""Reads a row's fields from its cells: from one column, the first that is filled, or several that are joined."""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from operator import itemgetter
from typing import Final

from leads.importing.cells import is_blank
from leads.importing.columns.names import (
    COMPANY,
    FIRST,
    LAST,
    LAST_2,
    MIDDLE,
    NICKNAME,
    WHOLE,
    folded,
    is_question,
    known,
)

# The parts of a name that are read instead of others, and not joined.
_ALONE: Final = (WHOLE, NICKNAME, COMPANY)

Cells = Sequence[str]
Reader = Callable[[Cells], str]

# Between the cells of a row's phone columns, which are tried in turn: see phones/columns.py.
NEXT_PHONE: Final = "\x1e"
# A cell with fewer digits has no number: "-", "n/a", "see notes", "ext. 12".
_DIGITS: Final = 7
# Google contacts: "Phone 1 - Label" says what "Phone 1 - Value" is. In its older exports it is "Phone 1 - Type".
_GOOGLE_VALUE: Final = re.compile(r"phone([0-9]+)value")
_MOBILE: Final = re.compile(r"mobil|cell|whatsapp|handy|movil|celular|portable|cellulare|iphone|cep", re.IGNORECASE)
_NO_PHONE: Final = re.compile(r"fax|pager", re.IGNORECASE)
# Beside a first name, and without a last name, a column of these names has the last name.
_LAST_TOO: Final = ("name", "nom", "naam")


def picker(readers: Sequence[int | Reader]) -> Callable[[Cells], tuple[str, ...]]:
    """Return a function from a row's cells to one value per reader; a reader that is an int is the column's index."""
    indexes = [reader for reader in readers if isinstance(reader, int)]
    if len(readers) > 1 and len(indexes) == len(readers):
        # The usual case, for which itemgetter is much faster.
        return itemgetter(*indexes)
    getters = [itemgetter(reader) if isinstance(reader, int) else reader for reader in readers]
    return lambda cells: tuple([getter(cells) for getter in getters])


def reader_of(field: str, indexes: Sequence[int], header: Sequence[str]) -> int | Reader:
    """Return the reader of a field from its columns, which are in the order of preference."""
    match field:
        case "customer_phone":
            return _phone_reader(indexes, labels_of(header, indexes))
        case "customer_name":
            return _name_reader(indexes, header)
        case "details":
            return _details_reader(indexes, header)
    return indexes[0] if len(indexes) == 1 else lambda cells: _first_filled(cells, indexes)


def labels_of(header: Sequence[str], indexes: Iterable[int]) -> dict[int, int]:
    """Return for each phone column of Google contacts the column that has its label."""
    places = {folded(name): index for index, name in enumerate(header)}
    found: dict[int, int] = {}
    for index in indexes:
        if match := _GOOGLE_VALUE.fullmatch(folded(header[index])):
            for kind in ("label", "type"):
                if (label := places.get(f"phone{match[1]}{kind}")) is not None:
                    found[index] = label
    return found


def how_joined(field: str, names: Sequence[str]) -> str:
    """Return the names of a field's columns as one text for a message."""
    if field != "customer_name":
        return (" + " if field == "details" else " or ").join(names)
    parts = [(_part(name), name) for name in names]
    if folded(names[0]) in _LAST_TOO and any(part == FIRST for part, _ in parts) and (LAST not in dict(parts)):
        # As _name_reader reads it.
        place = max(place for place, (part, _) in enumerate(parts) if part in (FIRST, MIDDLE))
        parts.insert(place, (LAST, parts.pop(0)[1]))
    (before, text), *others = parts
    for part, name in others:
        text += f" {'or' if part and (part in _ALONE or before in (part, WHOLE)) else '+'} {name}"
        before = part
    return text


def _part(name: str) -> str:
    found = known(name)
    return found.part if found else ""


def _first_filled(cells: Cells, indexes: Iterable[int]) -> str:
    return next((cells[index] for index in indexes if not is_blank(cells[index])), "")


def _phone_reader(indexes: Sequence[int], labels: Mapping[int, int]) -> int | Reader:
    """The cells with numbers, the preferred one first; where none has one, the first that is filled, to be refused."""
    if len(indexes) == 1:
        return indexes[0]

    def read(cells: Cells) -> str:
        mobiles, others = [], []
        for index in indexes:
            cell = cells[index]
            if len(cell) < _DIGITS or sum(map(str.isdigit, cell)) < _DIGITS:
                continue
            label = cells[labels[index]] if index in labels else ""
            if _MOBILE.search(label):
                mobiles.append(cell)
            elif not _NO_PHONE.search(label):
                others.append(cell)
        found = mobiles + others
        if len(found) == 1:
            return found[0]
        return NEXT_PHONE.join(dict.fromkeys(found)) or _first_filled(cells, indexes)

    return read


def _name_reader(indexes: Sequence[int], header: Sequence[str]) -> int | Reader:
    if len(indexes) == 1 and folded(header[indexes[0]]) != "publicname":
        return indexes[0]
    parts: dict[str, list[int]] = {part: [] for part in (WHOLE, FIRST, MIDDLE, LAST, LAST_2, NICKNAME, COMPANY, "")}
    for index in indexes:
        found = known(header[index])
        parts[found.part if found and found.field == "customer_name" else ""].append(index)
    whole, others = parts[WHOLE], [*parts[NICKNAME], *parts[COMPANY]]
    if parts[""]:
        # A person named columns of unknown names: all are joined in the order of the choice.
        chosen = [(index,) for index in indexes if index not in (*whole, *others)]
        return lambda cells: _joined(cells, chosen) or _person(cells, whole) or _person(cells, others)
    joined = [parts[part] for part in (FIRST, MIDDLE, LAST, LAST_2)]
    if parts[FIRST] and not parts[LAST] and whole and folded(header[whole[0]]) in _LAST_TOO:
        return lambda cells: _with_first(_joined(cells, joined), _person(cells, whole)) or _person(cells, others)
    return lambda cells: _person(cells, whole) or _joined(cells, joined) or _person(cells, others)


def _person(cells: Cells, indexes: Sequence[int]) -> str:
    """The first name that is filled; WhatsApp shows a name that people gave themselves as "~Mia"."""
    return _first_filled(cells, indexes).strip().lstrip("~").lstrip()


def _joined(cells: Cells, parts: Iterable[Sequence[int]]) -> str:
    """The parts of a name, each from the first of its columns that is filled: a bill and a delivery have both."""
    return " ".join(filter(None, [_first_filled(cells, indexes).strip() for indexes in parts]))


def _with_first(first: str, name: str) -> str:
    """First and last name, where the column of the last name may have the whole name."""
    return name if first.casefold() in name.casefold() else f"{first} {name}".strip()


def _details_reader(indexes: Sequence[int], header: Sequence[str]) -> int | Reader:
    """Columns of details are joined line by line; the answer to a question stands after the question."""
    questions = {index: label_of(header[index]) for index in indexes if is_guessed_question(header[index])}
    if len(indexes) == 1 and not questions:
        return indexes[0]

    def read(cells: Cells) -> str:
        lines = {
            f"{questions[index]}: {cell.strip()}" if index in questions else cell.strip(): None
            for index in indexes
            if not is_blank(cell := cells[index])
        }
        return "\n".join(lines)

    return read


def is_guessed_question(name: str) -> bool:
    """Whether a column of this name is a question of a form that no field knows."""
    return is_question(name) and known(name) is None


def label_of(name: str) -> str:
    """A form's question as text: "what_cake_do_you_want?" is What cake do you want?"""
    text = name.strip()
    if " " not in text:
        text = text.replace("_", " ")
    return text[:1].upper() + text[1:]
