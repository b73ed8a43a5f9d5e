"""Uploaded files stored in the database."""

import io

import pytest

from leads.importing.stored_files import PIECE, open_file, store_file
from leads.models import ImportRun

pytestmark = pytest.mark.django_db


def test_a_file_of_many_pieces_is_read_unchanged(owner):
    content = bytes(range(256)) * (PIECE // 100)
    run = ImportRun.objects.create(user=owner.user, file_name="x")
    store_file(run=run, file=io.BytesIO(content))

    with open_file(run=run) as file:
        assert file.read() == content
        assert file.seek(-5, io.SEEK_END) == len(content) - 5
        assert file.read() == content[-5:]
        assert file.seek(PIECE - 2) == PIECE - 2
        assert file.read(4) == content[PIECE - 2 : PIECE + 2]
