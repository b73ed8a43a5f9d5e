"""A body is read whole, within its limits, and its room is given back."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from leadsite.server import bodies
from leadsite.server.bodies import Bodies, BodyIncomplete, BodyTooLarge, BodyTooSlow, NoRoom

MIB = 1024 * 1024


async def arriving(*chunks: bytes, pause: float = 0) -> AsyncIterator[bytes]:
    for chunk in chunks:
        await asyncio.sleep(pause)
        yield chunk


def read(
    reader: Bodies,
    *chunks: bytes,
    declared: int | None = None,
    limit: int = 10 * MIB,
    is_chunked: bool = False,
    pause: float = 0,
) -> bodies.Body:
    arrived = arriving(*chunks, pause=pause)
    return asyncio.run(reader.read(arrived, declared=declared, limit=limit, is_chunked=is_chunked))


@pytest.mark.parametrize("chunks", [(), (b"",), (b"one",), (b"one", b"two"), (b"x" * MIB, b"y" * MIB)])
def test_it_is_whole(chunks: tuple[bytes, ...]):
    with read(Bodies(), *chunks) as body:
        body.file.seek(0)
        assert body.file.read() == b"".join(chunks)
        assert body.length == len(b"".join(chunks))


def test_a_declared_length_above_the_limit_is_refused_before_anything_is_read():
    with pytest.raises(BodyTooLarge, match="larger than 10 bytes"):
        read(Bodies(), declared=11, limit=10)


def test_a_body_in_chunks_is_counted():
    with pytest.raises(BodyTooLarge):
        read(Bodies(), b"x" * 6, b"x" * 6, limit=10)


@pytest.mark.parametrize(
    ("chunks", "declared"), [((b"one",), 4), ((b"one", b"", b""), 4), ((), 1), ((b"one", b"", b""), None)]
)
def test_half_of_a_body_is_none(chunks: tuple[bytes, ...], declared: int | None):
    with pytest.raises(BodyIncomplete, match="ended before it was complete"):
        read(Bodies(), *chunks, declared=declared, is_chunked=declared is None)


def test_a_complete_body_in_chunks_has_one_end():
    with read(Bodies(), b"one", b"two", b"", is_chunked=True) as body:
        assert body.length == 6


def test_the_rest_of_a_refused_body_is_read_until_its_client_is_silent(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(bodies, "SILENCE_SECONDS", 0.2)
    arrived: list[bytes] = []

    async def sent() -> AsyncIterator[bytes]:
        for number in range(3):
            arrived.append(b"%d" % number)
            yield arrived[-1]
        await asyncio.sleep(60)
        arrived.append(b"never")

    asyncio.run(Bodies().discard(sent()))
    assert arrived == [b"0", b"1", b"2"]


def test_the_rest_of_a_refused_body_is_not_read_for_ever(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(bodies, "LINGER_SECONDS", 0.2)
    asyncio.run(Bodies().discard(arriving(*[b"x"] * 10_000, pause=0.01)))


def test_a_client_that_drips_is_refused(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(bodies, "PATIENCE_SECONDS", 0.1)
    with pytest.raises(BodyTooSlow):
        read(Bodies(), *[b"x"] * 100, pause=0.02)


def test_a_slow_line_with_much_to_say_is_served(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(bodies, "PATIENCE_SECONDS", 1)
    monkeypatch.setattr(bodies, "LEAST_BYTES_PER_SECOND", 1000)
    with read(Bodies(), *[b"x" * 1000] * 10, pause=0.15) as body:
        assert body.length == 10_000


def test_large_bodies_share_the_disk_and_give_their_room_back():
    reader = Bodies(room=3 * MIB)
    with read(reader, b"x" * 2 * MIB), pytest.raises(NoRoom):
        read(reader, b"x" * 2 * MIB)
    with read(reader, b"x" * 3 * MIB):
        pass
    with read(reader, b"x" * 3 * MIB):
        pass


def test_a_refused_body_gives_its_room_back():
    reader = Bodies(room=3 * MIB)
    with pytest.raises(BodyTooLarge):
        read(reader, b"x" * MIB, b"x" * 2 * MIB, limit=2 * MIB)
    with read(reader, b"x" * 3 * MIB):
        pass


def test_small_bodies_need_no_disk():
    with read(Bodies(room=0), b"x" * bodies.IN_MEMORY_BYTES):
        pass
