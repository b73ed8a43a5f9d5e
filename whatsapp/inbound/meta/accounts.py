"""Reads what a delivery says about the business's numbers: their WhatsApp Business accounts, and their digits."""

import re
from collections.abc import Iterator
from typing import Any, Final

from conversations.phone import PhoneInvalid, normalise
from whatsapp.json_parts import object_of, objects_of, text_of
from whatsapp.models.channel_values import WABA_ID_PATTERN

_WABA_ID: Final = re.compile(WABA_ID_PATTERN)
# Meta's dashboard sends it with test deliveries.
_NO_ACCOUNT: Final = "0"


def accounts_of(delivery: dict[str, Any]) -> dict[str, str]:
    """Return the account's id by the number's id, from `entry[].id`; of contradicting ones the last."""
    return {
        number: account
        for number, account, _ in _numbers(delivery)
        if account != _NO_ACCOUNT and _WABA_ID.fullmatch(account)
    }


def display_numbers_of(delivery: dict[str, Any]) -> dict[str, str]:
    """Return the phone number (E.164) by the number's id. Meta gives it without a plus sign."""
    found: dict[str, str] = {}
    for number, _, shown in _numbers(delivery):
        try:
            found[number] = normalise(f"+{shown.strip().removeprefix('+')}")
        except PhoneInvalid:
            continue
    return found


def _numbers(delivery: dict[str, Any]) -> Iterator[tuple[str, str, str]]:
    """Yield the id, the account and the phone number of each number that is named."""
    for entry in objects_of(delivery.get("entry")):
        account = text_of(entry.get("id"))
        for change in objects_of(entry.get("changes")):
            metadata = object_of(object_of(change.get("value")).get("metadata"))
            if number := text_of(metadata.get("phone_number_id")).strip():
                yield number, account, text_of(metadata.get("display_phone_number"))


def account_of_value(entry: dict[str, Any], value: dict[str, Any]) -> str:
    """Return the account that a value without metadata is about: of some, `entry[].id` is the business's portfolio."""
    named = text_of(object_of(value.get("waba_info")).get("waba_id"))
    if value.get("entity_type") == "WABA":
        named = text_of(value.get("entity_id"))
    return named or text_of(entry.get("id"))
