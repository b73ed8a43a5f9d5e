"""manage.py import_supabase: what becomes of the rows of the previous system, sound and broken ones."""

import csv
import gzip
import io
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest

from conversations.models import Conversation, Customer, Message, Opening
from leads.models import Lead
from leads.services.change import change_lead
from leadsite.webhooks.models import WebhookEvent
from leadsite.webhooks.services import create_endpoint
from tests.factories import Business
from tests.leads.importing.operator import CommandResult, run
from tests.leads.migrating.old_system import OWNER, OldSystem, at
from tests.whatsapp import meta
from tests.whatsapp.inbox import Inbox

DAY = datetime(2025, 3, 1, 12, tzinfo=UTC)


def migrate(owner: Business, source: Path, *options: str | Path) -> CommandResult:
    return run("import_supabase", source, "--user", owner.user.email, *options)


def counts(result: CommandResult, table: str) -> dict[str, int]:
    return {name: number for name, number in result.summary["tables"][table].items() if number}


def repaired(folder: Path) -> dict[UUID, str]:
    text = (folder / "repaired.csv").read_text(encoding="utf-8-sig")
    return {UUID(row["id"]): row["what was done"] for row in csv.DictReader(io.StringIO(text, newline=""))}


def refused(folder: Path, table: str) -> list[dict[str, str]]:
    text = (folder / f"{table}.csv").read_text(encoding="utf-8-sig")
    return list(csv.DictReader(io.StringIO(text, newline="")))


@pytest.fixture
def old(tmp_path: Path) -> OldSystem:
    return OldSystem()


def test_ids_and_dates_are_kept(owner, old, tmp_path):
    conversation = old.conversation(updated_at=at(5))
    lead = old.lead(conversation, status="contacted", created_at=at(1))
    hello = old.message(conversation, "Hello", timestamp=at(2))
    reply = old.message(conversation, "Hi!", sender="bot", timestamp=at(3))
    result = migrate(owner, old.write(tmp_path / "old.sql"))
    assert result.code == 0
    assert counts(result, "conversations") == counts(result, "leads") == {"read": 1, "created": 1}
    assert counts(result, "messages") == {"read": 2, "created": 2}
    stored = Conversation.objects.select_related("customer").get(pk=conversation)
    assert (stored.status, stored.user_id, stored.customer.phone, stored.customer.name) == (
        *("active", owner.id, "+4915112345678", "Ana"),
    )
    times = (stored.created_at, stored.updated_at, stored.last_inbound_at, stored.last_message_at)
    assert times == tuple(DAY + timedelta(minutes=minute) for minute in (0, 5, 2, 3))
    assert stored.waiting_since is None
    found = Lead.objects.get(pk=lead)
    assert (found.conversation_id, found.type, found.details, found.status, found.source) == (
        *(conversation, "order", "A cake", "contacted", "import"),
    )
    assert (found.created_at, found.updated_at) == (DAY + timedelta(minutes=1), DAY + timedelta(minutes=1))
    thread = Message.objects.order_by("sort_at").values_list("pk", "direction", "status", "content", "channel_id")
    assert list(thread) == [(hello, "in", "received", "Hello", None), (reply, "out", "sent", "Hi!", None)]


@pytest.mark.parametrize("status", ["completed", "archived"])
def test_what_was_closed_there_is_handled(owner, old, tmp_path, status):
    conversation = old.conversation(status=status, created_at=at(0))
    old.message(conversation, "Thanks", timestamp=at(1))
    migrate(owner, old.write(tmp_path / "old.sql"))
    assert (Conversation.objects.get().status, Conversation.objects.get().waiting_since) == (status, None)
    path = f"/api/conversations/{conversation}"
    assert owner.client.patch(path, {"status": "active"}, format="json").json()["waiting_since"] is not None
    assert owner.client.patch(path, {"status": "completed"}, format="json").json()["waiting_since"] is None


def test_who_writes_again_in_a_completed_one_waits_from_then_on(owner, old, tmp_path):
    conversation = old.conversation(status="completed", created_at=at(0))
    old.message(conversation, "Thanks", timestamp=at(1))
    migrate(owner, old.write(tmp_path / "old.sql"))
    inbox = Inbox(owner)
    inbox.gets(meta.text("Hello again", from_="4915112345678"))
    (thread,) = inbox.conversations
    assert (thread.pk, thread.status) == (conversation, "active")
    assert thread.waiting_since == Message.objects.get(content="Hello again").sort_at


