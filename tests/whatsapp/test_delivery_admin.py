"""Deliveries in the admin: what came, what is wrong with it, and trying it again."""

import json
from typing import Any

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Permission
from django.db import OperationalError, connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from conversations.models import Message
from tests.staff import ESCAPED, HOSTILE, Staff, address, messages_of, operator, staff_of
from tests.whatsapp import meta
from whatsapp import delivery_admin, ingest
from whatsapp.delivery_body import MAX_LENGTH, readable
from whatsapp.models import Channel, WebhookDelivery


def delivery(body: bytes = b"{}", state: str = "failed", **fields: Any) -> WebhookDelivery:
    return WebhookDelivery.objects.create(**({"provider": "cloud", "body": body, "state": state} | fields))


def hello(**fields: Any) -> WebhookDelivery:
    """A customer's greeting, not yet rows."""
    return delivery(meta.body(meta.messages_value(messages=[meta.text("Hello")])), **fields)


def connect(owner: Any, **fields: Any) -> Channel:
    return Channel.objects.create(user=owner.user, phone_number_id=meta.CHANNEL, **fields)


def press_replay(person: Staff, row: WebhookDelivery) -> Any:
    return person.client.post(address("replay", row), follow=True)


def page_of(row: WebhookDelivery) -> str:
    return str(operator().get(address("change", row)).content.decode())


def test_deliveries_are_for_operators_whatever_a_group_says(owner):
    row = hello()
    people = staff_of(owner)
    owner.user.user_permissions.set(Permission.objects.filter(content_type__model="webhookdelivery"))
    for path in (address("changelist", WebhookDelivery), address("change", row), address("history", row)):
        assert people.get(path).status_code == 403
    assert people.client.post(address("replay", row)).status_code == 403
    assert people.act("replay", row).status_code == 403
    assert Client().post(address("replay", row)).status_code == 302
    row.refresh_from_db()
    assert row.attempts == 1


def test_nobody_makes_changes_or_deletes_a_delivery(db):
    row, person = hello(), operator()
    assert person.get(address("add", WebhookDelivery)).status_code == 403
    for page in ("change", "delete"):
        assert person.send(address(page, row), {}, state="processed", post="yes").status_code == 403
    assert "delete_selected" not in person.list(WebhookDelivery)
    assert WebhookDelivery.objects.get().state == "failed"


def test_the_list_is_newest_first_filters_and_leaves_the_bodies_where_they_are(db):
    rows = [hello(state=state, error="x" * 500) for state in ("failed", "unrouted", "processed")]
    person = operator()

    with CaptureQueriesContext(connection) as context:
        shown = person.get(address("changelist", WebhookDelivery)).context["cl"].result_list
    assert list(shown) == rows[::-1]
    assert '"body"' not in "".join(query["sql"] for query in context)

    assert person.found(WebhookDelivery, state__exact="failed") == {rows[0].pk}
    assert person.found(WebhookDelivery, provider__exact="twilio") == set()
    assert "x" * 130 not in person.list(WebhookDelivery)


def test_the_list_does_not_count_all_rows(db, monkeypatch):
    monkeypatch.setattr(delivery_admin.BoundedPaginator, "limit", 3)
    person = operator()
    for _ in range(3):
        hello()
    with CaptureQueriesContext(connection) as context:
        assert "or more" in person.list(WebhookDelivery)
    counting = [query["sql"] for query in context if "COUNT(" in query["sql"] and "webhook_deliveries" in query["sql"]]
    assert counting
    assert all("LIMIT 3" in sql for sql in counting)


def test_a_delivery_is_found_by_the_number_that_is_not_connected(db):
    wanted = hello(state="unrouted", unrouted=["111", "222"])
    hello(state="unrouted", unrouted=["2222"])
    person = operator()
    assert person.found(WebhookDelivery, q=" 222 ") == {wanted.pk}
    assert person.found(WebhookDelivery, q="22") == set()


@pytest.mark.parametrize("state", ["failed", "unrouted", "processed"])
def test_the_button_makes_rows_of_a_delivery_and_says_so(owner, state):
    connect(owner)
    row = hello(state=state)

    response = press_replay(operator(), row)

    assert messages_of(response) == ["Replayed: 1 processed."]
    assert response.redirect_chain == [(address("change", row), 302)]
    assert Message.objects.get().content == "Hello"
    assert LogEntry.objects.get().object_id == str(row.pk)


def test_a_link_cannot_replay(owner):
    connect(owner)
    row, person = hello(), operator()
    assert person.get(address("replay", row)).status_code == 405
    strict = Client(enforce_csrf_checks=True)
    strict.cookies = person.client.cookies
    assert strict.post(address("replay", row)).status_code == 403
    assert not Message.objects.exists()


def test_a_delivery_that_is_gone_is_no_server_error(db):
    row = hello()
    WebhookDelivery.objects.all().delete()
    person = operator()
    for forged in (address("replay", row), address("changelist", WebhookDelivery) + "x%00/replay/"):
        assert person.client.post(forged).status_code == 302


