"""Secrets are replaced while the site runs: what the former ones made stays valid as long as it should.

App secrets: tests/whatsapp/inbound/test_webhook.py; API keys: tests/leadsite/management/commands/test_issue_api_key.py;
by a reload, under load: tests/long/test_install.py.
"""

import re
from collections.abc import Callable
from io import StringIO
from pathlib import Path
from typing import Any, cast

import psycopg
import pytest
from django.contrib.auth.tokens import default_token_generator
from django.core.management import call_command
from django.db import connection
from django.test import Client

from leadsite.accounts.models import User
from leadsite.backups import keys
from leadsite.core.encryption import decrypt, encrypt
from leadsite.core.postgresql.base import PatientConnection
from tests.factories import Business
from whatsapp.channels import connect_channel
from whatsapp.models import Channel

NEW = "a-new-key-of-this-site-0123456789-abcdefghijklmnop"


@pytest.fixture
def replaced(settings) -> Callable[..., None]:
    """A new SECRET_KEY, with the former one as a fallback; called when something has been made with the former."""

    def replace(*, fallback: bool = True) -> None:
        former = settings.SECRET_KEY
        settings.SECRET_KEY = NEW
        settings.SECRET_KEY_FALLBACKS = [former] if fallback else []

    return replace


@pytest.mark.parametrize(("fallback", "status"), [(True, 200), (False, 302)])
def test_sessions_survive_a_new_secret_key(admin_user: User, replaced, fallback: bool, status: int) -> None:
    person = Client()
    person.force_login(admin_user)
    replaced(fallback=fallback)
    assert person.get("/admin/overview/").status_code == status


def test_links_to_a_new_password_survive_it(admin_user: User, replaced) -> None:
    token = default_token_generator.make_token(admin_user)
    replaced()
    assert default_token_generator.check_token(admin_user, token)


@pytest.mark.django_db
def test_field_keys_are_replaced_by_a_command_between(owner: Business, settings) -> None:
    settings.FIELD_ENCRYPTION_KEYS = ["the-former-key-of-this-site"]
    channel = connect_channel(
        user_id=owner.id, phone_number_id="1", access_token="a token of Meta", app_secret="secret"
    )
    settings.FIELD_ENCRYPTION_KEYS = ["the-new-key-of-this-site", "the-former-key-of-this-site"]
    assert Channel.objects.get(pk=channel.pk).access_token == "a token of Meta"
    call_command("rotate_tokens", stdout=StringIO())
    settings.FIELD_ENCRYPTION_KEYS = ["the-new-key-of-this-site"]
    assert Channel.objects.get(pk=channel.pk).access_token == "a token of Meta"
    assert keys.count_secrets() == {keys.fingerprint("the-new-key-of-this-site"): 2}


def test_a_password_of_the_database_is_replaced_with_both_known(monkeypatch: pytest.MonkeyPatch, db: None) -> None:
    """The server refuses the former one from one moment to the next; connections that stand are not asked again."""
    tried: list[object] = []

    def connect(**params: Any) -> object:
        tried.append(params.get("password"))
        if params.get("password") != "the next one":
            raise psycopg.OperationalError("Passwort-Authentifizierung für Benutzer »leadsite« fehlgeschlagen")
        return "connected"

    monkeypatch.setattr(PatientConnection, "connect", connect)
    monkeypatch.setitem(connection.settings_dict, "NEXT_PASSWORD", "the next one")
    assert cast(Any, connection)._connect({"password": "the former one"}) == "connected"
    assert tried == ["the former one", "the next one"]
    monkeypatch.setitem(connection.settings_dict, "NEXT_PASSWORD", "")
    with pytest.raises(psycopg.OperationalError, match="fehlgeschlagen"):
        cast(Any, connection)._connect({"password": "the former one"})


def test_the_password_of_the_database_is_replaced_wherever_a_block_has_copied_it(settings) -> None:
    """What systemd reads at the start goes before leadsite.env, and a reload does not read it again."""
    text = (Path(settings.BASE_DIR) / "docs/operations.md").read_text(encoding="utf-8")
    copies = re.findall(r"DATABASE_URL=.+ \| sudo tee /etc/leadsite/(\S+)", text)
    assert copies == ["web.env"]
    row = re.search(r"^\| password of the database \| (.+) \|$", text, re.MULTILINE)
    assert row
    before, _, after = row[1].partition("remove `DATABASE_NEXT_PASSWORD`")
    assert "`web.env`" in before
    assert "`sudo systemctl restart leadsite-web leadsite-worker`" in after


@pytest.mark.parametrize(
    ("name", "before"), [("FIELD_ENCRYPTION_KEYS", "rotate_tokens"), ("SECRET_KEY", "Keep the former")]
)
def test_a_new_key_is_accepted_everywhere_before_a_process_uses_it(settings, name: str, before: str) -> None:
    """While processes are replaced, those with the former settings meet what the others have made."""
    text = (Path(settings.BASE_DIR) / "docs/operations.md").read_text(encoding="utf-8")
    row = re.search(rf"^\| `{name}` \| (.+) \|$", text, re.MULTILINE)
    assert row
    assert row[1].partition(before)[0].count("; reload.") == 2


def test_what_the_new_field_key_encrypted_is_read_where_it_is_the_last(settings) -> None:
    settings.FIELD_ENCRYPTION_KEYS = ["the-new-key-of-this-site", "the-former-key-of-this-site"]
    stored = encrypt("secret")
    settings.FIELD_ENCRYPTION_KEYS = ["the-former-key-of-this-site", "the-new-key-of-this-site"]
    assert decrypt(stored) == "secret"
