"""Templates are read from Meta, page by page, and stored for each account."""

import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from tests.whatsapp import meta
from tests.whatsapp.mailing import TOKEN
from tests.whatsapp.template_list import TOKEN_ERROR, WABA, listed
from whatsapp.channels import connect_channel, stop_channel
from whatsapp.message_templates import sync
from whatsapp.message_templates.sync import sync_templates
from whatsapp.models import Channel, ListedTemplate, MessageTemplate, TemplateReport


def connect(business, number=meta.CHANNEL, waba_id=WABA, token=TOKEN, **more):
    return connect_channel(user_id=business.id, phone_number_id=number, access_token=token, waba_id=waba_id, **more)


def stored(business):
    rows = MessageTemplate.objects.filter(user=business.user).order_by("name", "language")
    return [(row.name, row.language, row.category, row.status) for row in rows]


def test_all_pages_are_read_with_the_numbers_token(owner, templates):
    connect(owner)
    templates.accounts[WABA] = [listed(f"template_{n:02}") for n in range(7)]
    templates.page_length = 3
    (result,) = sync_templates()
    assert (result.waba_id, result.templates, result.error) == (WABA, 7, "")
    assert len(stored(owner)) == 7
    paths, tokens, queries = zip(*templates.requests, strict=True)
    assert set(paths) == {f"/v26.0/{WABA}/message_templates"}
    assert set(tokens) == {TOKEN}
    assert [query.get("after") for query in queries] == [None, ["3"], ["6"]]
    assert "components" in queries[0]["fields"][0]


def test_what_is_stored_of_a_template(owner, templates):
    connect(owner)
    templates.accounts[WABA] = [listed(category="MARKETING", status="PAUSED", language="de")]
    sync_templates()
    row = MessageTemplate.objects.get()
    assert (row.name, row.language, row.category, row.status) == ("cake_ready", "de", "marketing", "paused")
    assert (row.provider_id, row.waba_id, row.components[0]["text"]) == (
        "594425479261596",
        WABA,
        "Hello {{1}}, your {{2}} is ready",
    )
    assert row.is_marketing


def test_a_second_run_changes_what_has_changed_and_deletes_what_is_gone(owner, templates):
    connect(owner)
    templates.accounts[WABA] = [listed("a"), listed("b"), listed("b", language="de")]
    sync_templates()
    ids = dict(MessageTemplate.objects.values_list("name", "pk"))
    templates.accounts[WABA] = [listed("a", status="PAUSED"), listed("c", category="MARKETING")]
    sync_templates()
    assert stored(owner) == [("a", "en_US", "utility", "paused"), ("c", "en_US", "marketing", "approved")]
    assert MessageTemplate.objects.get(name="a").pk == ids["a"]


def test_each_account_is_read_once_and_each_business_has_its_own_rows(owner, stranger, templates):
    connect(owner)
    connect(owner, number="2")
    connect(owner, number="3", waba_id="777")
    connect(stranger, number="4")
    templates.accounts = {WABA: [listed("cake")], "777": [listed("tart")]}
    results = sync_templates()
    assert len(results) == len(templates.requests) == 3
    assert [row[0] for row in stored(owner)] == ["cake", "tart"]
    assert [row[0] for row in stored(stranger)] == ["cake"]
    assert [one.user_id for one in sync_templates(user_id=stranger.id)] == [stranger.id]


def test_the_account_that_was_read_longest_ago_is_read_first(owner, templates):
    """So that all have their turn where Meta answers so slowly that one run does not reach the last ones."""
    read_at = {"1": 2, "2": 1, "3": None}
    for number, hours in read_at.items():
        channel = connect(owner, number=number, waba_id=number)
        Channel.objects.filter(pk=channel.pk).update(
            templates_read_at=hours and channel.created_at + timedelta(hours=hours)
        )
    assert [result.waba_id for result in sync_templates()] == ["3", "2", "1"]


def test_the_token_of_a_number_that_is_not_stopped_is_preferred(owner, templates):
    stopped = connect(owner, token="EAAG-refused")
    connect(owner, number="2")
    stop_channel(channel_id=stopped.pk, reason="190")
    sync_templates()
    assert [token for _, token, _ in templates.requests] == [TOKEN]


def test_numbers_without_an_account_at_twilio_or_switched_off_are_left_out(owner, templates):
    connect(owner, waba_id="")
    connect(owner, number="+4930123456", waba_id="")
    off = connect(owner, number="2")
    off.active = False
    off.save()
    assert sync_templates() == []