def test_new_leads_are_above_old_ones_whatever_their_ids(owner, old, tmp_path):
    """Old ids are random: most are greater than all new ones, which begin with the time."""
    conversation = old.conversation(id=UUID("ffffffff-ffff-4fff-bfff-ffffffffffff"), status="archived")
    ids = [UUID(int=(15 - n) << 124 | n) for n in range(4)]
    for n, row_id in enumerate(ids):
        old.lead(conversation, id=row_id, details=str(n), created_at=at(n * 5))
    migrate(owner, old.write(tmp_path / "old.sql"))
    new = owner.has_lead(customer_phone="+4915112345678")
    url: str | None = "/api/leads?page_size=2"
    seen: list[UUID] = []
    while url:
        page = owner.client.get(url).json()
        url = page["next"]
        seen += [UUID(one["id"]) for one in page["results"]]
    assert seen == [new.lead_id, *reversed(ids)]
    # A customer who writes again reopens the newest conversation, not the one with the greatest id.
    Conversation.objects.filter(pk=new.conversation_id).update(status="completed")
    (opened,) = Conversation.objects.join_or_open(
        [Opening(owner.id, Conversation.objects.get(pk=conversation).customer_id)], reopen_completed=True
    )
    assert opened.id == new.conversation_id


def test_every_form_of_the_tables_says_the_same(owner, stranger, old, tmp_path):
    first, second = old.conversation(), old.conversation("whatsapp:+49 151 999 88 77", status="archived")
    old.lead(first, details="Two lines\nand a 'quote'; back\\slash, \t\"tab\"")
    old.message(first, "), ('x'); INSERT INTO\nmessages\\")
    old.message(second, "COPY public.leads (id) FROM stdin;\r\nnot one")
    dump = old.dump()
    (tmp_path / "copy.sql").write_text(dump, newline="")
    (tmp_path / "inserts.sql").write_text(old.inserts(), newline="")
    (tmp_path / "packed.sql.gz").write_bytes(gzip.compress(dump.encode()))
    old.write_csv(tmp_path / "tables")
    seen: list[list[list[Any]]] = []
    for source in ("copy.sql", "inserts.sql", "packed.sql.gz", "tables"):
        assert migrate(owner, tmp_path / source).code == 0
        rows: list[list[Any]] = [
            sorted(Lead.objects.values_list("pk", "conversation_id", "details", "created_at")),
            sorted(Message.objects.values_list("pk", "conversation_id", "content", "sort_at")),
            sorted(Conversation.objects.values_list("pk", "status", "customer__phone", "created_at")),
        ]
        seen.append(rows)
        for model in (Lead, Message, Conversation, Customer):
            model.objects.all().delete()
    assert seen == [seen[0]] * 4
    assert [len(rows) for rows in seen[0]] == [1, 2, 2]
    assert seen[0][0][0][2] == "Two lines\nand a 'quote'; back\\slash, \t\"tab\""


def test_a_second_run_changes_nothing_and_a_newer_dump_adds_what_is_new(owner, old, tmp_path):
    first, double = old.conversation(created_at=at(0)), old.conversation(created_at=at(1))
    lead, twice = old.lead(first), old.lead(double, created_at=at(0.5))
    old.lead(None, details="Bread", created_at=at(2))
    old.message(first, timestamp=at(3))
    old.message(double, timestamp=at(2))
    migrate(owner, old.write(tmp_path / "old.sql"))
    change_lead(user_id=owner.id, lead_id=lead, changes={"status": "contacted"})
    Conversation.objects.filter(pk=first).update(status="completed")
    before = owner.row_counts()
    result = migrate(owner, tmp_path / "old.sql", "--errors", tmp_path / "again")
    assert result.code == 0
    assert counts(result, "leads") == {"read": 3, "skipped": 3}
    assert counts(result, "conversations") == counts(result, "messages") == {"read": 2, "skipped": 2}
    assert result.summary["made"] == {"conversations": 0, "leads": 0}
    assert repaired(tmp_path / "again") == {}
    assert owner.row_counts() == before
    old.message(double, "More", timestamp=at(9))
    old.lead(old.conversation("+4915100000000"), "+4915100000000")
    result = migrate(owner, old.write(tmp_path / "newer.sql"))
    assert counts(result, "messages") == {"read": 3, "created": 1, "skipped": 2}
    assert counts(result, "conversations") == {"read": 3, "created": 1, "skipped": 2}
    assert Message.objects.get(content="More").conversation_id == first
    assert Conversation.objects.get(pk=first).last_message_at == DAY + timedelta(minutes=9)
    assert Lead.objects.get(pk=lead).status == "contacted"
    assert not Lead.objects.filter(pk=twice).exists()


