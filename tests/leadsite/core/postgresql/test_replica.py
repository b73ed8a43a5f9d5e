"""Which queries go to a replica, and what is done where it cannot answer. The replica here is a second connection to
the same server; tests/long has one that streams.
"""

import socket
from collections.abc import Callable, Iterator
from typing import Any

import psycopg
import pytest
from django.db import DEFAULT_DB_ALIAS, DataError, OperationalError, connection, connections, router, transaction
from django.http import Http404
from django.test.utils import CaptureQueriesContext

from conversations.models import Conversation
from leads.models import Lead
from leadsite.accounts.models import ApiKey, LastWrite
from leadsite.core import metrics
from leadsite.core.postgresql import replica
from leadsite.core.postgresql.patience import left, limit_waiting, spend
from leadsite.core.postgresql.pauses import Pause
from leadsite.core.postgresql.replica import ALIAS, Outcome, ReplicaRouter, note_write, read_from_replica
from leadsite.core.statements import fetch_rows
from leadsite.core.transactions import custom_plans
from tests.factories import Business

pytestmark = [
    pytest.mark.usefixtures("second_connection"),
    pytest.mark.django_db(transaction=True, databases=[DEFAULT_DB_ALIAS, ALIAS]),
]
Answer = Callable[..., None]
ON_REPLICA = replica._ON_REPLICA


@pytest.fixture
def outcomes(monkeypatch: pytest.MonkeyPatch) -> list[Outcome]:
    """What is counted."""
    found: list[Outcome] = []
    monkeypatch.setattr(metrics, "replica_read", found.append)
    return found


@pytest.fixture
def answer(monkeypatch: pytest.MonkeyPatch) -> Answer:
    """Let the replica say this of itself."""

    def say(*, ours: bool = True, own: bool = True, recent: bool = True) -> None:
        asked = "concat(%s::bigint, %s::bigint, %s::text, %s::bigint) <> ''"
        monkeypatch.setattr(replica, "_ON_REPLICA", f"SELECT {ours}, {own}, {recent} WHERE {asked}")

    return say


@pytest.fixture(scope="module")
def second_connection(django_db_setup: None) -> Iterator[None]:
    """Before Django asks which databases a test may use."""
    own = connection.settings_dict
    connections.settings[ALIAS] = own | {"OPTIONS": {**own["OPTIONS"]}}
    yield
    del connections.settings[ALIAS]


@pytest.fixture
def standby(
    settings: Any, monkeypatch: pytest.MonkeyPatch, outcomes: list[Outcome], answer: Answer, owner: Business
) -> Iterator[dict[str, Any]]:
    """The settings of the replica, which says that it has everything; something is noted of the owner."""
    settings.DATABASE_ROUTERS = ["leadsite.core.postgresql.replica.ReplicaRouter"]
    monkeypatch.setattr(replica, "pause", Pause(60))
    answer()
    note_write(owner.id)
    yield connections[ALIAS].settings_dict
    connections[ALIAS].close()


def where() -> str:
    """The database that leads are read from."""
    return router.db_for_read(Lead)


def tried(business: Business, *errors: Exception) -> list[str]:
    """Read, with these errors one after the other; return where it was tried."""
    found = []
    coming = list(errors)

    def once() -> None:
        found.append(where())
        if coming:
            raise coming.pop(0)

    read_from_replica(once, user_id=business.id)
    return found


def failed(cause: type[psycopg.Error]) -> OperationalError:
    error = OperationalError("the replica says so")
    error.__cause__ = cause("the replica says so")
    return error


