import json
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leads.importing.readers.rows import UnreadableFile
from tests.leads.importing.tables import cells_of, memory_below, opened, piped, rows_of

LEAD = '{"phone": "+4915123456789", "name": "Zoë"}'


def read(data, **options):
    return cells_of(data, "leads.jsonl", **options)


def test_the_header_is_every_key_in_the_order_of_first_occurrence():
    assert read('{"a": "1", "b": "2"}\n\n{"c": "3", "a": "4"}\r\n') == [["a", "b", "c"], ["1", "2", ""], ["4", "", "3"]]


def test_values_are_read_as_the_text_in_the_file():
    line = (
        '{"int": 4915112345678, "float": 1.50, "huge": 1e400, "long": ' + "9" * 5000 + ', "nan": NaN, "yes": true,'
        ' "no": false, "null": null, "list": [1, "ä", {"a": null}, '
        + "9" * 5000
        + '], "object": {"n": 49151123456789012345}}'
    )
    header, cells = read(line)
    assert dict(zip(header, cells, strict=True)) == {
        "int": "4915112345678",
        "float": "1.50",
        "huge": "1e400",
        "long": "9" * 5000,
        "nan": "NaN",
        "yes": "true",
        "no": "false",
        "null": "",
        "list": '[1, "ä", {"a": null}, "' + "9" * 5000 + '"]',
        "object": '{"n": 49151123456789012345}',
    }


def test_a_line_of_many_lists_is_parsed_twice_at_most():
    line = json.dumps({f"k{number}": [number] * 100 for number in range(900)})
    started = time.thread_time()
    header, cells = read(line)
    # Parsing the line again for each of its lists takes many times as long on any machine.
    assert time.thread_time() - started < 2
    assert (header[-1], cells[-1]) == ("k899", json.dumps([899] * 100))


@pytest.mark.parametrize(
    ("line", "error"),
    [
        ('{"name": }', "The line is not JSON: Expecting value at column 10."),
        ("[1]", "must be a JSON object"),
        ("5", "must be a JSON object"),
        ("[" * 100_000, "nested too deeply"),
        ('{"name": ' + "[" * 100_000 + "]" * 100_000 + "}", "nested too deeply"),
        (r'{"name": "\ud800"}', "“name” has a lone surrogate"),
        (r'{"name": "\u0000"}', "“name” has a NUL"),
        ('{"name": "a\0b"}', "The line is not JSON"),
        ('{"name": "' + "x" * 2_000_000 + '"}', "“name” has more than"),
    ],
    ids=lambda value: value[:20],
)
def test_an_invalid_line_is_an_error_of_its_row_alone(line, error):
    rows = rows_of(f"{LEAD}\n{line}\n{LEAD}\n", "leads.jsonl")
    assert [(row.line, bool(row.error)) for row in rows] == [(1, False), (2, True), (3, False)]
    assert error in str(rows[1].error)


def test_the_last_value_of_a_repeated_key_is_used():
    assert read('{"a": "1", "a": "2"}') == [["a"], ["2"]]


def test_a_late_key_is_an_error_only_if_it_is_a_field_with_a_value():
    late = ['{"fax": "1"}', '{"notes": ""}', '{"notes": null}', '{"notes": "Two cakes"}', '{"notes": ["x"]}']
    rows = rows_of("\n".join([LEAD] * 1000 + [line.replace("{", LEAD[:-1] + ", ") for line in late]), "leads.jsonl")
    assert [bool(row.error) for row in rows[1000:]] == [False, False, False, True, True]
    assert "“notes” is not among the keys" in str(rows[-1].error)


def test_a_blank_object_is_not_a_row():
    assert [row.line for row in rows_of(f'{LEAD}\n{{}}\n{{"name": " "}}\n{LEAD}', "leads.jsonl")] == [1, 4]


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        ("\n \n", "is empty"),
        (f"[{LEAD}]", r"jq -c '\.\[\]' FILE"),
        (f"[\n{LEAD}\n]".replace(LEAD, "1"), r"jq -c '\.\[\]' FILE"),
        (json.dumps({"phone": "1"}, indent=1), "each object on one line"),
        ("phone,name\n1,2\n", "use --format csv"),
        ("{}\n{}\n", "JSON object"),
        (json.dumps(dict.fromkeys(map(str, range(1001)))), "1001 different keys"),
    ],
)
def test_a_file_without_objects_is_refused(data, reason):
    with pytest.raises(UnreadableFile, match=reason):
        opened(data, "leads.jsonl")


def test_encodings_are_those_of_csv():
    assert read(LEAD.encode("utf-16"))[1] == ["+4915123456789", "Zoë"]
    assert read(LEAD.encode("latin-1"), encoding="latin-1")[1] == ["+4915123456789", "Zoë"]


def test_an_endless_line_is_refused_in_bounded_memory():
    pipe = piped(b"x" * 2**18, 3 * 10**9, b'{"a": "')
    with memory_below(120), pytest.raises(UnreadableFile, match="Line 1 does not end"):
        opened(pipe, "leads.jsonl")
    assert pipe.given < 2**25


def test_memory_is_constant():
    lines = (json.dumps({"phone": "+4915123456789", "details": "x" * 2000}) + "\n").encode() * 100
    with memory_below(12):
        assert sum(1 for _ in opened(piped(lines, 50 * 10**6), "leads.jsonl").rows) > 20_000


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(), lambda inner: st.lists(inner, max_size=3)
)


@given(
    st.lists(
        st.dictionaries(st.text(st.characters(exclude_characters="\0")), values, max_size=4),
        min_size=1,
        max_size=5,
    )
)
def test_no_object_raises_an_exception(objects):
    try:
        table = opened("\n".join(map(json.dumps, objects)), "leads.jsonl")
    except UnreadableFile:
        assert not any(objects)
        return
    for row in table.rows:
        assert row.error or len(row.cells) == len(table.header)


@given(
    # Without surrogates, which a file cannot contain.
    st.lists(
        st.dictionaries(
            st.sampled_from("abc"), st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]))
        ),
        min_size=1,
    )
)
def test_texts_are_read_as_they_were_written(objects):
    objects = [{"first": "1"}, *objects]
    header, *rows = read("\n".join(json.dumps(each, ensure_ascii=False) for each in objects))
    written = [[each.get(key, "") for key in header] for each in objects]
    assert rows == [cells for cells in written if any(map(str.strip, cells))]
