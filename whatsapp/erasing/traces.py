"""The traces of one person in texts and in JSON: phone numbers in any spelling, ids, and names beside them.

Note [Whose part]: an object in a list is the person's where one of its own values is exactly their number or id, as the
sender of a message or the recipient of a status is; it is taken out as a whole, with names and words in it. A text that
only mentions the number loses the number, and the person's name where it stands beside: the rest was written by, or is
about, somebody else. What a message quotes (`context`) makes it nobody else's.
"""

import base64
import binascii
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Final

import phonenumbers

from conversations.phone import PhoneInvalid, normalise, phone_key
from leadsite.core.logs.masking import replace_numbers

GONE: Final = "[erased]"
# Shorter national numbers are found only with their country code: they may be anything.
_SHORTEST: Final = 7
_SHORTEST_NAME: Final = 3
_NOT_A_DIGIT: Final = re.compile(r"[^0-9]")
_ID: Final = re.compile(r"[A-Za-z0-9+/=_.\-]{6,}")
_PREFIX_OF_IDS: Final = "wamid."
_PREFIX_OF_TWILIO: Final = "whatsapp:"
# Objects that say what a message is about, or which number of the business it came through.
_NOT_WHOSE: Final = frozenset({"context", "metadata", "reaction", "referred_product"})
# Lists that are a part of the object that has them: the numbers of a shared contact.
_PARTS: Final = frozenset({"phones"})
# Countries whose numbers are written in two forms: conversations.phone.phone_key.
_OTHER_FORMS: Final = (
    (re.compile(r"52([0-9]{10})"), r"521\1"),
    (re.compile(r"54([0-9]{10})"), r"549\1"),
    (re.compile(r"(55[1-9][0-9])([6-9][0-9]{7})"), r"\g<1>9\2"),
    (re.compile(r"(22[59])[0-9]{2}([0-9]{8})"), r"\1\2"),
)


