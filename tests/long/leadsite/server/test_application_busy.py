"""A served site whose threads are all in use: probes are answered, and who waits too long is told to come again."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.factories import ORDER, Business
from tests.sessions import session, waiting
from tests.site import Site, request, until

pytestmark = pytest.mark.django_db(transaction=True)

# Of each process for one address; with so many clients at least one process has all of them in use.
THREADS = 4
PROCESSES = 2
CLIENTS = 24
PROBES = 20


def test_probes_need_no_thread_and_others_are_told_to_come_again(owner: Business, served_site: Site) -> None:
    """Without time-outs of the database, so that a thread stays in use for as long as the lock."""
    with ThreadPoolExecutor(CLIENTS) as clients:
        with session() as holder, session() as observer:
            holder.execute("LOCK TABLE customers")
            answers = [
                clients.submit(served_site.post_lead, owner.api_key, ORDER | {"customer_phone": f"+491512345{n:03}"})
                for n in range(CLIENTS)
            ]
            until(lambda: waiting(observer) >= THREADS, served_site.log)
            for _ in range(PROBES):
                for path in ("/livez", "/readyz"):
                    assert request("GET", served_site.address + path).status_code == 200, path
            # They are answered while the threads are still in use.
            until(lambda: sum(answer.done() for answer in answers) >= CLIENTS - PROCESSES * THREADS, served_site.log)
            refused = [answer.result() for answer in answers if answer.done()]
            assert {(one.status_code, one.json()["code"]) for one in refused} == {(503, "too_busy")}
            assert {one.headers["Retry-After"] for one in refused} == {"5"}
        statuses = [answer.result().status_code for answer in answers]
    assert set(statuses) == {201, 503}
    assert owner.row_counts()[2] == statuses.count(201)
