"""manage.py issue_api_key: creates a key, or replaces one."""

from datetime import timedelta
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone
from rest_framework.test import APIClient

from leadsite.accounts.models import ApiKey
from leadsite.accounts.services import NotOneKey, replace_api_key
from tests.envelope import refused
from tests.factories import ORDER


def client_of(key: str) -> APIClient:
    client = APIClient(raise_request_exception=False)
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {key}")
    return client


class TestCommand:
    def issued(self, capsys, *arguments: str) -> str:
        call_command("issue_api_key", "--email", "owner@bakery.example", *arguments)
        return str(capsys.readouterr().out.strip())

    def test_it_prints_a_key_that_works(self, owner, capsys):
        key = self.issued(capsys, "--name", "The shop", "--scope", "read", "--days", "30")
        row = ApiKey.objects.get(name="The shop")
        assert row.scopes == ["read"]
        assert timedelta(days=29) < row.expiry - timezone.now() < timedelta(days=31)
        assert client_of(key).get("/api/leads").status_code == 200
        refused(client_of(key).post("/api/leads", ORDER, format="json"), 403)

    @pytest.mark.parametrize("length", [None, 12])
    def test_it_replaces_a_key_named_by_its_prefix_or_in_full(self, owner, capsys, length):
        key = self.issued(capsys, "--replaces", owner.api_key[:length])
        assert client_of(key).get("/api/leads").status_code == 200
        refused(owner.client.get("/api/leads"), 401)
        assert ApiKey.objects.count() == 1

    def test_the_key_that_it_replaces_comes_from_standard_input(self, owner, capsys, monkeypatch):
        monkeypatch.setattr("sys.stdin", StringIO(f"{owner.api_key}\n"))
        key = self.issued(capsys, "--replaces", "-")
        assert client_of(key).get("/api/leads").status_code == 200
        refused(owner.client.get("/api/leads"), 401)

    @pytest.mark.parametrize(
        "arguments", [["--replaces", "ls_nothing"], ["--days", "0"], ["--email", "no@body.example"]]
    )
    def test_invalid_arguments_change_nothing(self, owner, capsys, arguments):
        with pytest.raises(CommandError):
            self.issued(capsys, *arguments)
        assert ApiKey.objects.count() == 1

    def test_a_key_of_another_business_is_not_printed(self, owner, stranger, capsys, monkeypatch):
        monkeypatch.setattr("sys.stdin", StringIO(f"{stranger.api_key}\n"))
        with pytest.raises(CommandError) as refusal:
            self.issued(capsys, "--replaces", "-")
        assert stranger.api_key[:8] in str(refusal.value)
        assert stranger.api_key[:20] not in str(refusal.value)

    def test_a_key_that_somebody_has_replaced_is_not_replaced_again(self, owner):
        key = ApiKey.objects.get(user=owner.user)
        replace_api_key(key=ApiKey.objects.get(pk=key.pk))
        with pytest.raises(NotOneKey):
            replace_api_key(key=key)
        assert ApiKey.objects.filter(user=owner.user).count() == 1
