"""Deliveries in the admin: the list, search, badges and replay."""

from typing import Any

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Permission
from django.db import OperationalError, connection
from django.test import Client, RequestFactory
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from conversations.models import Message
from leadsite.adminkit.paginator import BoundedPaginator
from leadsite.adminkit.values import badge
from tests.staff import Staff, address, messages_of, operator, staff_of
from tests.whatsapp.stored_deliveries import connect, delivery, hello, hello_for, press_replay
from whatsapp.admin import deliveries
from whatsapp.admin.deliveries import waiting_badge
from whatsapp.inbound import ingest
from whatsapp.models import WebhookDelivery


def badges(person: Staff) -> dict[str, str]:
    """The badges of the menu's items."""
    menu = person.get(reverse("overview")).context["sidebar_navigation"]
    return {item["title"]: item["badge"] for group in menu for item in group["items"] if item["badge"]}


def test_only_operators_see_deliveries_whatever_their_permissions(owner):
    row = hello()
    staff = staff_of(owner)
    owner.user.user_permissions.set(Permission.objects.filter(content_type__model="webhookdelivery"))
    for path in (address("changelist", WebhookDelivery), address("change", row), address("history", row)):
        assert staff.get(path).status_code == 403
    assert staff.client.post(address("replay", row)).status_code == 403
    assert staff.act("replay", row).status_code == 403
    assert Client().post(address("replay", row)).status_code == 302
    row.refresh_from_db()
    assert row.attempts == 1


def test_deliveries_cannot_be_added_changed_or_deleted(db):
    row, person = hello(), operator()
    assert person.get(address("add", WebhookDelivery)).status_code == 403
    for page in ("change", "delete"):
        assert person.send(address(page, row), {}, state="processed", post="yes").status_code == 403
    assert "delete_selected" not in person.list(WebhookDelivery)
    assert WebhookDelivery.objects.get().state == "failed"


def test_the_list_is_newest_first_can_be_filtered_and_does_not_load_bodies(db):
    rows = [hello(state=state, error="x" * 500) for state in ("failed", "unrouted", "processed")]
    person = operator()

    with CaptureQueriesContext(connection) as context:
        shown = person.get(address("changelist", WebhookDelivery)).context["cl"].result_list
    assert list(shown) == rows[::-1]
    assert '"body"' not in "".join(query["sql"] for query in context)

    assert person.found(WebhookDelivery, state__exact="failed") == {rows[0].pk}
    assert person.found(WebhookDelivery, provider__exact="twilio") == set()
    assert "x" * 130 not in person.list(WebhookDelivery)


def test_notes_of_a_processed_delivery_are_shown_in_the_list(db):
    processed, noted, failed = hello(state="processed"), hello(state="processed", error="Odd"), hello(error="Bad")
    person = operator()
    assert person.found(WebhookDelivery, problems="yes") == {noted.pk, failed.pk}
    assert person.found(WebhookDelivery, problems="no") == {processed.pk}
    assert person.found(WebhookDelivery, problems="yes", state__exact="processed") == {noted.pk}
    page = person.list(WebhookDelivery)
    assert page.count(badge("Processed, with notes", "unknown")) == 1
    assert page.count(badge("Processed", "processed")) == 1


def test_the_menu_shows_operators_the_number_of_open_deliveries(db, monkeypatch):
    person = operator()
    assert badges(person) == {}
    for state in ("failed", "unrouted", "processed"):
        hello(state=state)
    assert badges(person) == {"Deliveries": "2"}
    monkeypatch.setattr(deliveries, "BADGE_LIMIT", 1)
    assert badges(person) == {"Deliveries": "1+"}


def test_other_users_see_no_badge_and_no_query_is_made(owner):
    hello()
    staff = staff_of(owner)
    with CaptureQueriesContext(connection) as context:
        assert badges(staff) == {}
    assert "webhook_deliveries" not in "".join(query["sql"] for query in context)


