import pytest

from leads.migrating.sources.files import read_source
from leads.migrating.sources.records import UnreadableSource


def test_a_folder_has_a_file_for_each_table(tmp_path):
    (tmp_path / "leads_rows.csv").write_text('\ufeffid,details\n1,"two\nlines"\n2,\n')
    (tmp_path / "public.messages.csv").write_text("id;content\n3;a\r\n")
    (tmp_path / "invoices.csv").write_text("id\n4\n")
    found = [(record.table, record.line, record.cells) for record in read_source(str(tmp_path), {})]
    assert found == [("leads", 2, ["1", "two\nlines"]), ("leads", 4, ["2", None]), ("messages", 2, ["3", "a"])]


def test_a_file_may_have_any_name_where_its_table_is_said(tmp_path):
    (tmp_path / "x.csv").write_text("id\n1\n")
    assert [record.table for record in read_source(None, {"leads": str(tmp_path / "x.csv")})] == ["leads"]
    with pytest.raises(UnreadableSource, match="--leads, --conversations or --messages"):
        list(read_source(str(tmp_path / "x.csv"), {}))


def test_what_is_no_source_says_what_to_do(tmp_path):
    with pytest.raises(UnreadableSource, match=r"no file named leads\.csv"):
        list(read_source(str(tmp_path), {}))
    (tmp_path / "toc.dat").write_text("")
    with pytest.raises(UnreadableSource, match="pg_restore"):
        list(read_source(str(tmp_path), {}))
    (tmp_path / "leads.csv").write_bytes(b"id,details\n1,\xe9\n")
    with pytest.raises(UnreadableSource, match="not in UTF-8"):
        list(read_source(str(tmp_path / "leads.csv"), {}))
