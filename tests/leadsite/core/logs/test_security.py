"""Security events: each with a name, an address and a subject, and no secret."""

from pathlib import Path
from typing import Any

import pytest
from django.conf import settings as django_settings
from django.test import Client
from structlog.testing import capture_logs

from leadsite.accounts.models import ApiKey
from leadsite.core.logs.security import shortened_key
from tests.factories import ORDER, Business
from tests.staff import staff_of

ADDRESS = "198.51.100.9"


def event_of(name: str, method: str, path: str, *, client: Client | None = None, **options: Any) -> Any:
    with capture_logs() as lines:
        getattr(client or Client(), method)(path, REMOTE_ADDR=ADDRESS, **options)
    (line,) = [line for line in lines if line.get("security")]
    assert (line["event"], line["client"], line["log_level"]) == (name, ADDRESS, "warning")
    return line


def test_a_wrong_api_key(db: None) -> None:
    key = "ls_" + "1234567890" * 6
    line = event_of("api_key_refused", "get", "/api/leads", headers={"Authorization": f"Bearer {key}"})
    assert line["subject"] == "ls_1234…"
    assert key not in str(line)


@pytest.mark.parametrize("header", ["Bearer", "Bearer a b", "Bearer hunter2hunter2hunter2hunter2"])
def test_what_is_no_key_is_not_logged(db: None, header: str) -> None:
    line = event_of("api_key_refused", "get", "/api/leads", headers={"Authorization": header})
    assert line["subject"] == "…"
    assert "hunter" not in str(line)


def test_a_key_without_the_scope(owner: Business) -> None:
    ApiKey.objects.update(scopes=["read"])
    headers = {"Authorization": f"Bearer {owner.api_key}"}
    line = event_of(
        "permission_refused", "post", "/api/leads", data=ORDER, content_type="application/json", headers=headers
    )
    assert line["subject"] == str(owner.id)
    assert "scope write" in line["reason"]


def test_a_key_above_its_limit(owner: Business, settings: Any) -> None:
    settings.API_REQUESTS_PER_MINUTE = 1
    headers = {"Authorization": f"Bearer {owner.api_key}"}
    assert Client().get("/api/leads", headers=headers).status_code == 200
    line = event_of("requests_throttled", "get", "/api/leads", headers=headers)
    assert line["subject"] == str(owner.id)
    assert owner.api_key not in str(line)


def test_a_page_that_is_not_permitted(owner: Business) -> None:
    line = event_of("permission_refused", "get", "/admin/accounts/user/", client=staff_of(owner).client)
    assert (line["subject"], line["path"]) == (str(owner.id), "/admin/accounts/user/")


def test_an_expired_form(db: None) -> None:
    strict = Client(enforce_csrf_checks=True)
    line = event_of("csrf_refused", "post", "/admin/login/", client=strict, data={"username": "a@b.example"})
    assert "CSRF" in line["reason"]
    assert "a@b.example" not in str(line)


def test_a_wrong_host(db: None) -> None:
    assert event_of("host_refused", "get", "/admin/", headers={"Host": "evil.example"})["subject"] == "evil.example"


def test_a_wrong_verify_token(db: None) -> None:
    query = {"hub.mode": "subscribe", "hub.verify_token": "a-guess", "hub.challenge": "1"}
    line = event_of("verification_refused", "get", "/api/webhooks/whatsapp", data=query)
    assert "a-guess" not in str(line)


def test_a_delivery_that_is_not_signed(db: None) -> None:
    body = {"from": "4915123456789"}
    line = event_of("signature_refused", "post", "/api/webhooks/whatsapp", data=body, content_type="application/json")
    assert line["subject"] == "cloud"
    assert "49151" not in str(line)


def test_a_key_is_shortened() -> None:
    assert shortened_key("ls_1a2b3c4d5e6f7a8b9c0d") == "ls_1a2b…"
    assert shortened_key("a password") == "…"


def test_the_documentation_lists_every_event() -> None:
    """Names are the first argument of log_security_event, and of the functions that add to it."""
    named = set()
    for app in ("leadsite", "leads", "conversations", "whatsapp"):
        for path in (Path(django_settings.BASE_DIR) / app).rglob("*.py"):
            text = path.read_text(encoding="utf-8")
            if "log_security_event" in text:
                named |= {part.split('"')[0] for part in text.split('("')[1:] if part.split('"')[0].islower()}
    listed = (Path(django_settings.BASE_DIR) / "docs/operations.md").read_text(encoding="utf-8")
    events = {name for name in named if name.endswith(("_refused", "_failed", "_throttled", "_locked", "_succeeded"))}
    assert len(events) >= 10
    assert {name for name in events if f"`{name}`" not in listed} == set()