def test_open_deliveries_are_counted_by_an_index(db):
    with CaptureQueriesContext(connection) as context:
        waiting_badge(RequestFactory().get("/admin/"))
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
        cursor.execute("EXPLAIN " + context[0]["sql"])
        assert "webhook_deliveries_open" in str(cursor.fetchall())


def test_the_list_does_not_count_all_rows(db, monkeypatch):
    monkeypatch.setattr(BoundedPaginator, "limit", 3)
    person = operator()
    for _ in range(3):
        hello()
    with CaptureQueriesContext(connection) as context:
        assert "or more" in person.list(WebhookDelivery)
    counting = [query["sql"] for query in context if "COUNT(" in query["sql"] and "webhook_deliveries" in query["sql"]]
    assert [("LIMIT 3" in sql, "LIMIT 100" in sql) for sql in counting] == [(True, False), (False, True)]


def test_a_delivery_is_found_by_the_number_that_is_not_connected(db):
    wanted = hello(state="unrouted", unrouted=["111", "222"])
    hello(state="unrouted", unrouted=["2222"])
    person = operator()
    assert person.found(WebhookDelivery, q=" 222 ") == {wanted.pk}
    assert person.found(WebhookDelivery, q="22") == set()


@pytest.mark.parametrize("state", ["failed", "unrouted", "processed"])
def test_the_button_replays_a_delivery_and_reports_the_result(owner, state):
    connect(owner)
    row = hello(state=state)

    response = press_replay(operator(), row)

    assert messages_of(response) == ["Replayed: 1 processed."]
    assert response.redirect_chain == [(address("change", row), 302)]
    assert Message.objects.get().content == "Hello"
    assert LogEntry.objects.get().object_id == str(row.pk)


def test_a_get_request_cannot_replay(owner):
    connect(owner)
    row, person = hello(), operator()
    assert person.get(address("replay", row)).status_code == 405
    strict = Client(enforce_csrf_checks=True)
    strict.cookies = person.client.cookies
    assert strict.post(address("replay", row)).status_code == 403
    assert not Message.objects.exists()


def test_replaying_a_deleted_delivery_is_not_a_server_error(db):
    row = hello()
    WebhookDelivery.objects.all().delete()
    person = operator()
    for path in (address("replay", row), address("changelist", WebhookDelivery) + "x%00/replay/"):
        assert person.client.post(path).status_code == 302


def test_selected_deliveries_are_replayed_and_counted_by_result(owner):
    connect(owner)
    good = [hello() for _ in range(3)]
    person = operator()
    rows = [*good, delivery(b"no JSON"), hello_for("another")]

    response = person.client.get(person.act("replay", *rows).url)

    assert messages_of(response) == ["Replayed: 3 processed, 1 still failed, 1 still unrouted."]
    assert Message.objects.count() == 3
    assert LogEntry.objects.count() == 5


def test_an_error_in_one_replay_does_not_stop_the_others(owner, monkeypatch):
    connect(owner)
    rows = [hello(), hello(), hello()]
    replay = ingest.replay

    def replay_with_one_error(**options: Any) -> str:
        if options["delivery_id"] == rows[1].pk:
            raise OperationalError("the connection is lost")
        return replay(**options)

    monkeypatch.setattr(ingest, "replay", replay_with_one_error)
    person = operator()
    response = person.client.get(person.act("replay", *rows).url)

    assert messages_of(response) == ["Replayed: 2 processed, 1 stopped by an error (see the log)."]


def test_an_action_replays_a_limited_number_oldest_first(owner, monkeypatch):
    connect(owner)
    monkeypatch.setattr(deliveries, "REPLAY_LIMIT", 2)
    rows = [hello() for _ in range(3)]
    person = operator()

    first, second = messages_of(person.client.get(person.act("replay", *rows).url))

    assert first == "Replayed: 2 processed."
    assert second.startswith("Only the oldest 2 were tried")
    assert WebhookDelivery.objects.get(state="failed") == rows[2]
