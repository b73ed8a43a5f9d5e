"""Workers that are killed, that sleep, and a provider that does everything at once: nothing is sent twice, ever.

The stub of the Graph API keeps the ledger of what it accepted; afterwards rows and ledger are compared.
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
from tests.factories import Business
from tests.leadsite.workers import Worker, working
from tests.site import request, serving, until
from tests.whatsapp import graph as stub
from tests.whatsapp import meta
from tests.whatsapp.graph import Reaction, graph_api, pointed_at
from tests.whatsapp.inbox import Inbox
from tests.whatsapp.mailing import AMINA, Mailing
from tests.wire import wire

pytestmark = pytest.mark.django_db(transaction=True)

CUSTOMERS, MESSAGES = 50, 10
SETTLED = {"sent", "failed", "unknown"}
# Out of a hundred requests, about so many of each; the rest is accepted.
MOODS: list[tuple[int, Reaction]] = [
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


def moody(seed: int, requests: int) -> Any:
    """For so many requests it does what it likes; from then on it is well."""
    chance = random.Random(seed)
    weights = [weight for weight, _ in MOODS]
    reactions = [reaction for _, reaction in MOODS]
    weights.append(100 - sum(weights))
    reactions.append(stub.ACCEPTED)
    asked = iter(range(requests))
    return lambda: stub.ACCEPTED if next(asked, None) is None else chance.choices(reactions, weights)[0]


def test_nothing_is_sent_twice_whatever_the_provider_does_and_however_workers_die(owner: Business, tmp_path: Path):
    with graph_api(react=moody(seed=20261124, requests=450)) as graph:
        mailing = Mailing(owner, graph)
        for number in range(MESSAGES):
            for customer in range(CUSTOMERS):
                mailing.writes(f"{number}", to=f"+4915100000{customer:03}")
        folders = [tmp_path / name for name in ("a", "b")]
        for folder in folders:
            folder.mkdir()
        workers = [Worker(folder, **pointed_at(graph)) for folder in folders]
        try:
            for death in range(6):
                until(partial(graph.has_been_asked, 25 * (death + 1)), left)
                victim = death % 2
                workers[victim].kill9()
                workers[victim] = Worker(folders[victim], **pointed_at(graph))
            until(lambda: statuses() <= SETTLED, left, seconds=240)
            assert [worker.stop() for worker in workers] == [0, 0]
        finally:
            for worker in workers:
                worker.kill9()

        assert graph.doubled() == {}
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
    # What could be told was told: the unknown are those that met a cut, a gateway, nonsense, or a killed worker.
    assert sum(row.status == "sent" for row in rows) > 0.6 * len(rows)


def test_a_worker_that_slept_does_not_send_again_what_another_went_past(owner: Business, tmp_path: Path):
    with graph_api() as graph:
        mailing = Mailing(owner, graph)
        graph.next_come(Reaction(accepts=True, seconds=2))
        first = mailing.writes("one")
        second = mailing.writes("two")
        (tmp_path / "a").mkdir()
        (tmp_path / "b").mkdir()
        with working(tmp_path / "a", **pointed_at(graph)) as sleeper:
            until(lambda: graph.ledger, sleeper.log)
            sleeper.process.send_signal(signal.SIGSTOP)
            with working(tmp_path / "b", **pointed_at(graph)) as other:
                # The lease ends after half a minute; the other gives the first up and goes on with the second.
                until(lambda: Message.objects.get(pk=second.pk).status == "sent", other.log, seconds=180)
                assert Message.objects.get(pk=first.pk).status == "unknown"
                sleeper.process.send_signal(signal.SIGCONT)
                # The answer has waited for it, but Python's own time-out has run as well.
                until(lambda: sleeper.says("message_unknown") or sleeper.says("message_sent"), sleeper.log)
                third = mailing.writes("three")
                until(lambda: Message.objects.get(pk=third.pk).status == "sent", other.log)
        assert graph.texts() == ["one", "two", "three"]
        assert graph.doubled() == {}
        told = meta.status("delivered", id="wamid.000001", biz_opaque_callback_data=str(first.pk))
        Inbox(owner).gets_statuses(told)
        assert Message.objects.get(pk=first.pk).status == "delivered"


def test_a_message_whose_web_server_died_between_commit_and_answer_is_there_and_sent_once(
    owner: Business, tmp_path: Path
):
    with graph_api() as graph, wire() as line:
        Mailing(owner, graph)
        body = {"to": AMINA, "message": "Hello", "createLead": True, "customerName": "Amina"}
        headers = {"Authorization": f"Bearer {owner.api_key}"}
        with serving(line.url(), tmp_path) as site:
            line.hold_commits()
            with ThreadPoolExecutor(1) as pool:
                answer = pool.submit(request, "POST", f"{site.address}/api/whatsapp", json=body, headers=headers)
                until(line.committed.is_set, site.log)
                until(Message.objects.exists, site.log)
                site.kill9()
                assert isinstance(answer.exception(), requests.ConnectionError)
        with working(tmp_path, **pointed_at(graph)) as worker:
            until(lambda: Message.objects.get().status == "sent", worker.log)
        assert graph.texts() == ["Hello"]
    assert owner.row_counts() == (1, 1, 1)
