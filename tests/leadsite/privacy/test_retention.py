"""What is older than the settings say is deleted, what is younger stays, and 0 keeps everything."""

from datetime import timedelta

import pytest
from django.db import DataError, connection
from structlog.testing import capture_logs

from conversations.media.files import media_storage
from conversations.models import Conversation, Customer, Message, StoredMedia
from conversations.services.media import delete_orphans
from leads.merging.services import undo_merge
from leads.models import ImportRefusal, ImportRun, Lead
from leadsite.core import clock
from leadsite.monitoring.integrity import check_integrity
from leadsite.privacy import retention
from leadsite.privacy.retention import delete_old
from tests.database import rows_read, use_indexes
from tests.leads.merging.pairs import make_one
from tests.leadsite.monitoring.failing import failing
from tests.whatsapp import meta
from tests.whatsapp.inbox import Inbox
from whatsapp.media.fetching import fetch_due

pytestmark = pytest.mark.django_db


@pytest.fixture
def inbox(owner):
    return Inbox(owner)


def age(table, **columns):
    """Set times of all rows of a table, in days ago."""
    with connection.cursor() as cursor:
        for column, days in columns.items():
            cursor.execute(f"UPDATE {table} SET {column} = now() - make_interval(days => %s)", [days])


def run(should_stop=lambda: False):
    return delete_old(now=clock.now(), should_stop=should_stop)


def seconds(days):
    return int((clock.now() - timedelta(days=days)).timestamp())


def test_by_default_everything_is_kept(inbox):
    inbox.gets(meta.text())
    age("leads", updated_at=5000)
    assert run() == {}
    assert inbox.counts() == (1, 1, 1, 1)


@pytest.mark.parametrize(
    ("status", "days", "kept"), [("lost", 31, 0), ("converted", 31, 0), ("lost", 29, 1), ("new", 99, 1)]
)
def test_closed_leads_go_with_their_conversation_and_customer(inbox, settings, status, days, kept):
    settings.CLOSED_LEAD_DAYS = 30
    inbox.gets(meta.text(timestamp=seconds(days + 1)))
    Lead.objects.update(status=status)
    age("leads", updated_at=days)
    run()
    assert inbox.counts() == (kept, kept, kept, kept)
    assert check_integrity() == []


def test_a_customer_who_wants_no_marketing_stays(inbox, settings):
    settings.CLOSED_LEAD_DAYS = 30
    inbox.business.has_lead()
    Lead.objects.update(status="lost")
    age("leads", updated_at=31)
    age("customers", marketing_choice_at=99, marketing_opted_out_at=99)
    assert run() == {"leads": 1}
    assert (Customer.objects.count(), Conversation.objects.count()) == (1, 0)


def test_a_conversation_with_a_younger_message_stays(inbox, settings):
    settings.CLOSED_LEAD_DAYS = 30
    inbox.gets(meta.text(timestamp=seconds(60)), meta.text(timestamp=seconds(1)))
    Lead.objects.update(status="lost")
    age("leads", updated_at=31)
    assert run() == {"leads": 1}
    assert inbox.counts() == (1, 1, 0, 2)


def test_a_message_that_is_the_first_of_a_lead_elsewhere_goes(inbox, settings):
    """After a merge and its undo: it came in between, late, and is before the first message of the other customer."""
    settings.CLOSED_LEAD_DAYS = 30
    inbox.gets(meta.text("Otto's", from_="447700900123", timestamp=seconds(50)))
    inbox.gets(meta.text("Sheena's", timestamp=seconds(40)))
    (others, hers), (otto, sheena) = inbox.leads, inbox.customers
    Lead.objects.filter(pk=hers.pk).update(status="lost")
    merge = make_one(inbox.business, sheena, otto)
    inbox.gets(meta.text("Sheena's late one", timestamp=seconds(60)))
    undo_merge(user_id=inbox.business.id, merge_id=merge.pk)
    others.refresh_from_db()
    assert others.first_message.conversation_id == hers.conversation_id
    age("leads", updated_at=31)
    assert run() == {"leads": 1}
    others.refresh_from_db()
    assert (others.first_message, inbox.counts()) == (None, (1, 1, 1, 1))


