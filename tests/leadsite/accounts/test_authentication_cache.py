"""A valid key is cached for a second, so that changes by another process take effect within a second."""

import time

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from leadsite.accounts import authentication
from leadsite.accounts.authentication import ApiKeyAuthentication, KeyInUse
from tests.factories import ORDER
from tests.sessions import session

SECOND = 1.0
REVOCATIONS = {
    "deleted": "DELETE FROM api_keys",
    "expired": "UPDATE api_keys SET expiry = now()",
    "locked": "UPDATE users SET is_active = false",
    "replaced": "UPDATE api_keys SET digest = 'of another key'",
}


@pytest.fixture(autouse=True)
def cached(settings):
    settings.API_KEY_CACHE_SECONDS = SECOND


def run_in_another_session(statement: str) -> None:
    """Execute and commit a statement as another process does."""
    with session() as other:
        other.execute(statement)
        other.commit()


def authenticate(key: str) -> KeyInUse:
    return ApiKeyAuthentication().authenticate_credentials(key.encode())[1]


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("statement", REVOCATIONS.values(), ids=REVOCATIONS.keys())
def test_a_revoked_key_is_401_a_second_later(owner, statement):
    assert owner.client.get("/api/leads").status_code == 200
    run_in_another_session(statement)
    revoked_at = time.monotonic()
    started = revoked_at
    while (answer := owner.client.get("/api/leads")).status_code == 200:
        assert started - revoked_at < SECOND, "the key still works"
        started = time.monotonic()
    assert (answer.status_code, answer.json()["code"]) == (401, "invalid_key")


@pytest.mark.django_db(transaction=True)
def test_a_key_in_constant_use_is_read_again_each_second(owner):
    """Requests do not extend the second."""
    owner.client.get("/api/leads")
    run_in_another_session(REVOCATIONS["deleted"])
    deadline = time.monotonic() + SECOND
    while time.monotonic() < deadline:
        owner.client.get("/api/leads")
    assert owner.client.get("/api/leads").status_code == 401


@pytest.mark.django_db(transaction=True)
def test_removed_scopes_have_no_effect_a_second_later(owner):
    assert owner.client.post("/api/leads", ORDER, format="json").status_code == 201
    run_in_another_session("UPDATE api_keys SET scopes = '{read}'")
    time.sleep(SECOND)
    assert owner.client.post("/api/leads", ORDER, format="json").status_code == 403
    assert owner.client.get("/api/leads").status_code == 200


def test_the_second_request_needs_no_query(owner):
    key = owner.api_key
    with CaptureQueriesContext(connection) as queries:
        authenticate(key)
        authenticate(key)
    assert len(queries) == 1


def test_a_request_cannot_change_what_the_next_one_gets(owner):
    first, _ = ApiKeyAuthentication().authenticate_credentials(owner.api_key.encode())
    first.business_name = "changed"
    second, _ = ApiKeyAuthentication().authenticate_credentials(owner.api_key.encode())
    assert second.business_name != "changed"


def test_an_unknown_key_is_not_cached(owner, anonymous):
    anonymous.credentials(HTTP_AUTHORIZATION="Bearer ls_unknown")
    before = len(authentication._recent._by_digest)
    assert anonymous.get("/api/leads").status_code == 401
    assert len(authentication._recent._by_digest) == before


def test_the_cache_has_a_maximum_size(monkeypatch):
    recent = authentication._RecentKeys()
    monkeypatch.setattr(authentication._RecentKeys, "MAX_KEYS", 2)
    until = time.monotonic() + SECOND
    for digest in ("a", "b", "a", "c"):
        recent.add(authentication._Found((), KeyInUse(digest, frozenset())), until=until)
    assert [recent.get(digest) is not None for digest in ("a", "b", "c")] == [True, False, True]
