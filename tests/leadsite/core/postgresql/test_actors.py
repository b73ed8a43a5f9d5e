"""Who acts: in a block, in a request, in a process."""

import pytest
import structlog

from leadsite.core.postgresql import actors
from leadsite.core.postgresql.actors import Actor, ActorKind, acting, actor_of_request, become, current

ANNA = Actor(ActorKind.PERSON, id="1", name="Anna")
WORKER = Actor(ActorKind.WORKER, name="prune_deliveries")


def test_a_block_has_its_actor_and_what_is_said_within_ends_with_it():
    assert current() is None
    with acting(None):
        become(ANNA)
        with acting(WORKER):
            assert current() == WORKER
        assert current() == ANNA
    assert current() is None


def test_a_process_acts_where_nobody_else_does(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(actors, "_process", [])
    actors.set_process_actor(WORKER)
    assert current() == WORKER
    with acting(ANNA):
        assert current() == ANNA
    actors.set_process_actor(ANNA)
    assert current() == ANNA


def test_the_id_of_the_request_comes_along():
    with structlog.contextvars.bound_contextvars(request_id="r-1"):
        assert actor_of_request(ActorKind.KEY, actor_id="ls_1", name="Shop").request_id == "r-1"


def test_a_part_is_one_line_of_a_limited_length():
    assert Actor(ActorKind.IMPORT, name="a\x1fb\nc").setting == b"E'import\x1f\x1fabc\x1f'"
    assert len(Actor(ActorKind.IMPORT, name="x" * 5000).setting) < 300
