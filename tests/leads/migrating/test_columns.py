import pytest

from leads.migrating.columns import find_columns
from leads.migrating.sources.records import UnreadableSource


def test_columns_are_found_by_other_names():
    columns = find_columns("messages", ("ID", "Role", "body", "created_at", "timestamp", "media_url"))
    cells = ["1", "user", "Hi", "2025-01-01", None, "x"]
    assert (columns.read(cells, "kind"), columns.read(cells, "text")) == ("user", "Hi")
    assert columns.read(cells, "created_at") == "2025-01-01"  # the first that is filled
    assert columns.unread == ("media_url",)


def test_a_missing_optional_column_is_blank():
    columns = find_columns("leads", ("id",))
    assert columns.read(["1"], "status") == ""
    assert columns.read([], "id") == ""


def test_a_missing_column_that_is_needed_is_named():
    with pytest.raises(UnreadableSource, match="no column customer_phone or phone"):
        find_columns("conversations", ("id", "status"))