def test_without_the_setting_nothing_is_asked(
    owner: Business, outcomes: list[Outcome], monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.delitem(connections.settings, ALIAS)
    with CaptureQueriesContext(connection) as queries:
        assert tried(owner) == [DEFAULT_DB_ALIAS]
    assert (len(queries), outcomes, LastWrite.objects.count()) == (0, [], 0)


def test_a_list_of_the_api_is_read_from_the_replica(standby: dict[str, Any], owner: Business, outcomes: list[Outcome]):
    with CaptureQueriesContext(connections[ALIAS]) as there, CaptureQueriesContext(connection) as here:
        assert owner.client.get("/api/leads").status_code == 200
    assert any('FROM "leads"' in query["sql"] for query in there)
    assert not any("api_keys" in query["sql"] for query in there)
    assert any("api_keys" in query["sql"] for query in here)
    assert not any('FROM "leads"' in query["sql"] for query in here)
    assert outcomes == [Outcome.REPLICA]


def test_only_rows_that_lists_show_are_read_there_and_nothing_is_written(standby: dict[str, Any], owner: Business):
    seen = []

    def read() -> None:
        seen.extend([router.db_for_read(model) for model in (Lead, Conversation, ApiKey)])
        seen.extend([router.db_for_write(model) for model in (Lead, ApiKey)])

    read_from_replica(read, user_id=owner.id)
    assert seen == [ALIAS, ALIAS, *[DEFAULT_DB_ALIAS] * 3]
    assert where() == DEFAULT_DB_ALIAS
    assert not ReplicaRouter().allow_migrate(ALIAS, "leads")


def test_plans_of_a_search_are_those_of_the_replica(standby: dict[str, Any], owner: Business):
    def plans() -> list[tuple[str]]:
        with custom_plans():
            return [*fetch_rows("SHOW plan_cache_mode", using=ALIAS), *fetch_rows("SHOW plan_cache_mode")]

    assert read_from_replica(plans, user_id=owner.id) == [("force_custom_plan",), ("auto",)]


def test_a_transaction_of_the_primary_reads_there(standby: dict[str, Any], owner: Business, outcomes: list[Outcome]):
    with transaction.atomic():
        assert tried(owner) == [DEFAULT_DB_ALIAS]

    def in_transaction() -> str:
        with transaction.atomic():
            return where()

    assert read_from_replica(in_transaction, user_id=owner.id) == DEFAULT_DB_ALIAS
    assert outcomes == [Outcome.REPLICA]


@pytest.mark.parametrize(
    ("state", "outcome"),
    [
        ({"own": False}, Outcome.OWN_WRITE),
        ({"recent": False}, Outcome.LAGGING),
        ({"ours": False}, Outcome.REFUSED),
    ],
)
def test_a_replica_that_does_not_have_everything_is_not_read(
    standby: dict[str, Any],
    owner: Business,
    outcomes: list[Outcome],
    answer: Answer,
    state: dict[str, bool],
    outcome: Outcome,
):
    answer(**state)
    assert tried(owner) == [DEFAULT_DB_ALIAS]
    assert outcomes == [outcome]


def test_a_server_that_is_no_standby_is_refused(
    standby: dict[str, Any], owner: Business, outcomes: list[Outcome], monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(replica, "_ON_REPLICA", ON_REPLICA)
    assert tried(owner) == [DEFAULT_DB_ALIAS]
    assert outcomes == [Outcome.REFUSED]
    assert replica.misfit() == "is no standby: it is the primary itself, or was promoted"


def test_a_business_of_which_nothing_is_noted_reads_from_the_primary_first(
    standby: dict[str, Any], stranger: Business, outcomes: list[Outcome]
):
    assert tried(stranger) == [DEFAULT_DB_ALIAS]
    assert LastWrite.objects.filter(user=stranger.user).exists()
    assert tried(stranger) == [ALIAS]
    assert outcomes == [Outcome.OWN_WRITE, Outcome.REPLICA]


def test_a_write_is_noted_for_its_business_alone(standby: dict[str, Any], owner: Business, stranger: Business):
    note_write(stranger.id)
    before = dict(LastWrite.objects.values_list("user_id", "position"))
    assert owner.client.post("/api/leads", {}, format="json").status_code == 400
    assert owner.post_lead().status_code == 201
    after = dict(LastWrite.objects.values_list("user_id", "position"))
    ((present,),) = fetch_rows(f"SELECT {replica._PRESENT}")
    assert before[owner.id] < after[owner.id] <= present
    assert after[stranger.id] == before[stranger.id]


def test_a_position_never_goes_back(standby: dict[str, Any], owner: Business):
    LastWrite.objects.filter(user=owner.user).update(position=2**62)
    note_write(owner.id)
    assert LastWrite.objects.get(user=owner.user).position == 2**62


@pytest.mark.parametrize("cause", [psycopg.errors.SerializationFailure, psycopg.errors.QueryCanceled])
def test_a_cancelled_query_is_answered_by_the_primary_and_the_next_by_the_replica(
    standby: dict[str, Any], owner: Business, outcomes: list[Outcome], cause: type[psycopg.Error]
):
    assert tried(owner, failed(cause)) == [ALIAS, DEFAULT_DB_ALIAS]
    assert tried(owner) == [ALIAS]
    assert outcomes == [Outcome.FAILED, Outcome.REPLICA]


def test_a_replica_that_does_not_go_on_answering_is_left_alone(
    standby: dict[str, Any], owner: Business, outcomes: list[Outcome]
):
    assert tried(owner, failed(psycopg.OperationalError)) == [ALIAS, DEFAULT_DB_ALIAS]
    assert tried(owner) == [DEFAULT_DB_ALIAS]
    assert outcomes == [Outcome.FAILED, Outcome.PAUSED]


def test_a_part_of_what_is_read_there_is_read_there(standby: dict[str, Any], owner: Business, outcomes: list[Outcome]):
    def read() -> list[str]:
        return [read_from_replica(where, user_id=owner.id), where()]

    assert read_from_replica(read, user_id=owner.id) == [ALIAS, ALIAS]
    assert outcomes == [Outcome.REPLICA]


def test_a_lock_on_the_replica_does_not_run_the_request_again(standby: dict[str, Any], owner: Business):
    with psycopg.connect(**_parameters()) as other:
        other.execute("LOCK TABLE leads IN ACCESS EXCLUSIVE MODE")

        def read() -> str:
            if where() == ALIAS:
                fetch_rows("SET LOCAL lock_timeout = '10ms'", using=ALIAS)
                Lead.objects.count()
            return where()

        assert read_from_replica(read, user_id=owner.id) == DEFAULT_DB_ALIAS


def test_what_the_primary_would_refuse_too_is_not_tried_again(standby: dict[str, Any], owner: Business):
    refused = DataError("a NUL")
    refused.__cause__ = psycopg.errors.CharacterNotInRepertoire("a NUL")
    with pytest.raises(DataError):
        tried(owner, refused)


def test_what_is_missing_is_looked_for_on_the_primary(
    standby: dict[str, Any], owner: Business, outcomes: list[Outcome]
):
    assert tried(owner, Http404()) == [ALIAS, DEFAULT_DB_ALIAS]
    assert outcomes == [Outcome.MISSING]
    with pytest.raises(Http404):
        tried(owner, Http404(), Http404())


def test_a_replica_that_is_away_is_left_alone_for_a_while(
    standby: dict[str, Any], owner: Business, outcomes: list[Outcome], monkeypatch: pytest.MonkeyPatch
):
    with socket.socket() as nobody:  # bound, and not listening
        nobody.bind(("127.0.0.1", 0))
        with monkeypatch.context() as away:
            away.setitem(standby, "HOST", "127.0.0.1")
            away.setitem(standby, "PORT", nobody.getsockname()[1])
            away.setitem(standby["OPTIONS"], "host", "127.0.0.1")
            away.setitem(standby["OPTIONS"], "port", nobody.getsockname()[1])
            assert tried(owner) == [DEFAULT_DB_ALIAS]
            assert tried(owner) == [DEFAULT_DB_ALIAS]
    assert outcomes == [Outcome.FAILED, Outcome.PAUSED]
    monkeypatch.setattr(replica.pause, "_until", 0.0)
    assert tried(owner) == [ALIAS]
    assert tried(owner) == [ALIAS]


def test_the_primary_has_half_of_the_time_that_was_left(standby: dict[str, Any], owner: Business):
    found = []

    def read() -> None:
        found.append(left())
        spend(0.3)

    with limit_waiting(1.0):
        read_from_replica(read, user_id=owner.id)
        found.append(left())
    assert found[0] is not None
    assert found[0] <= 0.5
    assert found[1] is not None
    assert found[1] <= 0.7


def test_a_primary_that_is_read_only_is_read(
    standby: dict[str, Any], owner: Business, outcomes: list[Outcome], monkeypatch: pytest.MonkeyPatch
):
    """As a standby that the site was left with: it has no positions, and no unlogged tables."""
    error = "SELECT 1 / length(%s::text) FROM unlogged_table"
    monkeypatch.setattr(replica, "_ON_PRIMARY", error)
    monkeypatch.setattr(replica, "_NOTE", error)
    assert tried(owner) == [DEFAULT_DB_ALIAS]
    assert outcomes == [Outcome.OWN_WRITE]


def test_a_note_that_fails_does_not_change_the_answer(
    standby: dict[str, Any], owner: Business, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
):
    monkeypatch.setattr(replica, "_NOTE", "SELECT 1 / (%s::text <> '')::int::bigint / 0")
    assert owner.post_lead().status_code == 201
    assert "write_not_noted" in caplog.text


def _parameters() -> dict[str, Any]:
    return connection.get_connection_params() | {"cursor_factory": psycopg.Cursor}
