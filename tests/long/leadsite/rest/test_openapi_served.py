"""The API's description while many ask for it at once, from a server that has just started."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.sessions import database_url
from tests.site import request, serving

READERS = 12


@pytest.mark.django_db(transaction=True)
def test_the_first_readers_all_get_it(tmp_path: Path) -> None:
    """It was generated at each request, and up to 10 of 12 were answered 500: the generator is not safe in threads."""
    with serving(database_url(), tmp_path) as site, ThreadPoolExecutor(READERS) as readers:
        asked = [readers.submit(request, "GET", f"{site.address}/api/schema") for _ in range(READERS)]
        answers = [one.result() for one in asked]
    assert [answer.status_code for answer in answers] == [200] * READERS, site.log()
    assert len({answer.content for answer in answers}) == 1
