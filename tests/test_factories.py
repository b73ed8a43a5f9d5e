"""Helpers of tests that create rows without the service store the same as it does."""

from typing import Any

from leadsite.accounts.models import ApiKey, User
from leadsite.accounts.services import create_business
from tests.factories import Business, make_business

# Random, or the time.
DIFFERENT = {"id", "password", "created_at", "digest", "token_key", "user_id", "created"}


def rows(business: Business) -> list[dict[str, Any]]:
    found = [User.objects.values().get(pk=business.id), ApiKey.objects.values().get(user=business.user)]
    return [{name: value for name, value in row.items() if name not in DIFFERENT} for row in found]


def test_a_business_has_the_rows_that_the_service_stores(db: None):
    made = make_business(email="a@shop.example", name="A")
    served = Business(create_business(email="b@shop.example", name="A"))
    ours, theirs = rows(made), rows(served)
    assert [ours[0].pop("email"), theirs[0].pop("email")] == ["a@shop.example", "b@shop.example"]
    assert ours == theirs
    assert not made.user.has_usable_password()
    assert made.client.get("/api/leads").status_code == 200
    assert {*vars(made.user)} >= {*vars(served.user)} - {"_prefetched_objects_cache"}
