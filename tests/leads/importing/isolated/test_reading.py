"""Files that are made to exhaust the program that reads them."""

import resource
from dataclasses import replace

import pytest

from leads.importing.isolated import reading
from tests.factories import Business
from tests.leads.importing.bombs import BOMBS, styles
from tests.leads.uploading import decide, run_worker, the_run, upload
from tests.staff import Staff, staff_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def staff(owner: Business) -> Staff:
    return staff_of(owner)


def peak() -> int:
    """The most memory that this process has had, in megabytes."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024


@pytest.mark.parametrize("kind", ["small styles", "long text", "entities", "wrong sizes", "columns"])
def test_a_bomb_is_refused_with_a_sentence_or_read_in_bounded_memory(staff, kind):
    name, make = BOMBS[kind]
    content = make()
    before = peak()
    response = upload(staff, content, name)
    assert response.status_code == 200
    run = the_run()
    assert run.preview
    problem = run.preview["problem"]
    assert problem == "" or problem[-1] in ".)?"
    # Of this process, which also is the client, and has the file's parts.
    assert peak() - before < 100 + 8 * len(content) // 2**20
    decide(staff, "import")
    run_worker()
    assert peak() - before < 250
    assert the_run().state in ("preview", "finished", "failed")


def test_styles_of_many_megabytes_are_not_read_at_all(staff):
    upload(staff, styles(40), "styles.xlsx")
    assert "too much to be safe" in (the_run().preview or {})["problem"]


def test_a_reader_without_memory_refuses_the_file(staff, monkeypatch):
    few = replace(reading.PREVIEW_LIMITS, memory=100 * 2**20)
    monkeypatch.setattr(reading, "PREVIEW_LIMITS", few)
    page = upload(staff).content.decode()
    assert "The file cannot be read: it needs too much memory" in page
    monkeypatch.undo()