def test_old_messages_go_and_the_lead_stays(inbox, settings):
    settings.MESSAGE_DAYS = 30
    inbox.gets(meta.text("old", timestamp=seconds(31)), meta.text("young", timestamp=seconds(29)))
    assert run() == {"messages": 1}
    assert [message.content for message in inbox.messages] == ["young"]
    assert (Lead.objects.get().details, Lead.objects.get().first_message_id) == ("old", None)
    assert Conversation.objects.get().waiting_since == Message.objects.get().sort_at
    assert check_integrity() == []


def test_a_message_that_waits_to_be_sent_stays(inbox, settings):
    settings.MESSAGE_DAYS = 30
    lead = inbox.business.has_lead()
    common = {"user": inbox.business.user, "conversation_id": lead.conversation_id, "direction": "out"}
    Message.objects.create(status="queued", **common)
    Message.objects.create(status="sent", **common)
    age("messages", sort_at=31)
    assert run() == {"messages": 1}
    assert Message.objects.get().status == "queued"


def test_media_go_and_the_text_stays(inbox, settings):
    settings.MEDIA_DAYS = 30
    picture = {"id": "12345", "caption": "Look", "mime_type": "image/jpeg", "sha256": "x"}
    inbox.gets(meta.message("image", picture, timestamp=seconds(31)))
    assert run() == {"media": 1}
    message = Message.objects.get()
    assert "12345" not in str([message.parts, message.extras])
    assert "Look" in message.content


def test_the_bytes_of_media_go_after_them(inbox, settings):
    settings.MEDIA_DAYS, settings.WHATSAPP_BACKEND = 30, "console"
    inbox.gets(*(meta.message("image", {"id": str(days)}, timestamp=seconds(days)) for days in (31, 29)))
    fetch_due()
    old, young = StoredMedia.objects.order_by("message__sort_at").values_list("name", flat=True)
    run()
    assert delete_orphans() == 1
    assert (media_storage().exists(old), media_storage().exists(young)) == (False, True)


def test_the_bytes_of_old_messages_go_after_them(inbox, settings):
    settings.MESSAGE_DAYS, settings.WHATSAPP_BACKEND = 30, "console"
    inbox.gets(meta.message("image", {"id": "5"}, timestamp=seconds(31)))
    fetch_due()
    (name,) = StoredMedia.objects.values_list("name", flat=True)
    assert run() == {"messages": 1}
    assert delete_orphans() == 1
    assert not media_storage().exists(name)


def test_a_file_that_waits_to_be_sent_stays(inbox, settings):
    settings.MEDIA_DAYS = 30
    lead = inbox.business.has_lead()
    common = {"user": inbox.business.user, "conversation_id": lead.conversation_id, "direction": "out"}
    Message.objects.create(status="queued", parts={"media": []}, **common)
    age("messages", sort_at=31)
    assert run() == {}


def test_refusals_and_previews_go(inbox, settings):
    settings.REFUSAL_DAYS = 30
    user = inbox.business.user
    old = ImportRun.objects.create(user=user, file_name="a.csv", state="finished", preview={"rows": []}, trial={})
    ImportRefusal.objects.create(user=user, run=old, line=2, reason="x", cells=["a"])
    age("import_refusals", created_at=31)
    age("import_runs", updated_at=31)
    assert run() == {"refusals": 1, "previews": 1}
    old.refresh_from_db()
    assert (old.preview, old.trial, ImportRefusal.objects.count()) == (None, None, 0)


