"""Messages from a customer, Sheena: with her number, her user id or both, and about her change of number."""

from tests.whatsapp import meta

PHONE = f"+{meta.SHEENA}"
NEW_NUMBER = "12195555358"
NEW_ID = "US.9999"
OTHER_ID = "US.5555"


def by_phone(text="Hello", **fields):
    return meta.text(text, **fields)


def by_id(text="Hello", user_id=meta.SHEENA_ID, **fields):
    return meta.text(text, from_=None, from_user_id=user_id, **fields)


def by_both(text="Hello", phone=meta.SHEENA, user_id=meta.SHEENA_ID, **fields):
    return meta.text(text, from_=phone, from_user_id=user_id, **fields)


def number_change(new=NEW_NUMBER, *, timestamp=meta.NOON + 100, **fields):
    notice = {"type": "user_changed_number", "body": "User changed", "wa_id": new}
    return meta.message("system", notice, timestamp=timestamp, **fields)


def identities(inbox):
    return [(customer.phone, customer.whatsapp_user_id) for customer in inbox.customers]
