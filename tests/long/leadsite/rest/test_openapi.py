"""As tests/leadsite/rest/test_openapi.py, with thousands of generated requests."""

from typing import Any

import pytest

from tests.factories import Business
from tests.leadsite.rest.generated_requests import OPERATIONS, assert_answered_as_described, site
from tests.site import Site

__all__ = ["site"]


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("label", OPERATIONS)
def test_whatever_is_sent_is_answered_as_described(label: str, owner: Business, site: Site, request: Any):
    cases = -(-request.config.getoption("cases") // len(OPERATIONS))
    assert_answered_as_described(label, owner, site, cases=cases)