def test_chosen_deliveries_are_replayed_and_the_message_adds_up(owner):
    connect(owner)
    good = [hello() for _ in range(3)]
    person = operator()
    rows = [*good, delivery(b"no JSON"), hello_for("another")]

    response = person.client.get(person.act("replay", *rows).url)

    assert messages_of(response) == ["Replayed: 3 processed, 1 still failed, 1 still unrouted."]
    assert Message.objects.count() == 3
    assert LogEntry.objects.count() == 5


def hello_for(number: str) -> WebhookDelivery:
    return delivery(meta.body(meta.messages_value(number, messages=[meta.text("Hello")])), state="unrouted")


def test_an_error_of_one_does_not_stop_the_others(owner, monkeypatch):
    connect(owner)
    rows = [hello(), hello(), hello()]
    replay = ingest.replay

    def sometimes(**options: Any) -> str:
        if options["delivery_id"] == rows[1].pk:
            raise OperationalError("out of luck")
        return replay(**options)

    monkeypatch.setattr(ingest, "replay", sometimes)
    person = operator()
    response = person.client.get(person.act("replay", *rows).url)

    assert messages_of(response) == ["Replayed: 2 processed, 1 broken off (the log says why)."]


def test_an_action_takes_a_limited_number_oldest_first(owner, monkeypatch):
    connect(owner)
    monkeypatch.setattr(delivery_admin, "REPLAY_LIMIT", 2)
    rows = [hello() for _ in range(3)]
    person = operator()

    first, second = messages_of(person.client.get(person.act("replay", *rows).url))

    assert first == "Replayed: 2 processed."
    assert second.startswith("Only the oldest 2 were tried")
    assert WebhookDelivery.objects.get(state="failed") == rows[2]


def test_the_page_says_what_to_do_about_a_number_that_is_not_connected(owner):
    row = hello_for(meta.CHANNEL)
    WebhookDelivery.objects.update(unrouted=[meta.CHANNEL, HOSTILE])
    person = operator()
    page = person.get(address("change", row)).content.decode()
    assert "Connect the number, then replay." in page
    assert page.count("Add a WhatsApp number</a> with this id, then replay.") == 2
    assert ESCAPED in page

    channel = connect(owner, active=False)
    page = person.get(address("change", row)).content.decode()
    assert "is switched off. Make it active, then replay." in page
    assert f"?q={meta.CHANNEL}" in person.get(address("change", channel)).content.decode()


def test_business_staff_who_see_channels_see_no_deliveries_there(owner):
    channel = connect(owner)
    hello_for(meta.CHANNEL)
    owner.user.user_permissions.set(Permission.objects.filter(content_type__model="channel"))
    assert "nrouted" not in staff_of(owner).get(address("change", channel)).content.decode()


def test_the_body_is_shown_as_text_in_lines(db):
    page = page_of(delivery(json.dumps({"text": HOSTILE, "n": [1, 2]}).encode(), error=HOSTILE))
    assert "<script>alert" not in page
    assert ESCAPED.replace("&quot;", "") in page
    assert "{\n  &quot;text&quot;: " in page


def test_a_long_body_is_cut_and_says_so(db):
    page = page_of(delivery(b"x" * (MAX_LENGTH + 1234)))
    assert "Cut here: 1,234 more characters." in page
    assert "x" * MAX_LENGTH in page
    assert "x" * (MAX_LENGTH + 1) not in page


@pytest.mark.parametrize(
    ("provider", "body", "text"),
    [
        ("cloud", b"", ""),
        ("cloud", b"\xff\x00<b>", "\\xff\\0<b>"),
        ("cloud", rb'"\ud83d"', '"\\ud83d"'),
        ("cloud", b"[" * 100_000, "[" * MAX_LENGTH),
        ("cloud", b"1" * 10_000, "1" * 10_000),
        ("cloud", b'{"a": NaN}', '{\n  "a": NaN\n}'),
        ("twilio", b"Body=Hello+%F0%9F%98%80&To=whatsapp%3A%2B49", "Body = Hello 😀\nTo = whatsapp:+49"),
        ("twilio", b"no form", "no form"),
        ("twilio", b"a=1&" * 2000, "a=1&" * 2000),
        ("twilio", b"a=%FF%00", "a = \ufffd\\0"),
    ],
)
def test_any_body_can_be_shown(db, provider, body, text):
    assert readable(provider, body)[0] == text
    assert operator().get(address("change", delivery(body, provider=provider))).status_code == 200


@pytest.mark.parametrize(
    ("fields", "advice"),
    [
        ({"state": "processed"}, "Replaying it doubles nothing."),
        ({"state": "failed"}, "Mend the cause, then replay."),
        ({"state": "failed", "next_attempt_at": timezone.now()}, "replay to try it now."),
    ],
)
def test_the_page_says_what_the_state_means(db, fields, advice):
    assert advice in page_of(hello(**fields))
