"""Arguments of import_leads: the file and the column mapping."""

import hashlib
import io
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from leads.importing.columns.fields import UnknownColumns
from leads.importing.command_line import open_input, parse_mapping


def test_a_file_is_opened_at_its_beginning_with_its_digest(tmp_path: Path) -> None:
    path = tmp_path / "leads.csv"
    path.write_bytes(b"name,phone\n")
    with open_input(str(path)) as (file, digest):
        assert file.read() == b"name,phone\n"
    assert digest == hashlib.sha256(b"name,phone\n").hexdigest()


def test_standard_input_has_no_digest(monkeypatch: pytest.MonkeyPatch) -> None:
    given = io.BytesIO(b"name\n")
    monkeypatch.setattr(sys, "stdin", SimpleNamespace(buffer=given))
    with open_input("-") as (file, digest):
        assert (file, digest) == (given, "")


def test_a_column_name_may_contain_an_equals_sign() -> None:
    assert parse_mapping(["Tel=customer_phone", "a=b= details"]) == {"Tel": "customer_phone", "a=b": "details"}


@pytest.mark.parametrize("pair", ["Tel", "=customer_phone", ""])
def test_a_pair_without_column_or_field_is_refused(pair: str) -> None:
    with pytest.raises(UnknownColumns, match="COLUMN=FIELD"):
        parse_mapping([pair])
