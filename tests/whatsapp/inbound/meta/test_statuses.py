"""Reading statuses: the recipient is read where the customer has opted out of marketing."""

import pytest

from conversations.incoming import Sender
from tests.whatsapp import meta
from whatsapp.inbound.events import StatusEvent


def status(code: int, **fields) -> StatusEvent:
    item = meta.status("failed", errors=[meta.error(code)]) | fields
    (event,) = meta.read_all(meta.messages_value(statuses=[meta.without_none(**item)])).events
    return event


@pytest.mark.parametrize(
    ("fields", "phone", "user_id"),
    [
        ({}, f"+{meta.SHEENA}", None),
        ({"recipient_user_id": meta.SHEENA_ID}, f"+{meta.SHEENA}", meta.SHEENA_ID),
        ({"recipient_id": meta.SHEENA_ID}, None, meta.SHEENA_ID),
        ({"recipient_id": "a group", "recipient_participant_id": meta.SHEENA}, f"+{meta.SHEENA}", "a group"),
        ({"recipient_id": None}, None, None),
    ],
)
def test_the_recipient_of_an_opt_out(fields, phone, user_id):
    event = status(131050, **fields)
    assert (event.opts_out, event.recipient) == (True, Sender(phone=phone, whatsapp_user_id=user_id))


def test_other_failures_have_none():
    assert (status(131026).opts_out, status(131026).recipient) == (False, None)
