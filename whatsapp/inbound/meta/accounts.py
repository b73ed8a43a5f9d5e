"""Reads to which WhatsApp Business account a delivery says that its numbers belong."""

import re
from typing import Any, Final

from whatsapp.json_parts import object_of, objects_of, text_of
from whatsapp.models.channels import WABA_ID_PATTERN

_WABA_ID: Final = re.compile(WABA_ID_PATTERN)
# Meta's dashboard sends it with test deliveries.
_NO_ACCOUNT: Final = "0"


def accounts_of(delivery: dict[str, Any]) -> dict[str, str]:
    """Return the account's id by the number's id, from `entry[].id`; of contradicting ones the last."""
    accounts: dict[str, str] = {}
    for entry in objects_of(delivery.get("entry")):
        account = text_of(entry.get("id"))
        if account == _NO_ACCOUNT or not _WABA_ID.fullmatch(account):
            continue
        for change in objects_of(entry.get("changes")):
            metadata = object_of(object_of(change.get("value")).get("metadata"))
            if number := text_of(metadata.get("phone_number_id")).strip():
                accounts[number] = account
    return accounts
