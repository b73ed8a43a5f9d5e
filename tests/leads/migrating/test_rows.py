from datetime import UTC, datetime
from uuid import UUID, uuid4

from leads.importing.phones.columns import PhoneColumn
from leads.migrating.rows import Reading, read_row
from leads.migrating.sources.records import Record

READING = Reading(None, False, datetime(2026, 11, 28, tzinfo=UTC))
HEADER = ("id", "conversation_id", "content", "sender", "timestamp")


def message(**values):
    given = {"id": str(uuid4()), "conversation_id": None, "content": "Hi", "sender": "customer", "timestamp": None}
    return read_row(Record("messages", HEADER, 7, list((given | values).values())), READING, PhoneColumn())


def test_a_message_is_read():
    row = message(timestamp="2025-03-01 12:00:00+00", conversation_id=str(UUID(int=1)))
    assert (row.tbl, row.line, row.kind, row.text, row.problem) == ("messages", 7, "in", "Hi", None)
    assert (row.conversation_id, row.created_at) == (UUID(int=1), datetime(2025, 3, 1, 12, tzinfo=UTC))


def test_problems_are_named():
    assert message(id="17").problem == "The id “17” is not a UUID."
    assert message(sender="x").field == "kind"
    assert "more than 65536 characters" in (message(content="x" * 65_537).problem or "")
    broken = message(content="a\0b\ud800")
    assert "cannot be stored" in (broken.problem or "")
    assert "\0" not in broken.text + broken.cells
