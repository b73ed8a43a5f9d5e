import pytest
from hypothesis import given
from hypothesis import strategies as st

from leads.migrating.sources.dumps import read_dump
from leads.migrating.sources.records import UnreadableSource
from tests.leads.migrating.old_system import OldSystem

TEXTS = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=40)


def rows(text: str) -> list[tuple[str, tuple[str, ...], list[str | None]]]:
    lines = [line + "\n" for line in text.split("\n")]
    return [(record.table, record.columns, record.cells) for record in read_dump(lines)]


@given(st.lists(st.tuples(TEXTS, TEXTS, st.none() | TEXTS), min_size=1, max_size=4))
def test_every_text_comes_back(texts):
    old = OldSystem()
    for name, details, status in texts:
        old.lead(None, customer_name=name, details=details, status=status)
    expected = [("leads", tuple(old.columns["leads"]), cells) for cells in old.cells("leads")]
    assert rows(old.dump()) == expected
    assert rows(old.inserts()) == expected


def test_tables_of_others_are_skipped():
    text = (
        'COPY auth.sessions (id) FROM stdin;\n1\n\\.\nCOPY "public"."leads" ("id", "type") FROM stdin;\n2\t\\N\n\\.\n'
        "COPY crm.leads (id) FROM stdin;\n3\n\\.\nINSERT INTO public.knowledge_base (id) VALUES ('x');\n"
    )
    assert rows(text) == [("leads", ("id", "type"), ["2", None])]


def test_literals_of_every_kind():
    text = (
        "INSERT INTO public.leads (id, details, n, type, at) VALUES ('1', E'a\\n\\'b''\\\\', -1.5, NULL,\n"
        "  '2025-01-01'::timestamp with time zone), ('2', '(, ;)', true, DEFAULT, 'x') ON CONFLICT DO NOTHING;\n"
        "INSERT INTO leads (id) VALUES ('3');\n"
    )
    assert [cells for _, _, cells in rows(text)] == [
        ["1", "a\n'b'\\", "-1.5", None, "2025-01-01"],
        ["2", "(, ;)", "true", None, "x"],
        ["3"],
    ]


def test_escapes_of_copy():
    text = "COPY public.leads (id, details) FROM stdin;\n1\ta\\\\b\\tc\\nd\\x41\\101\n\\.\n"
    assert rows(text)[0][2] == ["1", "a\\b\tc\ndAA"]


@pytest.mark.parametrize("text", ["COPY public.leads (id) FROM stdin;\n1\n", "INSERT INTO leads (id) VALUES\n('1'),\n"])
def test_a_dump_that_is_cut_off_is_refused(text):
    with pytest.raises(UnreadableSource, match="cut off"):
        rows(text)