def test_with_the_console_as_provider_nothing_is_read(owner, templates, settings):
    connect(owner)
    settings.WHATSAPP_BACKEND = "console"
    assert (sync_templates(), templates.requests) == ([], [])


FAILURES: dict[str, tuple[dict[str, Any], str]] = {
    "a refused token": ({"status": 401, "body": json.dumps(TOKEN_ERROR).encode()}, "Invalid OAuth access token"),
    "a gateway's page": ({"status": 502, "body": b"<html>"}, "not JSON"),
    "no list": ({"body": b"{}"}, "answered 200: no list"),
    "another kind of list": ({"body": b'{"data": {}}'}, "no list"),
    "a list without an end": ({"ends": False}, "more than"),
}


@pytest.mark.parametrize("case", FAILURES)
def test_an_account_that_fails_keeps_its_templates(owner, templates, monkeypatch, case):
    monkeypatch.setattr(sync, "MAX_PAGES", 3)
    connect(owner)
    connect(owner, number="2", waba_id="777")
    templates.accounts[WABA] = [listed()]
    sync_templates()
    changes, reason = FAILURES[case]
    for name, value in changes.items():
        setattr(templates, name, value)
    results = sync_templates()
    assert len(results) == 2
    assert reason in results[0].error
    assert TOKEN not in results[0].error
    assert len(stored(owner)) == 1


def test_no_connection_and_no_token_are_reported(owner, templates, settings):
    connect(owner, token="")
    settings.WHATSAPP_API_BASE_URL = "http://127.0.0.1:1"
    connect(owner, number="2", waba_id="777")
    assert [result.error.split(":")[0] for result in sync_templates()] == [
        "No access token is stored for this number. Store one.",
        "No connection to the provider",
    ]


@pytest.mark.parametrize(
    "item", [{}, {"name": "a"}, {"language": "de"}, listed("x" * 513), listed(language="x" * 51), 7, None]
)
def test_an_item_that_cannot_be_stored_is_left_out(owner, templates, item):
    connect(owner)
    templates.accounts[WABA] = [item, listed("b", components="none", category=None, status="S" * 60, id=5)]
    (result,) = sync_templates()
    assert (result.templates, [row[0] for row in stored(owner)]) == (1, ["b"])


def test_a_status_reported_since_the_list_was_requested_stays(owner, templates):
    connect(owner)
    templates.accounts[WABA] = [listed()]
    sync_templates()
    row = MessageTemplate.objects.get()
    late = row.status_at.replace(year=row.status_at.year + 1)
    report = TemplateReport(owner.id, WABA, "cake_ready", "en_US", "paused", "", late)
    assert MessageTemplate.objects.report([report]) == 1
    sync_templates()
    assert MessageTemplate.objects.get().status == "paused"


def while_the_list_arrives(monkeypatch: pytest.MonkeyPatch, happens: Callable[[], Any]) -> None:
    """Let this happen after Meta has made the next list, and before it is here."""
    read = sync.list_templates

    def slowly(channel: Channel) -> list[ListedTemplate]:
        monkeypatch.setattr(sync, "list_templates", read)
        try:
            return read(channel)
        finally:
            happens()

    monkeypatch.setattr(sync, "list_templates", slowly)


def test_a_list_that_was_asked_for_before_the_stored_one_changes_nothing(owner, templates, monkeypatch):
    channel = connect(owner)
    templates.accounts[WABA] = [listed("a", text="Before"), listed("deleted")]

    def newer() -> None:
        templates.accounts[WABA] = [listed("a", text="After"), listed("new")]
        sync_templates()

    while_the_list_arrives(monkeypatch, newer)
    sync_templates()
    assert [row[0] for row in stored(owner)] == ["a", "new"]
    assert MessageTemplate.objects.get(name="a").components[0]["text"] == "After"
    read_at = Channel.objects.get(pk=channel.pk).templates_read_at
    assert read_at == MessageTemplate.objects.get(name="new").status_at


def test_a_failure_before_the_stored_list_is_not_what_is_known_of_the_account(owner, templates, monkeypatch):
    channel = connect(owner)
    templates.accounts[WABA] = [listed()]
    templates.status = 500

    def newer() -> None:
        templates.status = 200
        sync_templates()

    while_the_list_arrives(monkeypatch, newer)
    assert sync_templates()[0].error
    assert Channel.objects.get(pk=channel.pk).templates_error == ""
    assert len(stored(owner)) == 1
