"""GET /api/templates, and the request to read them again."""

from types import SimpleNamespace
from typing import Any

from procrastinate.contrib.django.models import ProcrastinateJob

from tests.factories import Business
from tests.leadsite.inbox.writing.test_templates import template_of
from whatsapp.message_templates.sync import sync_templates
from whatsapp.models import Channel, MessageTemplate
from whatsapp.tasks import refresh_templates_of


def listed(owner: Business, **query: str) -> list[dict[str, Any]]:
    answer = owner.client.get("/api/templates", query)
    assert answer.status_code == 200, answer.json()
    return list(answer.json()["results"])


def test_they_are_listed_with_what_a_client_has_to_fill_in(owner: Business, stranger: Business):
    template, _ = template_of(owner), template_of(stranger, "secret")
    (one,) = listed(owner)
    assert one["text"] == "Order {{1}}\n\nHello {{1}}, your {{2}} is ready\n\nBakery\n\n[Thanks]"
    assert [(field["name"], field["label"]) for field in one["parameters"]] == [
        ("header.1", "Text 1 in the header"),
        ("body.1", "Text 1"),
        ("body.2", "Text 2"),
    ]
    assert (one["problem"], one["account_id"], one["status"]) == ("", "1", "approved")
    assert owner.client.get(f"/api/templates/{template.pk}").json() == one
    assert stranger.client.get(f"/api/templates/{template.pk}").status_code == 404


def test_they_are_filtered(owner: Business):
    template_of(owner, "a", language="de")
    template_of(owner, "b", status="paused", category="marketing")
    assert [one["name"] for one in listed(owner)] == ["b", "a"]
    for query in ({"name": "b"}, {"language": "en_US"}, {"category": "marketing"}, {"status": "paused"}):
        assert [one["name"] for one in listed(owner, **query)] == ["b"]
    assert listed(owner, status="paused")[0]["problem"].startswith("Meta has paused this template")
    assert owner.client.get("/api/templates?colour=red").status_code == 400


def test_a_refresh_reads_the_templates_of_this_business(owner: Business, stranger: Business, templates: Any):
    for business in (owner, stranger):
        number = f"10{business.id.int % 10**9}"
        channel = Channel(user=business.user, phone_number_id=number, waba_id=f"{business.id.int % 10**6}")
        channel.access_token = "EAAG"
        channel.save()
        templates.accounts[channel.waba_id] = [{"name": "hello", "language": "en", "status": "APPROVED"}]
    answer = owner.client.post("/api/templates/refresh")
    assert answer.status_code == 202, answer.json()
    (account,) = answer.json()["accounts"]
    assert (account["read_at"], account["error"]) == (None, "")
    worker: Any = SimpleNamespace(should_abort=lambda: False)
    refresh_templates_of(worker, **ProcrastinateJob.objects.get(task_name__endswith="refresh_templates_of").args)
    assert [template.user_id for template in MessageTemplate.objects.all()] == [owner.id]
    assert owner.client.post("/api/templates/refresh").json()["accounts"][0]["read_at"] is not None


def test_why_they_could_not_be_read_is_said(owner: Business, templates: Any):
    Channel.objects.create(user=owner.user, phone_number_id="106540352242922", waba_id="1")
    sync_templates()
    (account,) = owner.client.post("/api/templates/refresh").json()["accounts"]
    assert "No access token is stored for this number" in account["error"]
