"""Calls of the API by pages of other origins: off by default."""

import re
from typing import Any

import pytest
from django.conf import settings as site
from django.test import Client

from leadsite.environment import Environment
from leadsite.rest import cors
from leadsite.server.answers import refusal
from leadsite.server.environ import Visit
from tests.factories import Business
from tests.leadsite.server.sent import Sent, SentHeaders

ORIGIN = "https://app.example.com"
PREFLIGHT = {"Origin": ORIGIN, "Access-Control-Request-Method": "POST"}


@pytest.fixture
def allowed(settings: Any) -> None:
    settings.CORS_ALLOWED_ORIGINS = [ORIGIN]
    before, after = site.MIDDLEWARE[:2], site.MIDDLEWARE[2:]
    settings.MIDDLEWARE = [*before, cors.MIDDLEWARE, *after]


def allowed_origin(answer: Any) -> str | None:
    return answer.headers.get("Access-Control-Allow-Origin")


def test_it_is_off_by_default(owner: Business) -> None:
    key = {"Authorization": f"Bearer {owner.api_key}"}
    assert allowed_origin(Client().get("/api/leads", headers=key | {"Origin": ORIGIN})) is None
    assert allowed_origin(Client().options("/api/leads", headers=PREFLIGHT)) is None


def test_an_allowed_origin_reads_the_api_and_its_headers(owner: Business, allowed: None) -> None:
    answer = Client().get("/api/leads", headers={"Authorization": f"Bearer {owner.api_key}", "Origin": ORIGIN})
    assert (answer.status_code, allowed_origin(answer)) == (200, ORIGIN)
    exposed = {name.strip() for name in answer.headers["Access-Control-Expose-Headers"].split(",")}
    assert exposed == {"ETag", "Idempotency-Replayed", "Retry-After", "X-Request-ID"}
    assert "Access-Control-Allow-Credentials" not in answer.headers
    assert "origin" in answer.headers["Vary"].lower()


def test_a_preflight_needs_no_key(db: None, allowed: None) -> None:
    answer = Client().options("/api/leads", headers=PREFLIGHT | {"Access-Control-Request-Headers": "authorization"})
    assert (answer.status_code, allowed_origin(answer)) == (200, ORIGIN)
    assert answer.headers["Access-Control-Allow-Methods"] == "DELETE, GET, OPTIONS, PATCH, POST"
    for header in ("authorization", "content-type", "idempotency-key", "if-match"):
        assert header in answer.headers["Access-Control-Allow-Headers"]


@pytest.mark.parametrize("path", ["/api/webhooks/whatsapp", "/admin/login/", "/livez", "/metrics"])
def test_nothing_but_the_api_is_called(db: None, allowed: None, path: str) -> None:
    assert allowed_origin(Client().get(path, headers={"Origin": ORIGIN})) is None
    assert allowed_origin(Client().options(path, headers=PREFLIGHT)) is None


def test_the_api_of_webhook_endpoints_is_called(db: None, allowed: None) -> None:
    assert re.match(cors.PATHS, "/api/webhook-endpoints")
    assert allowed_origin(Client().options("/api/webhook-endpoints", headers=PREFLIGHT)) == ORIGIN


@pytest.mark.parametrize("origin", ["https://evil.example", "http://app.example.com", "null", f"{ORIGIN}.evil.example"])
def test_another_origin_is_not_allowed(db: None, allowed: None, origin: str) -> None:
    assert allowed_origin(Client().options("/api/leads", headers=PREFLIGHT | {"Origin": origin})) is None


def test_a_page_can_read_why_the_web_server_refused(allowed: None) -> None:
    visit = Visit(client="192.0.2.7", request_id="an-id", started=0.0)
    sent = Sent(headers=SentHeaders([("origin", ORIGIN)]))
    assert dict(refusal(sent, visit, 413, "body_too_large", "x").headers)["access-control-allow-origin"] == ORIGIN
    hook = Sent(headers=SentHeaders([("origin", ORIGIN)]), path="/api/webhooks/whatsapp")
    assert "access-control-allow-origin" not in dict(refusal(hook, visit, 413, "body_too_large", "x").headers)


@pytest.mark.parametrize("text", ["*", "app.example.com", "https://app.example.com/", "https://*.example.com", "null"])
def test_what_is_no_origin_is_refused_in_the_settings(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(Environment.ENVIRON, "CORS_ALLOWED_ORIGINS", text)
    with pytest.raises(Exception, match="Write each origin with its scheme"):
        Environment().origins("CORS_ALLOWED_ORIGINS")


def test_origins_are_separated_by_commas(monkeypatch: pytest.MonkeyPatch) -> None:
    text = "https://App.example.com, http://localhost:3000,http://[::1]:3000"
    monkeypatch.setitem(Environment.ENVIRON, "CORS_ALLOWED_ORIGINS", text)
    expected = ["https://app.example.com", "http://localhost:3000", "http://[::1]:3000"]
    assert Environment().origins("CORS_ALLOWED_ORIGINS") == expected
    monkeypatch.setitem(Environment.ENVIRON, "CORS_ALLOWED_ORIGINS", "")
    assert Environment().origins("CORS_ALLOWED_ORIGINS") == []
