"""Random databases of the previous system: no row is lost in silence, and a second run changes nothing."""

from collections import Counter
from itertools import pairwise
from typing import Any
from uuid import UUID

import pytest
from django.db import transaction
from django.db.models import Count
from django.utils import timezone
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from conversations.models import Conversation, Customer, Message
from conversations.phone import phone_key
from leads.migrating import staging
from leads.migrating.migration import Migration, Result
from leads.migrating.rows import Reading
from leads.migrating.sources.dumps import read_dump
from leads.migrating.sources.records import TABLES
from leads.models import Lead
from tests.factories import Business
from tests.leads.migrating.old_system import OldSystem, at

pytestmark = pytest.mark.django_db

PHONES = ["+4915112345678", "whatsapp:+49 151 12345678", "+5215512345678", "+525512345678", "hidden", None]
PLACES = st.integers(0, 6)  # of the conversations that there are; beyond: one that is gone
TIMES = st.integers(0, 5).map(at) | st.just("long ago")
CONVERSATIONS: st.SearchStrategy[dict[str, Any]] = st.fixed_dictionaries(
    {
        "phone": st.sampled_from(PHONES),
        "status": st.sampled_from(["active", "active", "completed", "archived", "odd"]),
        "created_at": TIMES,
    }
)
LEADS: st.SearchStrategy[dict[str, Any]] = st.fixed_dictionaries(
    {
        "place": st.none() | PLACES,
        "phone": st.sampled_from(PHONES),
        "type": st.sampled_from(["order", "inquiry", "gift"]),
        "details": st.sampled_from(["A cake", "", None]),
        "status": st.sampled_from(["new", "new", "contacted", "converted"]),
        "created_at": TIMES,
        "customer_name": st.sampled_from(["Ana", "Unknown", " "]),
    }
)
MESSAGES: st.SearchStrategy[dict[str, Any]] = st.fixed_dictionaries(
    {
        "place": st.none() | PLACES,
        "content": st.sampled_from(["Hello", "Bread?", " "]),
        "sender": st.sampled_from(["customer", "bot", "user", "pigeon"]),
        "timestamp": TIMES,
        "customer_phone": st.sampled_from(PHONES),
        "whatsapp_message_id": st.none() | st.sampled_from(["wamid.1", "wamid.2"]),
    }
)


@st.composite
def old_systems(draw: st.DrawFn) -> OldSystem:
    old = OldSystem()
    old.columns["messages"] += ["customer_phone", "whatsapp_message_id"]
    number = iter(range(1, 1000))
    ids = [UUID(int=10_000 + n) for n in range(7)]
    for row_id, values in zip(ids, draw(st.lists(CONVERSATIONS, max_size=6)), strict=False):
        old.conversation(id=row_id, **values)
    for values in draw(st.lists(LEADS, max_size=6)):
        place = values.pop("place")
        old.lead(None if place is None else ids[place], id=UUID(int=next(number)), **values)
    for values in draw(st.lists(MESSAGES, max_size=8)):
        place = values.pop("place")
        old.message(None if place is None else ids[place], id=UUID(int=next(number)), **values)
    for table in TABLES:  # a row that is there twice
        if old.rows[table] and draw(st.integers(0, 9)) == 0:
            old.rows[table].append(old.rows[table][0])
    return old


def migrate(owner: Business, old: OldSystem, *, dry_run: bool = False) -> Result:
    migration = Migration(
        reading=Reading(None, False, timezone.now()),
        only=owner.id,
        mapped={},
        businesses={},
        batch_size=2,
        dry_run=dry_run,
        errors=None,
        tell=lambda *_: False,
    )
    return migration.run(read_dump(old.dump().splitlines(keepends=True)))


def everything() -> list[list[Any]]:
    models = (Customer, Conversation, Lead, Message)
    return [sorted(model.objects.values_list(), key=str) for model in models]


def check_migration(owner, old):
    """Try the migration, migrate, and migrate again."""
    if not any(old.rows.values()):
        return
    with transaction.atomic():
        tried = migrate(owner, old, dry_run=True)
        assert not Customer.objects.exists()
        first = migrate(owner, old)
        assert tried.tables == first.tables
        check_counts(old, first)
        check_rows(old)
        before = everything()
        second = migrate(owner, old)
        assert everything() == before
        for table in TABLES:
            counts = second.tables[table]
            assert counts["created"] == counts["repaired"] == 0
            assert counts["failed"] == first.tables[table]["failed"]
        transaction.set_rollback(True)


# Each case is a whole migration, so that shrinking takes minutes; the cases are small. tests/long has more of them.
@settings(max_examples=5, phases=[Phase.explicit, Phase.generate])
@given(old_systems())
def test_every_row_is_here_or_repaired_or_refused(owner, old):
    check_migration(owner, old)


def check_counts(old: OldSystem, result: Result) -> None:
    for table in TABLES:
        counts = dict(result.tables[table])
        assert counts.pop("read") == sum(counts.values()) == len(old.rows[table])


def check_rows(old: OldSystem) -> None:
    refused = {table: Counter(row.line for row in staging.refused(table)) for table in TABLES}
    stored = {
        table: set(model.objects.values_list("pk", flat=True))
        for table, model in (("conversations", Conversation), ("leads", Lead), ("messages", Message))
    }
    for table in TABLES:
        lost = {row["id"] for row in old.rows[table]} - stored[table]
        # Of those that are not stored each is refused, or is the same as one that is stored.
        assert len(lost) <= refused[table].total() + doubles(old, table)
    assert not Customer.objects.annotate(n=Count("conversations")).filter(n=0).exists()
    for lead in Lead.objects.select_related("conversation__customer"):
        row = next((row for row in old.rows["leads"] if row["id"] == lead.pk), None)
        if row is not None and row["customer_phone"] not in (None, "hidden"):
            plain = row["customer_phone"].removeprefix("whatsapp:").replace(" ", "")
            assert lead.conversation.customer.phone_key == phone_key(plain)
    for conversation in Conversation.objects.all():
        thread = list(conversation.messages.order_by("sort_at"))
        assert all(before.created_at <= after.created_at for before, after in pairwise(thread))
        assert conversation.last_message_at == (thread[-1].sort_at if thread else None)


def doubles(old: OldSystem, table: str) -> int:
    """How many rows may be the same as another one: all but one of each customer and kind."""
    if table == "messages":
        named = [row["whatsapp_message_id"] for row in old.rows[table] if row["whatsapp_message_id"]]
        return len(named) - len(set(named))
    if table == "conversations":
        return max(0, sum(row["status"] == "active" for row in old.rows[table]) - 1)
    said = [(row["type"], row["details"] or "") for row in old.rows[table]]
    return len(said) - len({(kind if kind != "gift" else "inquiry", details) for kind, details in said})
