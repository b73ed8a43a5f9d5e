"""Answers that are made piece by piece arrive whole, or not at all."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from django.db import DatabaseError

from leadsite.exports.models import Export, ExportFile
from leadsite.server.answers import Answer
from leadsite.server.spooling import IN_MEMORY, AnswerIncomplete, Spool
from tests.factories import Business
from tests.site import Site
from tests.staff import browsing

PIECE = b"x" * 100_000
LENGTH = "content-length"


def completed(spool: Spool, answer: Answer, method: str = "GET") -> Answer:
    assert answer.pieces
    return spool.complete(answer, answer.pieces, method)


def answer_of(*pieces: bytes | Exception, declared: int | None = None) -> tuple[Answer, list[str]]:
    """An answer of these pieces, and a list that says when it is closed."""
    closed: list[str] = []

    def made() -> Iterator[bytes]:
        for piece in pieces:
            if isinstance(piece, Exception):
                raise piece
            yield piece

    headers = [] if declared is None else [(LENGTH, str(declared))]
    return Answer(200, headers, pieces=made(), close=lambda: closed.append("closed")), closed


@pytest.fixture
def spool() -> Iterator[Spool]:
    spool = Spool()
    yield spool
    spool.close()


def test_a_small_answer_stays_in_memory_and_has_its_length(spool: Spool) -> None:
    made, closed = answer_of(b"Phone,Name\n", b"+49151,Ana\n")
    answer = completed(spool, made)
    assert (answer.body, answer.path, answer.headers) == (b"Phone,Name\n+49151,Ana\n", "", [(LENGTH, "22")])
    assert closed == ["closed"]


def test_a_large_one_is_a_file_until_the_process_ends(spool: Spool) -> None:
    pieces = [PIECE] * (IN_MEMORY // len(PIECE) + 5)
    answer = completed(spool, answer_of(*pieces)[0])
    assert answer.body == b""
    assert Path(answer.path).read_bytes() == b"".join(pieces)
    assert answer.headers == [(LENGTH, str(len(PIECE) * len(pieces)))]
    spool.close()
    assert not Path(answer.path).exists()


@pytest.mark.parametrize("before", [0, 1, 30])
def test_a_failure_in_the_middle_is_no_answer(spool: Spool, before: int) -> None:
    made, closed = answer_of(*[PIECE] * before, DatabaseError("gone"))
    with pytest.raises(DatabaseError):
        completed(spool, made)
    assert (closed, [*spool._files]) == (["closed"], [])


@pytest.mark.parametrize("pieces", [1, 30])
def test_a_file_that_is_shorter_than_announced_is_no_answer(spool: Spool, pieces: int) -> None:
    made, _ = answer_of(*[PIECE] * pieces, declared=len(PIECE) * pieces + 1)
    with pytest.raises(AnswerIncomplete, match=f"{len(PIECE) * pieces} bytes instead of"):
        completed(spool, made)
    assert [*spool._files] == []


def test_head_says_the_length_of_what_get_would_send(spool: Spool) -> None:
    assert completed(spool, answer_of(declared=1234)[0], "HEAD").headers == [(LENGTH, "1234")]


@pytest.mark.django_db(transaction=True)
def test_an_export_arrives_whole_or_is_an_error(owner: Business, served_site: Site) -> None:
    content = [PIECE * 8] * 3
    made = {"user_id": owner.id, "person_id": owner.id, "state": Export.State.FINISHED}
    export = Export.objects.create(kind="lead", format="csv", columns=["id"], **made)
    for number, piece in enumerate(content):
        ExportFile.objects.create(user_id=owner.id, export=export, number=number, content=piece)
    path = f"{served_site.address}/admin/exports/{export.pk}/file/"
    with browsing(served_site, owner) as browser:
        answer = browser.get(path, timeout=60)
        assert (answer.status_code, answer.content) == (200, b"".join(content))
        assert answer.headers[LENGTH] == str(sum(map(len, content)))
        ExportFile.objects.filter(export=export, number=1).update(number=9)
        broken = browser.get(path, timeout=60)
    assert (broken.status_code, broken.content[:1] == b"x") == (500, False)
