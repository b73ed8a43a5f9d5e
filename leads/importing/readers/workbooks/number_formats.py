"""Shows numbers as a spreadsheet does, by their number formats (ECMA-376 part 1, 18.8.30 and 18.8.31)."""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from decimal import ROUND_HALF_UP, Decimal
from typing import Final

from leads.importing.readers.workbooks.dates import date_format

Show = Callable[[float], str]

# Those that Excel does not write into the file; the currency of 5 to 8 is that of the reader's country.
BUILT_IN: Final = {
    0: "General", 1: "0", 2: "0.00", 3: "#,##0", 4: "#,##0.00", 5: "#,##0", 6: "#,##0", 7: "#,##0.00", 8: "#,##0.00",
    9: "0%", 10: "0.00%", 11: "0.00E+00", 12: "General", 13: "General", 14: "yyyy-mm-dd", 15: "d-mmm-yy",
    16: "d-mmm-yy", 17: "d-mmm-yy", 18: "h:mm", 19: "h:mm:ss", 20: "h:mm", 21: "h:mm:ss", 22: "yyyy-mm-dd h:mm",
    **dict.fromkeys((*range(27, 37), *range(50, 59)), "yyyy-mm-dd"),
    37: "#,##0", 38: "#,##0", 39: "#,##0.00", 40: "#,##0.00", 41: "#,##0", 42: "#,##0", 43: "#,##0.00", 44: "#,##0.00",
    45: "mm:ss", 46: "[h]:mm:ss", 47: "mm:ss", 48: "General", 49: "@",
}  # fmt: skip
# Of a format that Excel writes: 255 letters.
_LONGEST: Final = 500
_DECIMALS: Final = 10
_PERCENTS: Final = 2
_TOKEN: Final = re.compile(r'"([^"]*)"|\\(.)|[_*].|\[([^\]]*)\]|(General)|([0#?.,%@/]|[Ee][+-])|(.)', re.DOTALL)
_CONDITION: Final = re.compile(r"(<=|>=|<>|<|>|=)\s*(-?[0-9]+(?:\.[0-9]+)?)")
_COMPARE: Final[dict[str, Callable[[float, float], bool]]] = {
    "<=": lambda a, b: a <= b,
    ">=": lambda a, b: a >= b,
    "<>": lambda a, b: a != b,
    "<": lambda a, b: a < b,
    ">": lambda a, b: a > b,
    "=": lambda a, b: a == b,
}


def general(value: float) -> str:
    """Return the number with all its digits (a double has 15 that are exact), without exponent."""
    if value.is_integer():
        return str(int(value))
    return format(Decimal(f"{value:.15g}"), "f")


def number_format(code: str, *, since_1904: bool) -> Show | None:
    """Return the function that shows numbers in this format; None for "General" and text, which show what is stored.

    Dates and times are shown in the form of ISO 8601, which no country reads in another way. A number is shown with
    all digits where the format hides some (an exponent, fractions, thousands), and without separators of thousands
    where nothing else in the format says that it is no phone number or id.
    """
    if show := date_format(code, since_1904=since_1904):
        return show
    if len(code) > _LONGEST:
        return None
    sections = [_Section.parse(part) for part in _split(code)]
    if not sections or sections[0] is None or (len(sections) == 1 and sections[0].is_plain):
        return None
    return lambda value: _shown(sections, value)


def _shown(sections: list["_Section | None"], value: float) -> str:
    section, minus = sections[0], "-" if value < 0 else ""
    if any(part and part.condition for part in sections):
        section = next((part for part in sections if part and part.accepts(value)), None)
    elif value < 0 and len(sections) > 1:
        section, minus = sections[1], ""
    elif value == 0 and len(sections) > 2:
        section = sections[2]
    # A section without digits hides the number.
    return minus + section.show(abs(value)) if section else general(value)


def _split(code: str) -> list[str]:
    """The sections of a format, of which a fourth is for text."""
    parts = re.findall(r'((?:"[^"]*"|\\.|\[[^\]]*\]|[^;])*)(?:;|$)', code)
    return [part for part in parts[: max(1, min(3, code.count(";") + 1))] if part.strip() != "@"]


