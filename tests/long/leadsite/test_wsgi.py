"""The web server with production's time-outs."""

import pytest

from tests.factories import ORDER, Business
from tests.sessions import database_url, session
from tests.site import serving

pytestmark = pytest.mark.django_db(transaction=True)


def test_a_lead_of_a_locked_customer_is_503_after_the_lock_timeout(owner: Business, tmp_path) -> None:
    """With production's settings: four attempts of two seconds, then 503 and nothing written."""
    owner.has_lead(customer_phone=ORDER["customer_phone"])
    with serving(database_url(), tmp_path, DATABASE_TIMEOUTS="true") as site, session() as other_session:
        other_session.execute("SELECT FROM customers FOR UPDATE")
        answer = site.post_lead(owner.api_key, ORDER)
        assert answer.status_code == 503
        assert answer.headers["Retry-After"]
    assert owner.row_counts() == (1, 1, 1)
