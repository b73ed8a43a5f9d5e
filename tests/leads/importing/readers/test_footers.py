import pytest

from tests.leads.importing.tables import opened, rows_of

TEXT = "Phone,Name,Amount\n+4915123410001,Anna,1\n+4915123410002,Bob,2\n"


def read(end):
    table = opened(TEXT + end)
    return [row.line for row in table.rows], table.notes


@pytest.mark.parametrize(
    ("end", "note"),
    [
        ("Total,,3\n", "1 line at the end was not read: “Total 3”."),
        ("\nTotal,,3\n", "1 line at the end was not read: “Total 3”."),
        (
            "\n,,\nGrand total,,3\nCopyright (c) Anna\n",
            "2 lines at the end were not read: “Grand total 3”, “Copyright (c) Anna”.",
        ),
        (
            '\n\n"Leads by status"\n"by Anna  11/1/2026 9:01 AM"\n',
            "2 lines at the end were not read: “Leads by status”, “by Anna  11/1/2026 9:01 AM”.",
        ),
        ("\n\x1a\n", None),
    ],
)
def test_totals_and_lines_after_a_blank_one_are_not_read_and_said(end, note):
    assert read(end) == ([2, 3], [note] if note else [])


@pytest.mark.parametrize(
    "end",
    [
        "\n+4915123410003\n",
        "\nCarl +49 1512 3410003\n",
        "\n,Carl,3\n",
        "Total Fitness,+4915123410003,3\n",
        "Carl\n",
        "\nCarl\n+4915123410003,Dora,3\n",
        "\nTotal,,3\n\n+4915123410003,Dora,3\n",
        "\n" + "Carl\n" * 51,
    ],
)
def test_what_may_be_a_customer_is_a_row(end):
    lines, notes = read(end)
    assert len(lines) == len([line for line in (TEXT + end).splitlines()[1:] if line])
    assert lines == sorted(lines)
    assert notes == []


def test_the_rows_before_an_unreadable_line_are_read():
    table = opened(TEXT + 'x,"open\n')
    assert [next(table.rows).line, next(table.rows).line] == [2, 3]


def test_a_table_of_one_column_has_no_footer_without_a_blank_line():
    assert len(rows_of("phone\n+4915123410001\nAnna\n")) == 2