@dataclass(frozen=True)
class Traces:
    """`phones`: digits of international numbers; `ids`: whole values. Names count only beside one of these."""

    phones: frozenset[str] = frozenset()
    ids: frozenset[str] = frozenset()
    names: tuple[str, ...] = field(default=())

    @classmethod
    def of(cls, *, phones: Iterable[str] = (), ids: Iterable[str] = (), names: Iterable[str] = ()) -> "Traces":
        """`phones`: in E.164."""
        digits = {form for phone in phones for form in _forms(phone)}
        whole = {name.strip() for name in names if len(name.strip()) > 1}
        # Others write the first name alone.
        words = {word for name in whole for word in name.split() if len(word) >= _SHORTEST_NAME}
        longest_first = sorted(whole | words, key=len, reverse=True)
        return cls(frozenset(digits), frozenset(one for one in ids if one), tuple(longest_first))

    def __bool__(self) -> bool:
        return bool(self.phones or self.ids)

    @cached_property
    def _spellings(self) -> frozenset[str]:
        """Whole numbers as digits: with and without country code, trunk zero, 00."""
        spelled = set(self.phones) | {f"00{phone}" for phone in self.phones}
        for phone in self.phones:
            if national := _national(phone):
                code = phone[: len(phone) - len(national)]
                spelled |= {f"{code}0{national}", f"00{code}0{national}", f"0{national}"}
                if len(national) >= _SHORTEST:
                    spelled.add(national)
        return frozenset(spelled)

    @cached_property
    def needles(self) -> tuple[str, ...]:
        """Digits of which one is within each spelling of a number, grouped or not."""
        nationals = {phone: _national(phone) for phone in self.phones}
        return tuple(sorted({one if one and len(one) >= _SHORTEST else phone for phone, one in nationals.items()}))

    @cached_property
    def _international(self) -> frozenset[str]:
        """With country code, and with a zero after it."""
        return self.phones | {
            f"{phone.removesuffix(national)}0{national}" for phone in self.phones if (national := _national(phone))
        }

    @cached_property
    def _digits_pattern(self) -> re.Pattern[str] | None:
        """The spellings as digits only, whatever stands before: in names of files and in keys of clients."""
        spellings = "|".join(sorted(self._spellings, key=len, reverse=True))
        return re.compile(rf"(?<![0-9])\+?(?:{spellings})(?![0-9])") if spellings else None

    @cached_property
    def _name_pattern(self) -> re.Pattern[str] | None:
        names = "|".join(map(re.escape, self.names))
        return re.compile(rf"(?<!\w)(?:{names})(?!\w)", re.IGNORECASE) if names else None

    def is_whole(self, value: Any) -> bool:
        """Whether the value is the person's number, in any spelling, or one of their ids, and nothing else."""
        if isinstance(value, bool) or not isinstance(value, str | int):
            return False
        text = str(value)
        if text in self.ids:
            return True
        text = text.removeprefix(_PREFIX_OF_TWILIO).strip()
        if not 0 < len(text) <= 60 or re.search(r"[^\W\d_]", text):
            return self._is_id(text)
        digits = _NOT_A_DIGIT.sub("", text)
        return digits in self._spellings or _normalised(text) in self.phones

    def is_theirs(self, value: Any) -> bool:
        """Whether an object is the person's: Note [Whose part]. A list of plain values counts, as the row of a file."""
        if isinstance(value, dict):
            return any(
                self.is_whole(part) or self.is_theirs(part) or (key in _PARTS and self._has_theirs(part))
                for key, part in value.items()
                if key not in _NOT_WHOSE
            )
        if isinstance(value, list):
            return not any(isinstance(part, dict | list) for part in value) and any(map(self.is_whole, value))
        return False

    def theirs_in(self, value: Any) -> list[Any]:
        """The objects in the value that are the person's, each whole: what `in_json` takes out."""
        if isinstance(value, dict):
            return [found for part in value.values() for found in self.theirs_in(part)]
        if isinstance(value, list):
            return [found for part in value for found in ([part] if self.is_theirs(part) else self.theirs_in(part))]
        return []

    def _has_theirs(self, value: Any) -> bool:
        return isinstance(value, list) and any(map(self.is_theirs, value))

    def in_text(self, text: str) -> str:
        """The text without the person's numbers, ids, and names beside them."""
        redacted = replace_numbers(text, lambda number: GONE if self._is_within(number) else number)
        if self._digits_pattern:
            redacted = self._digits_pattern.sub(GONE, redacted)
        redacted = _ID.sub(lambda found: GONE if self._is_id(found[0].strip(".")) else found[0], redacted)
        if redacted != text and self._name_pattern:
            redacted = self._name_pattern.sub(GONE, redacted)
        return redacted

    def in_json(self, value: Any) -> Any:
        """The value without what is theirs in it: Note [Whose part]."""
        match value:
            case str():
                return GONE if self.is_whole(value) else self.in_text(value)
            case int() | float() | None:
                return GONE if self.is_whole(value) else value
            case dict():
                return {str(self.in_json(str(key))): self.in_json(part) for key, part in value.items()}
            case list():
                return [self.in_json(part) for part in value if not self.is_theirs(part)]
        return value

    def _is_within(self, number: str) -> bool:
        """`number` may have more digits, of what stands beside it. With a country code that is the person's."""
        digits = _NOT_A_DIGIT.sub("", number)
        if number.lstrip("( ").startswith(("+", "%2", "00")):
            return any(one in digits for one in self._international)
        return any(needle in digits for needle in self.needles) or digits in self._spellings

    def _is_id(self, text: str) -> bool:
        if text in self.ids:
            return True
        if not text.startswith(_PREFIX_OF_IDS):
            return False
        # Meta's ids of messages have the customer's number inside.
        encoded = text.removeprefix(_PREFIX_OF_IDS).rstrip("=")
        try:
            decoded = base64.b64decode(encoded + "=" * (-len(encoded) % 4)).decode("latin-1")
        except (binascii.Error, ValueError):
            return False
        return any(phone in decoded for phone in self.phones) or any(one in decoded for one in self.ids if len(one) > 7)


def _forms(phone: str) -> set[str]:
    """The digits of an E.164 number, and of the other forms that WhatsApp has for it."""
    key = phone_key(phone)[1:]
    return {phone[1:], key, *(pattern.sub(form, key) for pattern, form in _OTHER_FORMS if pattern.fullmatch(key))}


def _national(digits: str) -> str:
    """The number without its country code; "" where there is no such country."""
    try:
        parsed = phonenumbers.parse(f"+{digits}")
    except phonenumbers.NumberParseException:
        return ""
    return digits[len(str(parsed.country_code)) :]


def _normalised(text: str) -> str:
    try:
        return phone_key(normalise(text if text[:1] in ("+", "0", "(") else f"+{text}"))[1:]
    except PhoneInvalid:
        return ""
