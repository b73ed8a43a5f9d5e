"""Guesses which columns have the fields of a lead: by their names, and by what is in the first rows."""

import re
from collections.abc import Collection, Iterable, Sequence
from typing import Final

from leads.importing.columns.names import (
    COMPANY,
    FIRST,
    LAST,
    LAST_2,
    MIDDLE,
    NICKNAME,
    WHOLE,
    folded,
    is_no_phone,
    known,
    may_ask_for_phone,
)
from leads.importing.columns.picking import is_guessed_question
from leads.importing.columns.values import Values

# These fields may have several columns; of others the best is read.
SEVERAL: Final = ("customer_phone", "customer_name", "details", "country")
# A number with plus sign or 00, in the usual spellings.
_PHONE_SHAPE: Final = re.compile(r"(?:p:|tel:)?(?:\+|00)[ ()./-]*[1-9](?:[ ()./-]*[0-9]){7,14}")
# Names that say beyond doubt that the column has the lead's id in another system.
_CERTAIN_IDS: Final = ("externalid", "externalreference", "externalref", "externalleadid", "crmid")
# In a Shopify export, "Name" is the number of the order.
_OF_ORDERS: Final = ("billingname", "shippingname")
# Turkish for the first name, and an advertisement.
_AD: Final = ("ad", "adi")
_SHOWN: Final = 40


def candidates(header: Sequence[str], free: Collection[int]) -> dict[str, list[int]]:
    """Return the columns of `free` that may have each field, the preferred one first."""
    ranked: dict[str, list[tuple[tuple[int, ...], int]]] = {}
    for index in free:
        if (found := known(header[index])) is not None:
            order = _NAME_ORDER.get(found.part, 0)
            ranked.setdefault(found.field, []).append(((order, *found.rank), index))
    fields = {field: [index for _, index in sorted(pairs)] for field, pairs in ranked.items()}
    _without_ambiguous(fields, header)
    if "customer_phone" not in fields:
        fields["customer_phone"] = [index for index in sorted(free) if may_ask_for_phone(header[index])]
    asked = {index for indexes in fields.values() for index in indexes}
    questions = [index for index in sorted(free) if index not in asked and is_guessed_question(header[index])]
    fields["details"] = [*fields.get("details", []), *questions]
    return {field: indexes for field, indexes in fields.items() if indexes}


_NAME_ORDER: Final = {part: place for place, part in enumerate((WHOLE, FIRST, MIDDLE, LAST, LAST_2, NICKNAME, COMPANY))}


def _without_ambiguous(fields: dict[str, list[int]], header: Sequence[str]) -> None:
    """Remove columns that are names only in other files."""
    named = fields.get("customer_name", [])
    wrong: set[str] = set()
    if any(folded(header[index]) in _OF_ORDERS for index in named):
        wrong.add("name")
    if not any((found := known(header[index])) and found.part == LAST for index in named):
        wrong.update(_AD)
    fields["customer_name"] = [index for index in named if folded(header[index]) not in wrong]


def phones_by_cells(header: Sequence[str], free: Iterable[int], sample: Sequence[Sequence[str]]) -> list[int]:
    """Return the column of an unknown name, such as Number, whose cells are phone numbers with plus sign or 00; none
    where several have them, or where the header itself has one: then it is a row.
    """
    if any(_PHONE_SHAPE.fullmatch(name.strip()) for name in header):
        return []
    found = []
    for index in free:
        if known(header[index]) is None and not is_no_phone(header[index]):
            cells = [cell for row in sample if (cell := row[index].strip())]
            shaped = sum(_PHONE_SHAPE.fullmatch(cell) is not None for cell in cells)
            if cells and 10 * shaped >= 9 * len(cells):
                found.append(index)
    return found if len(found) == 1 else []


def without_other_values(
    field: str, indexes: Sequence[int], header: Sequence[str], sample: Sequence[Sequence[str]], values: Values
) -> tuple[list[int], list[str]]:
    """Of guessed columns of types or statuses, return those with our values, and a sentence for each other one.

    Decided for the whole column: an unknown value among ours refuses its row, and a column of other values is not read.
    """
    kept, notes = [], []
    for index in indexes:
        cells = [row[index] for row in sample]
        if values.are_ours(cells):
            kept.append(index)
            continue
        example, name = values.unknown(cells)[0][:_SHOWN], header[index].strip()
        notes.append(
            f"“{name}” is not read: most of its values, such as “{example}”, are no {field} of ours."
            f" --map '{name}={field}' reads it."
        )
    return kept, notes


def without_repeated_ids(
    indexes: Sequence[int], header: Sequence[str], sample: Sequence[Sequence[str]], phones: Iterable[int]
) -> tuple[list[int], list[str]]:
    """Of guessed columns of external ids, return those that may be ids, and a sentence for each other one.

    "Reference" may be where the customer heard of the business: the same value for many customers. A lead has one.
    """
    kept, notes = [], []
    phone = next(iter(phones), None)
    for index in indexes:
        if folded(header[index]) in _CERTAIN_IDS or phone is None or not _is_shared(sample, index, phone):
            kept.append(index)
            continue
        name = header[index].strip()
        notes.append(
            f"“{name}” is not read: several customers have the same value, so it is no id of a lead."
            f" --map '{name}=external_id' reads it."
        )
    return kept, notes


def _is_shared(sample: Sequence[Sequence[str]], index: int, phone: int) -> bool:
    """Whether half of the filled cells have a value that occurs with several phones."""
    owners: dict[str, set[str]] = {}
    filled = [row for row in sample if row[index].strip()]
    for row in filled:
        owners.setdefault(row[index].strip(), set()).add(folded(row[phone]))
    shared = sum(len(owners[row[index].strip()]) > 1 for row in filled)
    return bool(shared) and 2 * shared >= len(filled)