@dataclass(slots=True)
class _Section:
    """`tokens` are the literals and, with True, the places (0, #, ?) of the digits before the decimal point."""

    tokens: list[tuple[str, bool]] = field(default_factory=list)
    decimals: str = ""
    suffix: str = ""
    percents: int = 0
    grouped: bool = False
    condition: tuple[str, float] | None = None

    @classmethod
    def parse(cls, code: str) -> "_Section | None":
        """Return the section, None for a format that shows the number as it is stored, or that is not known."""
        section = cls()
        after_point = False
        for quoted, escaped, bracket, is_general, special, other in _TOKEN.findall(code):
            if is_general or special in ("@", "/") or special[:1] in ("E", "e"):
                return None
            if special == ".":
                after_point = True
            elif special in ("0", "#", "?"):
                section.place(special, after_point=after_point)
            elif special == ",":
                section.grouped = True
            elif literal := quoted or escaped or other or section.bracketed(bracket) or special:
                section.percents += special == "%"
                section.literal(literal, after_point=after_point)
        hides = code.rstrip("_)* -").endswith(",") or section.percents > _PERCENTS
        return section if any(is_digit for _, is_digit in section.tokens) and not hides else None

    def place(self, kind: str, *, after_point: bool) -> None:
        if not after_point:
            self.tokens.append((kind, True))
        elif len(self.decimals) < _DECIMALS:
            self.decimals += kind

    def literal(self, text: str, *, after_point: bool) -> None:
        if after_point:
            self.suffix += text
        else:
            self.tokens.append((text, False))

    def bracketed(self, text: str) -> str:
        """Take a condition; return the currency of [$€-407], "" for a colour."""
        if found := _CONDITION.fullmatch(text):
            self.condition = (found[1], float(found[2]))
        return text[1:].partition("-")[0] if text.startswith("$") else ""

    @property
    def is_plain(self) -> bool:
        """Whether a whole number is shown as General does: at most with separators of thousands."""
        digits = [text for text, is_digit in self.tokens if is_digit]
        return len(digits) == len(self.tokens) and not self.decimals and not self.suffix and digits.count("0") < 2

    def accepts(self, value: float) -> bool:
        return self.condition is None or _COMPARE[self.condition[0]](value, self.condition[1])

    def show(self, value: float) -> str:
        amount = Decimal(f"{value:.15g}") * 100**self.percents
        rounded = format(amount.quantize(Decimal(1).scaleb(-len(self.decimals)), ROUND_HALF_UP), "f")
        whole, _, fraction = rounded.partition(".")
        while fraction and self.decimals[len(fraction) - 1] != "0" and fraction.endswith("0"):
            fraction = fraction[:-1]
        literal = any(text.strip("+-() ") for text, is_digit in self.tokens if not is_digit) or self.suffix.strip()
        grouped = self.grouped and (literal or self.decimals)
        text = self._whole("" if whole == "0" else whole, grouped=bool(grouped))
        return (text + (f".{fraction}" if fraction else "") + self.suffix).strip()

    def _whole(self, digits: str, *, grouped: bool) -> str:
        """The digits before the point in their places, from the right; the first place takes all that are left."""
        places = [index for index, (_, is_digit) in enumerate(self.tokens) if is_digit]
        if grouped or self.grouped:
            minimum = sum(text == "0" for text, is_digit in self.tokens if is_digit)
            number = digits.rjust(minimum, "0")
            if grouped:
                number = f"{int(number):,}" if number else ""
            shown = {places[0]: number}
        else:
            shown = {}
            for place in reversed(places[1:]):
                shown[place] = digits[-1:] or ("0" if self.tokens[place][0] == "0" else "")
                digits = digits[:-1]
            shown[places[0]] = digits or ("0" if self.tokens[places[0]][0] == "0" else "")
        return "".join(shown.get(index, "") if is_digit else text for index, (text, is_digit) in enumerate(self.tokens))
