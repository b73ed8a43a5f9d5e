"""Workers that are killed or suspended, and a provider with all kinds of failures: nothing is sent twice.

The stub of the Graph API records the messages that it accepted; afterwards they are compared with the rows.
"""

import random
import signal
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import requests

from conversations.models import Message
from tests.database_proxy import database_proxy
from tests.factories import Business
from tests.leadsite.workers import Worker, working
from tests.site import request, serving, until
from tests.whatsapp import graph as stub
from tests.whatsapp import meta
from tests.whatsapp.graph import Reaction, graph_api, worker_environment
from tests.whatsapp.inbox import Inbox
from tests.whatsapp.mailing import AMINA, Mailing

pytestmark = pytest.mark.django_db(transaction=True)

CUSTOMERS, MESSAGES = 50, 10
SETTLED = {"sent", "failed", "unknown"}
# The percentage of each reaction; the other requests are accepted.
REACTIONS: list[tuple[int, Reaction]] = [
    (4, stub.TOO_MANY),
    (4, stub.SERVER_ERROR),
    (3, stub.GATEWAY_503),
    (2, stub.GATEWAY_502),
    (2, stub.error(130429, title="Rate limit hit")),
    (3, stub.error(131056, title="Pair rate limit hit")),
    (1, stub.error(131026, title="Message undeliverable")),
    (1, stub.HANGS),
    (3, stub.RESET_UNREAD),
    (3, stub.RESET_READ),
    (3, stub.RESET_ACCEPTED),
    (3, stub.GARBAGE),
]


def statuses() -> set[str]:
    return set(Message.objects.filter(direction="out").values_list("status", flat=True))


def left() -> str:
    rows = Message.objects.filter(direction="out").exclude(status__in=SETTLED)
    return f"{rows.count()} left: {list(rows.values_list('status', 'attempts', 'due_at', 'error')[:5])}"


def random_failures(seed: int, requests: int) -> Any:
    """Return a function that chooses random reactions to this many requests; later ones are accepted."""
    chance = random.Random(seed)
    weights = [weight for weight, _ in REACTIONS]
    reactions = [reaction for _, reaction in REACTIONS]
    weights.append(100 - sum(weights))
    reactions.append(stub.ACCEPTED)
    asked = iter(range(requests))
    return lambda: stub.ACCEPTED if next(asked, None) is None else chance.choices(reactions, weights)[0]


def test_nothing_is_sent_twice_whatever_the_provider_answers_and_when_workers_are_killed(
    owner: Business, tmp_path: Path
):
    with graph_api(react=random_failures(seed=20261124, requests=450)) as graph:
        mailing = Mailing(owner, graph)
        for number in range(MESSAGES):
            for customer in range(CUSTOMERS):
                mailing.writes(f"{number}", to=f"+4915100000{customer:03}")
        folders = [tmp_path / name for name in ("a", "b")]
        for folder in folders:
            folder.mkdir()
        workers = [Worker(folder, **worker_environment(graph)) for folder in folders]
        try:
            for kill in range(6):
                until(partial(graph.has_had_requests, 25 * (kill + 1)), left)
                victim = kill % 2
                workers[victim].kill9()
                workers[victim] = Worker(folders[victim], **worker_environment(graph))
            until(lambda: statuses() <= SETTLED, left, seconds=240)
            assert [worker.stop() for worker in workers] == [0, 0]
        finally:
            for worker in workers:
                worker.kill9()

        assert graph.duplicates() == {}
        accepted = {entry["body"]["biz_opaque_callback_data"]: entry["provider_id"] for entry in graph.ledger}
        for customer in range(CUSTOMERS):
            texts = graph.texts(f"+4915100000{customer:03}")
            assert texts == sorted(texts)
    rows = list(Message.objects.filter(direction="out"))
    assert len(rows) == CUSTOMERS * MESSAGES
    for row in rows:
        if row.status == "sent":
            assert accepted.get(str(row.pk)) == row.provider_id
        elif row.status == "failed":
            assert str(row.pk) not in accepted
        assert row.error or row.status == "sent"
    # Only those with a broken connection, a gateway's error, an invalid response or a killed worker are unknown.
    assert sum(row.status == "sent" for row in rows) > 0.6 * len(rows)


def test_a_suspended_worker_does_not_send_a_message_after_later_ones(owner: Business, tmp_path: Path):
    with graph_api() as graph:
        mailing = Mailing(owner, graph)
        graph.queue_reactions(Reaction(accepts=True, seconds=2))
        first = mailing.writes("one")
        second = mailing.writes("two")
        (tmp_path / "a").mkdir()
        (tmp_path / "b").mkdir()
        with working(tmp_path / "a", **worker_environment(graph)) as suspended:
            until(lambda: graph.ledger, suspended.log)
            suspended.process.send_signal(signal.SIGSTOP)
            with working(tmp_path / "b", **worker_environment(graph)) as other:
                # The lease expires after 30 s; the other worker sets the first to unknown and sends the second.
                until(lambda: Message.objects.get(pk=second.pk).status == "sent", other.log, seconds=180)
                assert Message.objects.get(pk=first.pk).status == "unknown"
                suspended.process.send_signal(signal.SIGCONT)
                # The response has arrived, but the time-out has expired as well.
                until(lambda: suspended.says("message_unknown") or suspended.says("message_sent"), suspended.log)
                third = mailing.writes("three")
                until(lambda: Message.objects.get(pk=third.pk).status == "sent", other.log)
        assert graph.texts() == ["one", "two", "three"]
        assert graph.duplicates() == {}
        told = meta.status("delivered", id="wamid.000001", biz_opaque_callback_data=str(first.pk))
        Inbox(owner).gets_statuses(told)
        assert Message.objects.get(pk=first.pk).status == "delivered"


def test_a_message_whose_web_server_was_killed_after_commit_is_stored_and_sent_once(owner: Business, tmp_path: Path):
    with graph_api() as graph, database_proxy() as proxy:
        Mailing(owner, graph)
        body = {"to": AMINA, "message": "Hello", "createLead": True, "customerName": "Amina"}
        headers = {"Authorization": f"Bearer {owner.api_key}"}
        with serving(proxy.url(), tmp_path) as site:
            proxy.drop_commit_responses()
            with ThreadPoolExecutor(1) as pool:
                answer = pool.submit(request, "POST", f"{site.address}/api/whatsapp", json=body, headers=headers)
                until(proxy.committed.is_set, site.log)
                until(Message.objects.exists, site.log)
                site.kill9()
                assert isinstance(answer.exception(), requests.ConnectionError)
        with working(tmp_path, **worker_environment(graph)) as worker:
            until(lambda: Message.objects.get().status == "sent", worker.log)
        assert graph.texts() == ["Hello"]
    assert owner.row_counts() == (1, 1, 1)
