import pytest

from leads.importing.readers.rows import UnreadableFile
from leads.importing.sample import read_sample
from tests.leads.importing.tables import HEADER, ROW, opened


def test_the_sample_is_still_in_the_table():
    data = "\n".join([HEADER, *[ROW] * 9, "a,b,c,d,e"])
    table = opened(data)
    sample, table = read_sample(table, 10)
    assert [len(sample), len(list(table.rows))] == [9, 10]
    sample, table = read_sample(opened(data), 3)
    assert [len(sample), len(list(table.rows))] == [3, 10]


def test_a_file_that_ends_badly_still_has_the_rows_before():
    table = opened(f'{HEADER}\n{ROW}\n"open,quote')
    sample, table = read_sample(table)
    assert len(sample) == 1
    rows = iter(table.rows)
    assert next(rows).line == 2
    with pytest.raises(UnreadableFile, match="never closed"):
        next(rows)
