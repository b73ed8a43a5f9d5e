"""The rate limit of a key over the processes of a real server."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from leads.models import Lead
from leadsite.accounts.models import RequestAllowance
from tests.factories import ORDER
from tests.sessions import database_url
from tests.site import serving


@pytest.mark.django_db(transaction=True)
def test_two_web_processes_together_grant_the_limit_of_one(owner, tmp_path):
    limit = 40
    with (
        serving(database_url(), tmp_path, API_REQUESTS_PER_MINUTE=str(limit)) as site,
        ThreadPoolExecutor(16) as clients,
    ):
        asked = [clients.submit(site.post_lead, owner.api_key, ORDER) for _ in range(4 * limit)]
        statuses = [answer.result().status_code for answer in asked]
        counted = RequestAllowance.objects.get()
    # What was refilled during the requests, and no more.
    seconds = (counted.counted_at - Lead.objects.earliest("created_at").created_at).total_seconds()
    assert limit <= statuses.count(201) <= limit + (seconds + 1) * limit / 60
    assert set(statuses) == {201, 429}
    assert statuses.count(201) == owner.row_counts()[2]
