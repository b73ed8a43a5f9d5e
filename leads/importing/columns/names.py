"""What a column has, judged by its name: known_names.py has the names."""

import re
import unicodedata
from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Final, NamedTuple

from leads.importing.columns import known_names

WHOLE: Final = "whole name"
FIRST: Final = "first name"
MIDDLE: Final = "middle name"
LAST: Final = "last name"
LAST_2: Final = "second last name"
NICKNAME: Final = "nickname"
COMPANY: Final = "company"
# Characters. A longer name is a question or no header at all.
_LONGEST_NAME: Final = 200


def folded(text: str) -> str:
    """Return the text without case, accents, spaces, punctuation and invisible characters: "Teléfono *" is telefono."""
    decomposed = unicodedata.normalize("NFKD", text).casefold().replace("ı", "i")
    return "".join(filter(str.isalnum, decomposed))


# The words of a question around the name: "What is your phone number?"
_YOUR_WORDS: Final = "your ihr ihre ihren dein deine tu su tus sus seu sua tuo tua suo votre vos ton je jouw uw"
_FILLER_WORDS: Final = (
    "the a what whats is s please enter give us best wie lautet ist bitte angeben cual es qual e o il la le quel quelle"
    " est veuillez wat vul in"
)
_YOUR: Final = frozenset(_YOUR_WORDS.split())
_FILLERS: Final = _YOUR.union(_FILLER_WORDS.split())
# What stands before the name of a column, "Person - Phone", "Guest name", or after it: "Teléfono del cliente".
_OWNER_WORDS: Final = (
    *("person", "contact", "lead", "customer", "client", "billing", "deal", "guest", "invitee", "attendee", "buyer"),
    *("kunden", "gast", "kontakt", "cliente", "contacto", "persona", "trato", "pessoa", "contato", "negócio"),
    *("personne", "affaire", "contatto", "affare", "persoon", "kişi"),
)
_OWNED: Final = re.compile(r"(?:del|do|du|des|van)?(?:cliente|client|customer|kunde|klant|contacto|contato)$")
_OWNERS: Final = sorted(map(folded, _OWNER_WORDS), key=len, reverse=True)
_BRACKETS: Final = re.compile(r"[(\[].*?[)\]]")
_WORD: Final = re.compile(r"\w+")
_GOOGLE_PHONE: Final = re.compile(r"phone[0-9]+value")
# A file without any known phone column may have a question that asks for it: these words, without the others.
_PHONE_WORDS: Final = (
    *(
        "whatsapp",
        "phone",
        "telefon",
        "telephone",
        "telefoon",
        "handynummer",
        "celular",
        "movil",
        "mobile",
        "cellulare",
    ),
    *("واتساب", "واتس اب", "هاتف", "جوال", "موبايل", "تليفون", "फ़ोन", "मोबाइल", "व्हाट्सएप", "व्हाट्सऐप"),
)
_OTHER_WORDS: Final = re.compile(
    r"fax|pager|telex|mail|label|type|code|country|opt|consent|agree|allow|status|verified|assist|date|time|owner|model"
)
_QUESTION_MARKS: Final = ("?", "؟", "？")


class Known(NamedTuple):
    """What a column has: its field, which part of a name (FIRST …) or "", and its preference: the lowest is first."""

    field: str
    part: str
    rank: tuple[int, int]


@lru_cache(maxsize=4096)
def known(name: str) -> Known | None:
    """Return what a column of this name has, or None."""
    if len(name) > _LONGEST_NAME:
        return None
    for step, form in enumerate(_forms(name)):
        if (found := _TABLE.get(form)) is not None:
            field, part, rank = found
            return Known(field, part, (rank, step))
    return None


def field_of(name: str) -> str | None:
    """Return the field that a column of this name is read as, or None."""
    found = known(name)
    return found.field if found else None


def is_question(name: str) -> bool:
    """Whether a form asked this; its answers are part of what the customer wants."""
    return name.strip().endswith(_QUESTION_MARKS)


def may_ask_for_phone(name: str) -> bool:
    """Whether this may be a form's question for the phone number, by its words."""
    text = _unaccented(name)
    return any(_unaccented(word) in text for word in _PHONE_WORDS) and not is_no_phone(name)


def is_no_phone(name: str) -> bool:
    """Whether a column of this name has no phone number, or none for messages, although its cells look so."""
    return _OTHER_WORDS.search(_unaccented(name)) is not None


def _unaccented(text: str) -> str:
    decomposed = unicodedata.normalize("NFKD", text).casefold()
    return "".join(letter for letter in decomposed if not unicodedata.combining(letter))


def _forms(name: str) -> Iterator[str]:
    """The folded name, then without brackets, a question's words, its owner and a number at its end."""
    exact = folded(name)
    yield "phone1value" if _GOOGLE_PHONE.fullmatch(exact) else exact
    short = folded(_BRACKETS.sub(" ", name)) or exact
    yield short
    words = [folded(word) for word in _WORD.findall(_BRACKETS.sub(" ", name).replace("_", " "))]
    # Not "Is my contact".
    if is_question(name) or not _YOUR.isdisjoint(words):
        yield "".join(word for word in words if word not in _FILLERS)
    without_owner = next((short.removeprefix(owner) for owner in _OWNERS if short.startswith(owner)), short)
    yield without_owner
    yield without_owner.rstrip("0123456789")
    yield _OWNED.sub("", short)


def _table() -> dict[str, tuple[str, str, int]]:
    kinds: Mapping[tuple[str, str], str] = {
        ("customer_phone", ""): known_names.PHONES,
        ("customer_name", WHOLE): known_names.WHOLE_NAMES,
        ("customer_name", FIRST): known_names.FIRST_NAMES,
        ("customer_name", MIDDLE): known_names.MIDDLE_NAMES,
        ("customer_name", LAST): known_names.LAST_NAMES,
        ("customer_name", LAST_2): known_names.SECOND_LAST_NAMES,
        ("customer_name", NICKNAME): known_names.NICKNAMES,
        ("customer_name", COMPANY): known_names.COMPANIES,
        ("type", ""): known_names.TYPES,
        ("details", ""): known_names.DETAILS,
        ("status", ""): known_names.STATUSES,
        ("external_id", ""): known_names.EXTERNAL_IDS,
        ("created_at", ""): known_names.CREATED,
        ("country", ""): known_names.COUNTRIES,
    }
    table: dict[str, tuple[str, str, int]] = {}
    for (field, part), text in kinds.items():
        for rank, name in enumerate(text.split(",")):
            table.setdefault(folded(name), (field, part, rank))
    return table


_TABLE: Final = _table()
ALSO_VALUES: Final = frozenset(map(folded, known_names.ALSO_VALUES.split(",")))
