"""As tests/leadsite/rest/test_openapi.py, with thousands of generated requests."""

from typing import Any

import pytest

from tests.factories import Business
from tests.leadsite.rest.generated_requests import OPERATIONS, assert_responses_match_schema, site
from tests.site import Site

__all__ = ["site"]


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("label", OPERATIONS)
def test_responses_match_the_schema(label: str, owner: Business, site: Site, request: Any):
    cases = -(-request.config.getoption("cases") // len(OPERATIONS))
    assert_responses_match_schema(label, owner, site, cases=cases)
