import io

import pytest

from leads.importing.readers.rows import UnreadableFile
from tests.leads.importing.tables import HEADER, ROW, Pipe, cells_of, opened, piped, rows_of

TEXT = "phone,name\n+4915123456789,Zoë Müller €\n"
CELLS = [["phone", "name"], ["+4915123456789", "Zoë Müller €"]]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-32"])
def test_the_encoding_is_detected(encoding):
    assert cells_of(TEXT.encode(encoding)) == CELLS


def test_utf_16_with_a_byte_order_mark_is_read_in_both_orders():
    for order in ("le", "be"):
        data = ("\ufeff" + TEXT).encode(f"utf-16-{order}")
        for encoding in (None, "utf-16", "UTF_16", f"utf-16-{order}"):
            assert cells_of(data, encoding=encoding) == CELLS


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be", "cp1252", "iso8859-15", "UTF-8", "cp850"])
def test_the_encoding_can_be_given(encoding):
    text = TEXT.replace("€", "") if encoding == "cp850" else TEXT
    assert cells_of(text.encode(encoding), encoding=encoding)[1][1].startswith("Zoë Müller")


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be"])
def test_utf_16_without_a_byte_order_mark_is_read(encoding):
    assert cells_of("phone,name\n+4915123456789,Anna\n".encode(encoding)) == [
        ["phone", "name"],
        ["+4915123456789", "Anna"],
    ]


@pytest.mark.parametrize("end", ["\x1a", "\n\x1a", "\n\x1a\x1a", "\n\x1a\n", "\r\n\x1a\r\n"])
def test_ctrl_z_at_the_end_is_nothing(end):
    assert cells_of("phone,name\n+4915123456789,Anna" + end)[1:] == [["+4915123456789", "Anna"]]


@pytest.mark.parametrize(
    ("text", "encoding", "advice"),
    [("phone,name\n1,Zoë\n", "latin-1", "cp1252"), ("phone,name\n1,“Zoë”\n", "cp1252", "cp1252")],
)
def test_bytes_that_are_not_utf_8_are_refused_with_the_position_and_the_option(text, encoding, advice):
    data = text.encode(encoding)
    byte = next(index for index, value in enumerate(data, start=1) if value >= 0x80)
    with pytest.raises(UnreadableFile, match=rf"Line 2 is not UTF-8 text \(byte {byte} .*--encoding {advice};"):
        rows_of(data)
    assert cells_of(data, encoding=advice)[1][1] == text.split(",")[-1].strip()


def test_a_wrong_given_encoding_is_refused():
    with pytest.raises(UnreadableFile, match="Line 2 is not ASCII text"):
        rows_of(TEXT, encoding="ascii")


def test_an_invalid_byte_in_a_late_row_is_refused_after_the_rows_before_it():
    data = f"{HEADER}\n".encode() + f"{ROW}\n".encode() * 50_000 + b"+4915123456789,Zo\xeb,order,\n" + b"x,x,x,x\n" * 9
    count = 0
    with pytest.raises(UnreadableFile, match=rf"Line 50002 is not UTF-8 text \(byte {data.index(0xEB, 500) + 1}"):  # noqa: PT012 - counts rows before the error
        for row in opened(data).rows:
            count += row.error is None
    assert count == 50_000


def test_a_character_cut_off_by_the_end_of_file_is_refused():
    with pytest.raises(UnreadableFile, match="Line 2 "):
        rows_of(TEXT.encode()[:-2])


def test_characters_split_by_blocks_are_decoded():
    text = "a,b\n" + "".join(f"{number},äöü€𝒜\n" for number in range(40_000))
    data = text.encode()
    pieces = (data[start : start + 7] for start in range(0, len(data), 7))
    assert sum(row.cells[1] == "äöü€𝒜" for row in opened(Pipe(pieces)).rows) == 40_000


@pytest.mark.parametrize("encoding", ["unknown", "base64", "zip", "", "utf-8\0"])
def test_an_unknown_encoding_is_refused(encoding):
    with pytest.raises(UnreadableFile, match="no encoding"):
        opened(TEXT, encoding=encoding)


def test_a_file_of_zeros_is_refused():
    with pytest.raises(UnreadableFile, match="full of zero bytes"):
        opened(b"\0" * 1000)


def test_the_position_goes_from_0_to_1():
    table = opened(f"{HEADER}\n" + f"{ROW}\n" * 50_000)
    seen = []
    for _ in table.rows:
        position = table.position()
        assert position is not None
        seen.append(position)
    assert seen == sorted(seen)
    assert 0 < seen[0] < 0.2
    assert seen[-1] == 1


def test_the_position_is_relative_to_where_reading_of_the_stream_began():
    stream = io.BytesIO(b"x" * 1000 + TEXT.encode())
    stream.seek(1000)
    table = opened(stream)
    list(table.rows)
    assert table.position() == 1


def test_a_pipe_has_no_position():
    table = opened(piped(f"{ROW}\n".encode(), 1000, f"{HEADER}\n".encode()))
    list(table.rows)
    assert table.position() is None
