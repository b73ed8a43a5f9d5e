"""The scopes of a key, its last use, and how an operator creates and replaces a key."""

import re
from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone
from rest_framework.test import APIClient

from leadsite.accounts.models import ApiKey
from leadsite.accounts.services import issue_api_key
from tests.envelope import refused
from tests.factories import ORDER
from tests.staff import Staff, address, errors_of, member_of, messages_of, operator

SEND = {"to": "+4915123456789", "message": "Hello"}


def client_of(key: str) -> APIClient:
    client = APIClient(raise_request_exception=False)
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {key}")
    return client


@pytest.fixture
def conversation(owner) -> str:
    return str(owner.has_lead().conversation_id)


def answers(client: APIClient, conversation: str) -> dict[str, set[int]]:
    """Return the status codes of a request for each scope."""
    lead = client.get("/api/leads")
    return {
        "read": {lead.status_code, client.get(f"/api/conversations/{conversation}/messages").status_code},
        "write": {
            client.post("/api/leads", ORDER, format="json").status_code,
            client.post("/api/leads/batch", {"leads": [ORDER]}, format="json").status_code,
            client.patch(f"/api/conversations/{conversation}", {"status": "active"}, format="json").status_code,
        },
        "send": {
            client.post("/api/whatsapp", SEND, format="json").status_code,
            client.post(f"/api/conversations/{conversation}/messages", {"message": "Hi"}, format="json").status_code,
        },
    }


@pytest.mark.parametrize("scopes", [["read"], ["write"], ["send"], ["read", "send"], ["read", "write", "send"]])
def test_a_key_allows_what_its_scopes_allow_and_nothing_else(owner, conversation, scopes):
    client = client_of(issue_api_key(user=owner.user, name="a program", scopes=scopes))
    for scope, found in answers(client, conversation).items():
        assert (found == {403}) == (scope not in scopes), (scope, found)


def test_a_missing_scope_is_named(owner):
    client = client_of(issue_api_key(user=owner.user, name="", scopes=["read"]))
    body = refused(client.post("/api/leads", ORDER, format="json"), 403)
    assert (body["code"], body["error"]) == ("forbidden", "This API key lacks the scope write.")
    assert owner.row_counts() == (0, 0, 0)


@pytest.mark.parametrize("scopes", [[], ["admin"], ["read", "admin"]])
def test_the_table_refuses_other_scopes(owner, scopes):
    with pytest.raises(IntegrityError, match="api_keys_scopes_valid"), transaction.atomic():
        ApiKey.objects.update(scopes=scopes)


def test_the_last_use_is_recorded_to_the_minute(owner, django_assert_num_queries):
    assert ApiKey.objects.get().last_used_at is None
    with django_assert_num_queries(1):
        owner.client.post("/api/leads")
    first = ApiKey.objects.get().last_used_at
    assert first is not None
    owner.client.get("/api/leads")
    assert ApiKey.objects.get().last_used_at == first
    ApiKey.objects.update(last_used_at=timezone.now() - timedelta(minutes=2))
    owner.client.get("/api/leads")
    assert ApiKey.objects.get().last_used_at >= first


class TestAdmin:
    def test_a_key_is_created_with_the_selected_scopes(self, owner):
        person: Staff = operator()
        person.fill(address("add", ApiKey), user=str(owner.id), name="The shop", scopes=["read", "send"])
        key = ApiKey.objects.get(name="The shop")
        assert key.scopes == ["read", "send"]
        assert "read, send" in person.list(ApiKey)

    def test_a_key_without_a_scope_is_refused(self, owner):
        answer = operator().fill(address("add", ApiKey), user=str(owner.id), name="The shop", scopes=None)
        assert list(errors_of(answer)) == ["scopes"]

    def test_scopes_of_a_key_can_be_removed(self, owner):
        key = ApiKey.objects.get()
        operator().fill(address("change", key), scopes=["read"])
        assert ApiKey.objects.get().scopes == ["read"]
        refused(owner.post_lead(), 403)

    def test_a_key_is_replaced_by_one_with_the_same_scopes(self, owner):
        old = issue_api_key(user=owner.user, name="The shop", scopes=["read"], lifetime=timedelta(days=9))
        before = ApiKey.objects.get(name="The shop")
        person: Staff = operator()
        person.act("replace", before)
        after = ApiKey.objects.get(name="The shop")
        assert (after.scopes, after.expiry) == (["read"], before.expiry)
        new = re.search(r"ls_[0-9a-f]{64}", " ".join(messages_of(person.get(address("changelist", ApiKey)))))
        assert new is not None
        assert client_of(new[0]).get("/api/leads").status_code == 200
        assert client_of(old).get("/api/leads").status_code == 401

    def test_replacing_a_key_needs_the_permission_to_add_one(self, owner):
        before = set(ApiKey.objects.values_list("pk", flat=True))
        people = member_of(owner, "agent")
        people.act("replace", ApiKey.objects.order_by("created").first())
        assert before <= set(ApiKey.objects.values_list("pk", flat=True))
