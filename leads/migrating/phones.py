"""Phone numbers as the previous system has them: its gateways wrote whatsapp:+49…, 4915…@c.us, or digits alone."""

import re
from typing import Final

from conversations.phone import PhoneInvalid, plain
from leads.importing.cells import BadCell
from leads.importing.phones.columns import PhoneColumn

# The address of a person in WhatsApp; :12 is a device. Its digits begin with the country code.
_ADDRESS: Final = re.compile(r"\+?([1-9][0-9]{6,14})(?::[0-9]+)?@(?:c\.us|s\.whatsapp\.net)")
_DIGITS: Final = re.compile(r"[1-9][0-9]{6,14}")


def read_old_phone(cell: str, phones: PhoneColumn, *, international: bool) -> str:
    """Return the number in E.164. `international`: numbers without a plus sign begin with their country code.

    Raises PhoneInvalid.
    """
    text = plain(cell).strip()
    if address := _ADDRESS.fullmatch(text):
        return "+" + address[1]
    if international and _DIGITS.fullmatch(digits := re.sub(r"[\s().-]", "", text)):
        return "+" + digits
    try:
        return phones.read(cell)
    except BadCell as error:
        raise PhoneInvalid(str(error)) from error
