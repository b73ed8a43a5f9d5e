"""Metric files have no holes, in which a full disk would end a process."""

from contextlib import closing
from pathlib import Path

from leadsite.core.metric_files.allocated import AllocatedDict


def test_a_file_that_grows_has_no_holes(tmp_path: Path) -> None:
    with closing(AllocatedDict(str(tmp_path / "counter_1.db"))) as values_of:
        for number in range(2000):
            values_of.write_value(f"{number:0100}", 1.0, 0.0)
        found = (tmp_path / "counter_1.db").stat()
        assert found.st_size > 200_000
        assert found.st_blocks * 512 >= found.st_size
        assert len(list(values_of.read_all_values())) == 2000
