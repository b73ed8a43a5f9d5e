"""Erasing a person: nothing of them is left in any table, and everything of others is."""

import io
from itertools import count
from unittest.mock import Mock

import pytest
from django.contrib.admin.models import CHANGE, LogEntry
from django.db import DataError, OperationalError, connection
from structlog.testing import capture_logs

from conversations.media.files import SMALL, media_storage
from conversations.models import Conversation, Customer, ErasedMark, Message, StoredMedia
from conversations.services.media import delete_orphans
from leads.importing.stored_files import store_file
from leads.merging.services import MergeRefused, undo_merge
from leads.models import ImportRefusal, ImportRun, Lead
from leadsite.accounts.models import IdempotencyKey, Membership, User
from leadsite.core import clock
from leadsite.monitoring.models import FailedTransaction
from leadsite.privacy import erasing, files, rows
from leadsite.privacy.erasing import erase_customer, finish_erasures
from leadsite.privacy.models import Erasure
from leadsite.privacy.people import PersonUnknown
from leadsite.privacy.rows import erase_in
from leadsite.webhooks.models import WebhookEvent
from tests.cases import each_case
from tests.leads.merging.pairs import customer_of, make_one
from tests.leadsite.privacy.conftest import OTHER
from tests.whatsapp import meta
from tests.whatsapp.inbox import Inbox, deliver
from whatsapp.inbound import replay
from whatsapp.media.fetching import fetch_due
from whatsapp.models import Channel, WebhookDelivery
from whatsapp.outbound.routing import find_route_of_reply

pytestmark = pytest.mark.django_db
WORDS = ("6505551234", "Sheena", "NDTA2NTU1NTEyMzQ", "MTY1MDU1NTEyMzQ", meta.SHEENA_ID, "secret", "650 555", "(650)")


def dump():
    """Each row of each table as text, without the extensions' and Django's own."""
    lines = []
    with connection.cursor() as cursor:
        for table in connection.introspection.table_names(cursor):
            if table not in ("django_migrations", "auth_permission", "django_content_type"):
                cursor.execute(f'SELECT t::text FROM "{table}" AS t')
                lines += [(table, row) for (row,) in cursor.fetchall()]
                cursor.execute(
                    "SELECT column_name FROM information_schema.columns WHERE table_name = %s AND data_type = 'bytea'",
                    [table],
                )
                for (column,) in cursor.fetchall():
                    cursor.execute(f"SELECT encode({column}, 'escape') FROM {table}")
                    lines += [(table, str(row)) for (row,) in cursor.fetchall()]
    return lines


def traces():
    return sorted({(table, word) for table, row in dump() for word in WORDS if word in row})


def test_nothing_of_the_person_is_left_and_everything_of_others(person, owner):
    assert len({table for table, _ in traces()}) > 10
    erasure = erase_customer(user_id=owner.id, customer_id=person.pk)
    assert traces() == []
    assert (erasure.pending, erasure.finished_at is None) == (None, False)
    assert erasure.removed["webhook_deliveries"] == 3
    other = Customer.objects.get()
    assert other.phone == f"+{OTHER}"
    assert Message.objects.get().content == "Ask [erased], [erased]"
    assert Lead.objects.get().details == "Ask [erased], [erased]"
    assert Conversation.objects.count() == 1
    assert ImportRefusal.objects.get().cells == ["Otto", "+44 7700 900123"]
    assert [row["line"] for row in (ImportRun.objects.get().preview or {})["rows"]] == [3]
    assert "wamid.other" in bytes(WebhookDelivery.objects.get().body).decode()
    assert WebhookEvent.objects.filter(user=owner.user).exists()
    assert FailedTransaction.objects.get().error == "of [erased]"
    assert not LogEntry.objects.exists()


def test_a_repeated_request_with_the_persons_key_is_refused(person, owner):
    erase_customer(user_id=owner.id, customer_id=person.pk)
    assert IdempotencyKey.objects.get().key == "order-of-[erased]"


