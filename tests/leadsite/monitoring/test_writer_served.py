"""A served site stores its failed transactions by itself, and /metrics counts them."""

import re

import pytest

from leadsite.monitoring.models import FailedTransaction
from tests.factories import Business
from tests.leadsite.monitoring.failing import LEAD, failing
from tests.site import Site, request, until

pytestmark = pytest.mark.django_db(transaction=True)
_FAILED = re.compile(r'^leadsite_failed_transactions_total\{source="api",sqlstate="40P01"\} (\S+)$', re.MULTILINE)


def counted(site: Site) -> float:
    found = _FAILED.search(request("GET", f"{site.address}/metrics").text)
    assert found is not None
    return float(found[1])


def test_a_creation_that_stayed_deadlocked_is_stored_with_its_request(owner: Business, served_site: Site) -> None:
    before = counted(served_site)
    with failing("conversations", "40P01"):
        answer = served_site.post_lead(owner.api_key, LEAD)
    assert answer.status_code == 503
    until(FailedTransaction.objects.first)
    failed = FailedTransaction.objects.get()
    assert (failed.source, failed.user_id, failed.sqlstate, failed.attempt) == ("api", owner.id, "40P01", 4)
    assert failed.request_id == answer.headers["X-Request-ID"]
    assert counted(served_site) == before + 1