def test_active_conversations_of_one_phone_become_one_thread(owner, old, tmp_path):
    """The previous system opened a conversation for each lead, and then one for each message."""
    later = old.conversation("4915112345678@c.us", created_at=at(2))
    first = old.conversation("+49 (0)151 12345678", created_at=at(1))
    closed = old.conversation(status="completed", created_at=at(0))
    messages = [
        *(old.message(later, "2", timestamp=at(2)), old.message(first, "3", timestamp=at(3))),
        *(old.message(later, "4", timestamp=at(4)), old.message(first, "1", timestamp=at(1))),
    ]
    lead = old.lead(later, details="First message: 2")
    result = migrate(owner, old.write(tmp_path / "old.sql"), "--errors", tmp_path / "report")
    assert counts(result, "conversations") == {"read": 3, "created": 2, "repaired": 1}
    assert repaired(tmp_path / "report") == {later: f"merged into the customer's active conversation {first}"}
    assert set(Conversation.objects.values_list("pk", "status")) == {(first, "active"), (closed, "completed")}
    thread = Message.objects.filter(conversation_id=first).order_by("sort_at", "pk")
    assert "".join(thread.values_list("content", flat=True)) == "1234"
    assert {message.pk for message in thread} == set(messages)
    assert Lead.objects.get(pk=lead).conversation_id == first
    assert Conversation.objects.get(pk=first).waiting_since == DAY + timedelta(minutes=1)


def test_an_active_conversation_joins_the_one_that_the_customer_has_here(owner, old, tmp_path):
    here = owner.has_lead(customer_phone="+4915112345678", customer_name="Ana Lima").conversation_id
    conversation = old.conversation()
    old.lead(conversation)
    message = old.message(conversation)
    result = migrate(owner, old.write(tmp_path / "old.sql"))
    assert counts(result, "conversations") == {"read": 1, "repaired": 1}
    assert Message.objects.get(pk=message).conversation_id == here
    assert set(Lead.objects.values_list("conversation_id", flat=True)) == {here}
    assert Customer.objects.get().name == "Ana Lima"


def test_leads_without_conversation_get_the_customers(owner, old, tmp_path):
    conversation = old.conversation()
    orphan = old.lead(None, details="No conversation")
    dangling = old.lead(uuid4(), details="A conversation that is gone")
    alone = old.lead(None, "+4915100000000", status="converted", created_at=at(7))
    other = old.lead(conversation, "+4915122222222", details="The conversation of another number")
    result = migrate(owner, old.write(tmp_path / "old.sql"), "--errors", tmp_path / "report")
    assert result.code == 0
    assert counts(result, "leads") == {"read": 4, "repaired": 4}
    assert result.summary["made"]["conversations"] == 2
    assert repaired(tmp_path / "report") == {
        orphan: "it had no conversation",
        dangling: "its conversation is not there",
        alone: "it had no conversation",
        other: "its conversation was with another phone number",
    }
    places = dict(Lead.objects.values_list("pk", "conversation_id"))
    assert places[orphan] == places[dangling] == conversation
    made = Conversation.objects.get(pk=places[alone])
    assert (made.status, made.created_at, made.customer.phone) == (
        *("completed", DAY + timedelta(minutes=7), "+4915100000000"),
    )
    assert Conversation.objects.get(pk=places[other]).customer.phone == "+4915122222222"


def test_an_active_conversation_in_which_the_customer_wrote_gets_a_lead(owner, old, tmp_path):
    asked = old.conversation("+4915100000001")
    old.message(asked, "  ", timestamp=at(1))
    old.message(asked, "Do you have bread?", timestamp=at(2))
    old.message(old.conversation("+4915100000002"), "We have bread", sender="assistant")
    old.message(old.conversation("+4915100000003", status="archived"), "Bread?")
    result = migrate(owner, old.write(tmp_path / "old.sql"), "--errors", tmp_path / "report")
    lead = Lead.objects.get()
    assert (lead.conversation_id, lead.type, lead.status, lead.details) == (
        asked,
        "inquiry",
        "new",
        "Do you have bread?",
    )
    assert lead.created_at == DAY + timedelta(minutes=2)
    assert repaired(tmp_path / "report") == {asked: f"it had no lead: {lead.pk} was made"}
    assert result.summary["made"]["leads"] == 1


