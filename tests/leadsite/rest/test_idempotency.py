"""Idempotency-Key: a repeated request gets the first response again and has no second effect."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from conversations.models import Message
from leadsite.accounts.models import IdempotencyKey
from leadsite.rest.idempotency import prune_keys
from tests.envelope import refused
from tests.factories import NOTHING, ORDER, Business

SEND = {"to": "+4915123456789", "message": "Your cake is ready", "createLead": True, "customerName": "Amina"}
POSTS = {"/api/leads": ORDER, "/api/whatsapp": SEND}


def post(business: Business, path: str, body: Any, key: str | None = "order-17") -> Any:
    headers = {"Idempotency-Key": key} if key is not None else {}
    return business.client.post(path, body, format="json", headers=headers)


@pytest.mark.django_db
class TestRepeatedRequests:
    @pytest.mark.parametrize("path", POSTS)
    def test_a_repeated_request_gets_the_same_bytes_and_does_nothing(self, owner, path):
        first, second = (post(owner, path, POSTS[path]) for _ in range(2))
        assert (first.status_code, second.status_code) == (first.status_code, first.status_code)
        assert first.content == second.content
        assert "Idempotency-Replayed" not in first.headers
        assert second.headers["Idempotency-Replayed"] == "true"
        assert second.headers["Content-Type"] == first.headers["Content-Type"] == "application/json"
        assert owner.row_counts() == (1, 1, 1)
        assert Message.objects.count() == (path == "/api/whatsapp")

    def test_a_reply_can_be_repeated_too(self, owner):
        sent = post(owner, "/api/whatsapp", SEND, key=None).json()
        path = f"/api/conversations/{sent['conversation_id']}/messages"
        answers = {post(owner, path, {"message": "Hello"}).content for _ in range(3)}
        assert len(answers) == 1
        assert Message.objects.count() == 2

    def test_the_response_is_the_same_as_without_a_key(self, owner):
        with_key, without = post(owner, "/api/leads", ORDER), post(owner, "/api/leads", ORDER, key=None)
        assert with_key.status_code == without.status_code == 201
        assert with_key.json().keys() == without.json().keys()

    def test_the_layout_of_the_json_does_not_matter(self, owner):
        post(owner, "/api/leads", ORDER)
        again = post(owner, "/api/leads/", dict(reversed(ORDER.items())))
        assert again.headers["Idempotency-Replayed"] == "true"

    @pytest.mark.parametrize(
        ("path", "body"), [("/api/leads", ORDER | {"details": "Another"}), ("/api/whatsapp", SEND)]
    )
    def test_another_request_with_the_same_key_is_422(self, owner, path, body):
        post(owner, "/api/leads", ORDER)
        answer = refused(post(owner, path, body), 422)
        assert answer["code"] == "idempotency_key_reused"
        assert owner.row_counts() == (1, 1, 1)

    def test_a_refused_request_does_not_use_the_key(self, owner):
        refused(post(owner, "/api/leads", ORDER | {"type": "cake"}), 400)
        assert post(owner, "/api/leads", ORDER).status_code == 201
        assert owner.row_counts() == (1, 1, 1)

    def test_a_conflict_does_not_use_the_key_and_writes_nothing(self, owner):
        post(owner, "/api/leads", ORDER | {"external_id": "1"}, key=None)
        refused(post(owner, "/api/leads", ORDER | {"external_id": "1", "customer_phone": "+49151000001"}), 409)
        assert owner.row_counts() == (1, 1, 1)
        assert not IdempotencyKey.objects.exists()

    def test_businesses_do_not_share_keys(self, owner, stranger):
        mine, theirs = post(owner, "/api/leads", ORDER), post(stranger, "/api/leads", ORDER)
        assert mine.json()["lead_id"] != theirs.json()["lead_id"]
        assert stranger.row_counts() == (1, 1, 1)

    @pytest.mark.parametrize("key", ["", "two words", "x" * 256, "ä", "a\tb"])
    def test_an_invalid_key_is_400(self, owner, key):
        answer = refused(post(owner, "/api/leads", ORDER, key=key), 400)
        assert list(answer["fields"]) == ["Idempotency-Key"]
        assert owner.row_counts() == NOTHING

    def test_without_an_api_key_nothing_is_replayed(self, owner, anonymous):
        post(owner, "/api/leads", ORDER)
        refused(anonymous.post("/api/leads", ORDER, format="json", headers={"Idempotency-Key": "order-17"}), 401)

    def test_answers_are_kept_for_eight_days(self, owner):
        post(owner, "/api/leads", ORDER)
        assert prune_keys(now=timezone.now() + timedelta(days=7, hours=23)) == 0
        assert prune_keys(now=timezone.now() + timedelta(days=8, hours=1)) == 1

    def test_a_year_of_old_answers_is_deleted_in_batches(self, owner, monkeypatch):
        monkeypatch.setattr("leadsite.rest.idempotency.PRUNE_SIZE", 2)
        for number in range(5):
            post(owner, "/api/leads", ORDER | {"customer_phone": f"+491510000000{number}"}, key=f"order-{number}")
        with CaptureQueriesContext(connection) as queries:
            assert prune_keys(now=timezone.now() + timedelta(days=400)) == 5
        assert sum(query["sql"].startswith("DELETE") for query in queries) == 3