def test_replays_do_not_bring_the_person_back(person, owner):
    bodies = [bytes(body) for body in WebhookDelivery.objects.values_list("body", flat=True)]
    erase_customer(user_id=owner.id, customer_id=person.pk)
    for body in bodies:
        WebhookDelivery.objects.create(provider="cloud", body=body, state="failed", signed_by=["list"])
    list(replay.replay_each(WebhookDelivery.objects.values_list("pk", flat=True)))
    assert Customer.objects.count() == 1
    left = [row for row in dump() if "no JSON" not in row[1]]
    assert {word for _, row in left for word in WORDS if word in row} == set()


def test_another_business_keeps_the_same_person(person, owner, stranger):
    theirs = Inbox(stranger, channel="999")
    delivery = theirs.gets(meta.text("Hello", id="wamid.theirs"), contacts=[meta.contact()])
    erase_customer(user_id=owner.id, customer_id=person.pk)
    assert theirs.counts() == (1, 1, 1, 1)
    delivery.refresh_from_db()
    assert b"Sheena" in bytes(delivery.body)
    theirs.gets(meta.text("Again", id="wamid.again"))
    assert len(theirs.messages) == 2


def test_what_came_through_a_number_that_is_nobodys_yet_waits_for_its_business(person, owner, stranger):
    deliver(meta.messages_value("999", messages=[meta.text("For C")], contacts=[meta.contact()]))
    erase_customer(user_id=owner.id, customer_id=person.pk)
    theirs = Inbox(stranger, channel="999")
    list(replay.replay_each(WebhookDelivery.objects.filter(state="unrouted").values_list("pk", flat=True)))
    assert [message.content for message in theirs.messages] == ["For C"]


def test_what_came_through_a_number_before_it_moved_stays_with_who_had_it(inbox, stranger):
    before = inbox.gets(meta.text("For the owner"), contacts=[meta.contact()])
    Channel.objects.update(user=stranger.user)
    inbox.gets(meta.text("For the next"), contacts=[meta.contact()])
    erase_customer(user_id=stranger.id, customer_id=Customer.objects.get(user=stranger.user).pk)
    assert list(WebhookDelivery.objects.all()) == [before]
    assert b"For the owner" in bytes(WebhookDelivery.objects.get().body)
    erase_customer(user_id=inbox.business.id, customer_id=Customer.objects.get().pk)
    assert not WebhookDelivery.objects.exists()


def test_another_business_keeps_its_log_and_the_errors_of_its_deliveries(person, owner, stranger):
    theirs = customer_of(stranger.has_lead(customer_phone=person.phone, customer_name="Sheena"))
    LogEntry.objects.log_actions(str(stranger.id), [theirs], CHANGE, f"was {person.phone}")
    delivery = Inbox(stranger, channel="999").gets(meta.text(), contacts=[meta.contact()])
    error = f"message {meta.wamid()}: x"
    WebhookDelivery.objects.filter(pk=delivery.pk).update(error=error)
    erase_customer(user_id=owner.id, customer_id=person.pk)
    entry = LogEntry.objects.get()
    assert (entry.object_id, entry.change_message) == (str(theirs.pk), f"was {person.phone}")
    delivery.refresh_from_db()
    assert delivery.error == error


def test_the_log_loses_mentions_by_people_of_the_business_and_the_persons_rows_by_whomsoever(
    person, owner, stranger, admin_user
):
    other = Customer.objects.get(phone=f"+{OTHER}")
    Membership.objects.create(
        person=(agent := User.objects.create_user("agent@example.com")), business=owner.user, role="agent"
    )
    for user in (owner.user, admin_user, agent):
        LogEntry.objects.log_actions(str(user.pk), [other], CHANGE, f"was {person.phone}")
    LogEntry.objects.log_actions(str(stranger.id), [person], CHANGE, "by one who left")
    erase_customer(user_id=owner.id, customer_id=person.pk)
    assert list(LogEntry.objects.values_list("change_message", flat=True)) == ["was [erased]"] * 3