def test_leads_sent_twice_are_one(owner, old, tmp_path):
    conversation = old.conversation()
    first, again = old.lead(conversation), old.lead(conversation, created_at=at(0.5), status="contacted")
    other, much_later = old.lead(conversation, details="Bread"), old.lead(conversation, created_at=at(60))
    result = migrate(owner, old.write(tmp_path / "old.sql"), "--errors", tmp_path / "report")
    assert counts(result, "leads") == {"read": 4, "created": 3, "repaired": 1}
    assert repaired(tmp_path / "report") == {first: f"the same lead as {again}"}
    assert set(Lead.objects.values_list("pk", flat=True)) == {again, other, much_later}


def test_phones_that_cannot_be_read_are_refused_with_their_rows(owner, old, tmp_path):
    bad = old.conversation("0151 12345678")
    old.lead(bad, None)
    old.message(bad)
    old.lead(old.conversation("?"), "+4915100000009")
    folder = tmp_path / "report"
    result = migrate(owner, old.write(tmp_path / "old.sql"), "--errors", folder)
    assert result.code == 1
    assert counts(result, "conversations") == {"read": 2, "repaired": 1, "failed": 1}
    assert counts(result, "leads") == {"read": 2, "created": 1, "failed": 1}
    (row,) = refused(folder, "conversations")
    assert (row["id"], row["customer_phone"], row["field"]) == (str(bad), "0151 12345678", "customer_phone")
    assert "--region" in row["reason"]
    assert refused(folder, "messages")[0]["reason"] == "Its conversation is refused."
    # The refused rows can be given with the region, or corrected: the folder is a source.
    assert migrate(owner, folder, "--region", "DE").code == 0
    assert Message.objects.get().conversation_id == bad
    assert Conversation.objects.get(pk=bad).customer.phone == "+4915112345678"


def test_digits_alone_are_international_where_the_command_says_so(owner, old, tmp_path):
    old.lead(old.conversation("79001234567"), "79001234567")
    assert migrate(owner, old.write(tmp_path / "old.sql"), "--international").code == 0
    assert Customer.objects.get().phone == "+79001234567"


def test_messages_without_conversation(owner, old, tmp_path):
    old.columns["messages"] += ["customer_phone"]
    conversation = old.conversation()
    by_phone = old.message(uuid4(), customer_phone="+49 151 12345678")
    alone = old.message(None, "Hi", customer_phone="+4915100000000")
    lost = old.message(uuid4())
    result = migrate(owner, old.write(tmp_path / "old.sql"), "--errors", tmp_path / "report")
    assert counts(result, "messages") == {"read": 3, "repaired": 2, "failed": 1}
    assert Message.objects.get(pk=by_phone).conversation_id == conversation
    assert Message.objects.get(pk=alone).conversation.customer.phone == "+4915100000000"
    (row,) = refused(tmp_path / "report", "messages")
    assert (row["id"], row["reason"]) == (str(lost), "Its conversation is neither in the file nor here.")


def test_words_and_dates_that_are_not_ours(owner, old, tmp_path):
    conversation = old.conversation(status="closed", created_at="not a date")
    won, odd = old.lead(conversation, type="Purchase", status="won"), old.lead(conversation, type="gift", details="x")
    unknown = old.lead(conversation, customer_name="Unknown", details="y", status=None)
    undated = old.message(conversation, timestamp="0001-01-01")
    old.message(conversation, sender="carrier pigeon")
    folder = tmp_path / "report"
    migrate(owner, old.write(tmp_path / "old.sql"), "--errors", folder)
    notes = repaired(folder)
    assert notes[conversation] == "the status “closed” became completed; it had no readable date"
    assert notes[won] == "the type “Purchase” became order; the status “won” became converted"
    assert notes[odd] == "the type “gift” is unknown here and became inquiry"
    assert notes[undated] == "it had no readable date"
    assert unknown not in notes
    assert "“carrier pigeon”" in refused(folder, "messages")[0]["reason"]
    assert Conversation.objects.get().created_at == DAY
    assert Lead.objects.get(pk=won).status == "converted"


def test_messages_that_were_never_sent_are_not_sent_now(owner, old, tmp_path):
    old.columns["messages"] += ["status"]
    conversation = old.conversation()
    for status in ("queued", "delivered", "undelivered", None):
        old.message(conversation, status or "none", sender="bot", status=status)
    migrate(owner, old.write(tmp_path / "old.sql"))
    stored = dict(Message.objects.values_list("content", "status"))
    assert stored == {"queued": "failed", "delivered": "delivered", "undelivered": "failed", "none": "sent"}
    assert Message.objects.get(content="queued").error == "The previous system had not sent it."


