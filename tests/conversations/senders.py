"""Senders of messages for the pure functions of identification: single ones, and lists drawn by hypothesis."""

from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

from hypothesis import strategies as st

from conversations.identification import Directory, SenderIdentity, SenderLookup, StoredCustomer
from conversations.incoming import Sender

BUSINESS = UUID(int=1)
NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
OLD, NEW = "+4915100000001", "+4915100000002"


def identity(phone=None, known_id=None, name="", at=0, *, creates_customer=True):
    return SenderIdentity(
        user_id=BUSINESS,
        provider_id=f"wamid.{at}",
        original=Sender(phone=phone, whatsapp_user_id=known_id, name=name),
        phone=phone,
        whatsapp_user_id=known_id,
        wrote_at=NOON + timedelta(seconds=at),
        creates_customer=creates_customer,
    )


def known(phone=None, known_id=None, identified_at=None, *, active=False):
    return StoredCustomer(uuid4(), phone, known_id, identified_at, active)


def directory(*customers):
    found = Directory()
    for customer in customers:
        seen = identity(customer.phone, customer.whatsapp_user_id)
        by_phone = customer if customer.phone else None
        found.add(seen, SenderLookup(None, by_phone, customer if customer.whatsapp_user_id else None, None))
    return found


phones = st.sampled_from([None, OLD, NEW, "+5215512345678", "+525512345678"])
ids = st.sampled_from([None, "DE.1", "DE.2"])
senders = st.lists(
    st.tuples(phones, ids, st.sampled_from(["", "Ada", "Bo"])).filter(lambda one: one[0] or one[1]), max_size=8
)