def test_an_erasure_that_was_interrupted_is_finished_by_a_worker(person, owner, monkeypatch):
    def killed(*arguments, **options):
        raise SystemExit

    with monkeypatch.context() as patch:
        patch.setattr(erasing, "erase_in", killed)
        with pytest.raises(SystemExit):
            erase_customer(user_id=owner.id, customer_id=person.pk)
    assert Customer.objects.count() == 1
    assert "Sheena" not in str(Erasure.objects.get().pending)
    assert finish_erasures() == 1
    assert traces() == []
    assert finish_erasures() == 0


@pytest.mark.parametrize("error", [RuntimeError, OSError, DataError])
def test_an_erasure_that_fails_does_not_keep_the_others_waiting(owner, stranger, monkeypatch, error):
    failing, _ = (
        erase_customer(user_id=business.id, customer_id=customer_of(business.has_lead()).pk, seconds=-1)
        for business in (owner, stranger)
    )

    def fails(name, search, **options):
        if search.user_id == owner.id:
            raise error("of this person")
        return erase_in(name, search, **options)

    monkeypatch.setattr(erasing, "erase_in", fails)
    with pytest.raises(ExceptionGroup, match="1 of 2 erasures failed") as failed, capture_logs() as logs:
        finish_erasures()
    assert [type(one) for one in failed.value.exceptions] == [error]
    assert [log["erasure"] for log in logs if log["event"] == "erasure_failed"] == [str(failing.pk)]
    assert list(Erasure.objects.filter(finished_at=None)) == [failing]
    monkeypatch.undo()
    assert finish_erasures() == 1
    assert not Erasure.objects.filter(finished_at=None).exists()


@pytest.mark.parametrize("seconds", [0, 2, 4, 7, 11, 16, 22])
def test_an_erasure_whose_time_ends_anywhere_is_finished_by_a_worker(person, owner, monkeypatch, seconds):
    """Also in the middle of a large file, or of a table."""
    run = ImportRun.objects.create(user=owner.user, file_name="june.csv", state="preview")
    store_file(run=run, file=io.BytesIO(b"Phone,Name\n" + b"+447700900123,Otto\n" * 200 + b"+16505551234,Sheena\n"))
    with monkeypatch.context() as patch:
        patch.setattr(files, "BLOCK", 1000)
        patch.setattr(rows, "RANGE", 1)
        # Each look at the clock is a second after the last one.
        patch.setattr(erasing, "time", Mock(monotonic=count().__next__))
        erasure = erase_customer(user_id=owner.id, customer_id=person.pk, seconds=seconds)
    assert erasure.finished_at is None
    run.refresh_from_db()
    # The file has four blocks.
    assert run.state == ("preview" if seconds < 5 else "failed")
    assert finish_erasures() == 1
    assert traces() == []
    run.refresh_from_db()
    assert (run.state, run.error) == ("failed", files.ERASED)


def test_where_the_connection_is_lost_no_other_erasure_is_tried(owner, monkeypatch):
    for _ in range(2):
        erase_customer(user_id=owner.id, customer_id=customer_of(owner.has_lead()).pk, seconds=-1)
    lost = Mock(side_effect=OperationalError("server closed the connection"))
    monkeypatch.setattr(erasing, "finish_erasure", lost)
    monkeypatch.setattr(connection, "is_usable", lambda: False)
    with pytest.raises(OperationalError):
        finish_erasures()
    assert lost.call_count == 1


@each_case("is_undone", [True, False])
def test_a_merge_forgets_who_has_begun_a_new_customer_since(is_undone, inbox, owner):
    inbox.gets(meta.text("one", id="wamid.1"), contacts=[meta.contact()])
    source, target = Customer.objects.get(), customer_of(owner.has_lead(customer_name="Otto"))
    done = make_one(owner, source, target)
    inbox.gets(meta.text("two", id="wamid.2", timestamp=int(clock.now().timestamp()) + 60))
    begun = Customer.objects.get(phone=source.phone)
    if is_undone:
        undo_merge(user_id=owner.id, merge_id=done.pk)
        # Staff's correction leaves no link to the number before.
        Customer.objects.filter(pk=begun.pk).update(phone="+4915199999999")
    erase_customer(user_id=owner.id, customer_id=begun.pk)
    merges = " ".join(row for table, row in dump() if table == "customer_merges")
    assert [one for one in (meta.SHEENA, "Sheena") if one in merges] == []
    with pytest.raises(MergeRefused):
        undo_merge(user_id=owner.id, merge_id=done.pk)
    assert Customer.objects.get() == target