def filled(inbox, young=1):
    """Five old leads, messages, files, refused rows and previews, with so many young ones in front and one behind."""
    user = inbox.business.user
    for _ in range(young + 6):
        conversation_id = inbox.business.has_lead(status="lost").conversation_id
        message = {"direction": "in", "status": "received", "parts": {"media": []}}
        Message.objects.create(user=user, conversation_id=conversation_id, **message)
        run = ImportRun.objects.create(user=user, file_name="a.csv", state="finished", trial={})
        ImportRefusal.objects.create(user=user, run=run, line=2, reason="x", cells=["a"])
    for table, column in (
        *(("leads", "updated_at"), ("messages", "sort_at")),
        *(("import_refusals", "created_at"), ("import_runs", "updated_at")),
    ):
        old = f"SELECT id FROM {table} ORDER BY id OFFSET {young} LIMIT 5"
        with connection.cursor() as cursor:
            cursor.execute(f"UPDATE {table} SET {column} = now() - interval '31 days' WHERE id IN ({old})")


SETTINGS = {
    "CLOSED_LEAD_DAYS": {"leads": 5},
    "MESSAGE_DAYS": {"messages": 5},
    "MEDIA_DAYS": {"media": 5},
    "REFUSAL_DAYS": {"refusals": 5, "previews": 5},
}


@pytest.mark.parametrize("setting", SETTINGS)
@pytest.mark.parametrize(("chunk", "rows"), [(2, 3), (1, 1), (5, 7), (500, 20_000)])
def test_in_chunks_of_ranges_everything_old_goes_and_nothing_young(inbox, settings, monkeypatch, setting, chunk, rows):
    monkeypatch.setattr(retention, "CHUNK", chunk)
    monkeypatch.setattr(retention, "RANGE", rows)
    filled(inbox)
    setattr(settings, setting, 30)
    assert run() == SETTINGS[setting]
    assert run() == {}
    assert check_integrity() == []


def test_where_the_worker_stops_the_rest_is_left_to_the_next_night(inbox, settings, monkeypatch):
    monkeypatch.setattr(retention, "CHUNK", 2)
    filled(inbox)
    settings.CLOSED_LEAD_DAYS = settings.REFUSAL_DAYS = 30
    asked = iter([False, False, True])
    assert run(should_stop=lambda: next(asked, True)) == {"leads": 4}
    assert run() == {"leads": 1, "refusals": 5, "previews": 5}


def test_what_stays_is_read_once_a_night_and_not_again_for_each_chunk(inbox, settings, monkeypatch):
    monkeypatch.setattr(retention, "CHUNK", 1)
    filled(inbox, young=60)
    use_indexes()
    settings.REFUSAL_DAYS = 30
    before = rows_read("import_refusals")
    assert run() == SETTINGS["REFUSAL_DAYS"]
    # Once for the end of the range, once for the rows in it, and those that are deleted.
    assert rows_read("import_refusals") - before < 3 * 66


def test_a_kind_of_rows_that_fails_does_not_keep_the_others(inbox, settings):
    filled(inbox)
    settings.CLOSED_LEAD_DAYS = settings.REFUSAL_DAYS = 30
    with (
        failing("leads", "22000", event="DELETE"),
        capture_logs() as logs,
        pytest.raises(ExceptionGroup, match="1 kinds of old rows were not deleted") as failed,
    ):
        run()
    assert [type(one) for one in failed.value.exceptions] == [DataError]
    assert [log["rows"] for log in logs if log["event"] == "old_rows_not_deleted"] == ["leads"]
    assert run() == {"leads": 5}


def test_where_the_connection_is_lost_no_other_kind_is_tried(inbox, settings, monkeypatch):
    filled(inbox)
    settings.CLOSED_LEAD_DAYS = settings.REFUSAL_DAYS = 30
    monkeypatch.setattr(connection, "is_usable", lambda: False)
    with failing("leads", "22000", event="DELETE"), pytest.raises(DataError):
        run()
    assert ImportRefusal.objects.count() == 7