def test_a_message_delivered_twice_is_one(owner, old, tmp_path):
    old.columns["messages"] += ["whatsapp_message_id"]
    conversation = old.conversation()
    first = old.message(conversation, whatsapp_message_id="wamid.1", timestamp=at(1))
    again = old.message(conversation, whatsapp_message_id="wamid.1", timestamp=at(2))
    result = migrate(owner, old.write(tmp_path / "old.sql"), "--errors", tmp_path / "report")
    assert counts(result, "messages") == {"read": 2, "created": 1, "repaired": 1}
    assert repaired(tmp_path / "report")[again] == f"the same message as {first}"


def test_rows_of_several_users_are_never_mixed(owner, stranger, old, tmp_path):
    other = uuid4()
    old.lead(old.conversation())
    old.lead(old.conversation(user_id=other), user_id=other)
    file = old.write(tmp_path / "old.sql")
    assert run("import_supabase", file, "--user", owner.user.email).code == 2
    mine, theirs = f"{OWNER}={owner.user.email}", f"{other}={stranger.user.email}"
    unmapped = run("import_supabase", file, "--user-map", mine)
    assert unmapped.code == 2
    assert f"{other}: 1 conversations, 1 leads" in unmapped.error
    assert owner.row_counts() == (0, 0, 0)
    left_out = run("import_supabase", file, "--user-map", mine, "--user-map", f"{other}=-")
    assert counts(left_out, "leads") == {"read": 2, "created": 1, "skipped": 1}
    both = run("import_supabase", file, "--user-map", mine, "--user-map", theirs)
    assert counts(both, "leads") == {"read": 2, "created": 1, "skipped": 1}
    assert set(Lead.objects.values_list("user_id", flat=True)) == {owner.id, stranger.id}


def test_users_of_the_dump_are_businesses_by_their_email(owner, old, tmp_path):
    old.lead(old.conversation())
    users = f"COPY public.users (id, email) FROM stdin;\n{OWNER}\tOwner@bakery.example\n\\.\n"
    (tmp_path / "old.sql").write_text(users + old.dump())
    assert run("import_supabase", tmp_path / "old.sql").code == 0
    assert Lead.objects.get().user_id == owner.id


def test_an_id_of_another_business_is_refused(owner, stranger, old, tmp_path):
    lead = old.lead(old.conversation())
    file = old.write(tmp_path / "old.sql")
    migrate(owner, file)
    result = migrate(stranger, file)
    assert result.code == 1
    assert counts(result, "leads") == {"read": 1, "failed": 1}
    assert Lead.objects.get(pk=lead).user_id == owner.id


def test_a_dry_run_counts_and_stores_nothing(owner, old, tmp_path):
    first, second = old.conversation(), old.conversation()
    old.lead(first)
    old.lead(None, details="x")
    old.message(second)
    file = old.write(tmp_path / "old.sql")
    dry = migrate(owner, file, "--dry-run")
    assert dry.summary["state"] == "dry run"
    assert owner.row_counts() == (0, 0, 0)
    assert migrate(owner, file).summary["tables"] == dry.summary["tables"]


@pytest.mark.django_db(transaction=True)
def test_integrators_get_no_events_of_the_past(owner, old, tmp_path):
    create_endpoint(user_id=owner.id, url="https://93.184.216.34/", events=["lead.created", "message.received"])
    conversation = old.conversation()
    old.lead(conversation)
    old.message(conversation)
    migrate(owner, old.write(tmp_path / "old.sql"))
    assert WebhookEvent.objects.count() == 0
    owner.has_lead()
    assert WebhookEvent.objects.count() == 1


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("PGDMP\x01", "pg_restore --data-only"),
        ("COPY public.leads (id, user_id) FROM stdin;\n", "cut off"),
        ("INSERT INTO public.leads VALUES ('x');\n", "--column-inserts"),
        ("COPY public.messages (id, content) FROM stdin;\n1\thi\n\\.\n", "no column sender"),
        ("SELECT 1;\n", "no rows"),
    ],
    ids=["archive", "cut off", "without column names", "without sender", "nothing"],
)
def test_a_source_that_cannot_be_read_says_what_to_do(owner, tmp_path, text, words):
    (tmp_path / "old.sql").write_text(text)
    result = migrate(owner, tmp_path / "old.sql")
    assert result.code == 2
    assert words in result.error


def test_columns_that_are_not_read_are_named(owner, old, tmp_path, capsys):
    old.columns["leads"] += ["budget", "metadata"]
    old.lead(old.conversation())
    result = migrate(owner, old.write(tmp_path / "old.sql"))
    assert result.summary["not_read"] == {"leads": ["budget", "metadata"]}