def test_a_customer_keeps_the_texts_but_not_the_number_of_who_was_merged_and_has_begun_anew(inbox, owner):
    inbox.gets(meta.text("one", id=meta.wamid()), contacts=[meta.contact()])
    source, target = Customer.objects.get(), customer_of(owner.has_lead(customer_name="Otto"))
    make_one(owner, source, target)
    inbox.gets(meta.text("two", id="wamid.2", timestamp=int(clock.now().timestamp()) + 60))
    begun = Customer.objects.get(phone=source.phone)
    erase_customer(user_id=owner.id, customer_id=begun.pk)
    number = {word for word in WORDS if word not in ("Sheena", "secret")}
    assert [row for row in dump() if any(word in row[1] for word in number)] == []
    left = Message.objects.get()
    assert (left.content, left.address, left.provider_id) == ("one", "", None)
    assert find_route_of_reply(left.conversation).address == target.phone


def test_a_merge_forgets_who_has_the_number_that_was_the_other_customers(owner):
    source, target = (customer_of(owner.has_lead(customer_name=name)) for name in ("Ana", "Otto"))
    make_one(owner, source, target)
    Customer.objects.filter(pk=target.pk).update(phone="+4915199999999")
    begun = customer_of(owner.has_lead(customer_phone=target.phone))
    erase_customer(user_id=owner.id, customer_id=begun.pk)
    assert [row for table, row in dump() if table == "customer_merges" and target.phone in row] == []


def test_the_history_of_a_merged_customer_goes_with_the_person_also_where_another_has_the_number(owner):
    source, target = (customer_of(owner.has_lead(customer_name=name)) for name in ("Sheena", "Otto"))
    LogEntry.objects.log_actions(str(owner.id), [source], CHANGE, "")
    make_one(owner, source, target)
    owner.has_lead(customer_phone=source.phone)
    erase_customer(user_id=owner.id, customer_id=target.pk)
    assert traces() == []


def test_a_customer_of_another_business_is_unknown(person, stranger):
    with pytest.raises(PersonUnknown):
        erase_customer(user_id=stranger.id, customer_id=person.pk)
    assert not ErasedMark.objects.exists()


def test_the_files_of_the_person_go_from_the_storage(inbox, settings):
    settings.WHATSAPP_BACKEND = "console"
    for sender in (meta.SHEENA, OTHER):
        inbox.gets(meta.message("image", {"id": sender}, from_=sender))
    fetch_due()
    hers, other = StoredMedia.objects.order_by("pk").values_list("name", flat=True)
    customer = Customer.objects.get(phone=f"+{meta.SHEENA}")
    erase_customer(user_id=inbox.business.id, customer_id=customer.pk)
    assert StoredMedia.objects.get().name == other
    assert media_storage().exists(other)
    assert not media_storage().exists(hers)
    assert not media_storage().exists(hers + SMALL)


def test_files_that_cannot_be_deleted_at_once_are_deleted_later(inbox, settings, monkeypatch):
    settings.WHATSAPP_BACKEND = "console"
    inbox.gets(meta.message("image", {"id": "5"}))
    fetch_due()
    (name,) = StoredMedia.objects.values_list("name", flat=True)
    monkeypatch.setattr("conversations.media.files.delete", lambda *names: 1 / 0)
    erase_customer(user_id=inbox.business.id, customer_id=Customer.objects.get().pk)
    row = StoredMedia.objects.get()
    assert (row.message_id, row.provider_id, row.name) == (None, "", name)
    monkeypatch.undo()
    assert delete_orphans() == 1
    assert (StoredMedia.objects.exists(), media_storage().exists(name)) == (False, False)
