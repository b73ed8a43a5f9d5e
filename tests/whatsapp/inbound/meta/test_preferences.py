"""What customers choose about marketing at Meta: kept on the customer, shown to staff and programs."""

import json
from datetime import UTC, datetime
from itertools import permutations
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from conversations.admin.thread_entries import read_thread
from conversations.models import Conversation, Customer, Message
from leads.models import Lead
from tests.staff import address, staff_of
from tests.whatsapp import meta
from tests.whatsapp.graph import Reaction
from tests.whatsapp.inbox import Inbox
from tests.whatsapp.mailing import reloaded
from tests.whatsapp.wamids import wamid

STOPPED = datetime.fromtimestamp(meta.NOON, UTC)
WORDS = "The customer does not want marketing messages any more"


def choice(value: str = "stop", *, timestamp: Any = meta.NOON, **fields: Any) -> dict[str, Any]:
    item = {"wa_id": meta.SHEENA, "category": "marketing_messages", "detail": "User requested it", "value": value}
    return meta.without_none(**item | {"timestamp": timestamp and str(timestamp)} | fields)


def gets(inbox: Inbox, *choices: dict[str, Any], contacts: Any = None):
    parts = meta.without_none(user_preferences=list(choices), contacts=contacts)
    return inbox.gets_change("user_preferences", **parts)


def chosen(inbox: Inbox) -> list[tuple[str | None, datetime | None, datetime | None]]:
    return [(one.phone, one.marketing_choice_at, one.marketing_opted_out_at) for one in inbox.customers]


def test_a_stop_is_kept_with_its_time_and_makes_no_work(inbox):
    inbox.gets(meta.text("Hello", timestamp=meta.NOON - 60))
    before = inbox.conversations[0]
    delivery = gets(inbox, choice())
    assert (delivery.state, delivery.error) == ("processed", "")
    assert chosen(inbox) == [(f"+{meta.SHEENA}", STOPPED, STOPPED)]
    assert inbox.counts() == (1, 1, 1, 2)
    after = inbox.conversations[0]
    assert (after.status, after.last_inbound_at) == (before.status, before.last_inbound_at)
    assert inbox.leads[0].details == "Hello"


def test_it_neither_reopens_a_conversation_nor_opens_one(inbox):
    inbox.gets(meta.text("Hello", timestamp=meta.NOON - 60))
    for status in ("completed", "archived"):
        Conversation.objects.update(status=status)
        gets(inbox, choice(timestamp=meta.NOON + len(status)))
        assert [one.status for one in inbox.conversations] == [status]
    assert inbox.counts()[:3] == (1, 1, 1)


def test_a_customer_who_has_not_written_yet_is_kept_without_conversation(inbox):
    delivery = gets(inbox, choice(), contacts=[meta.contact()])
    assert (delivery.state, delivery.error) == ("processed", "")
    assert inbox.counts() == (1, 0, 0, 0)
    inbox.gets(meta.text("Hello", timestamp=meta.NOON - 3600))
    assert chosen(inbox) == [(f"+{meta.SHEENA}", STOPPED, STOPPED)]
    assert inbox.counts() == (1, 1, 1, 1)


def test_the_order_of_arrival_does_not_matter(inbox):
    events = [choice(), choice("resume", timestamp=meta.NOON + 10), choice("stop", timestamp=meta.NOON + 20)]
    states = set()
    for ordered in permutations([*events, None]):
        for event in ordered:
            if event is None:
                inbox.gets(meta.text("Hello", id="wamid.1"))
            else:
                gets(inbox, event)
        states.add(json.dumps(chosen(inbox), default=str))
        assert inbox.counts()[:3] == (1, 1, 1)
        delete_all()
    assert len(states) == 1
    assert "2025-06-15 15:07:00" in states.pop()


def delete_all() -> None:
    for model in (Lead, Message, Conversation, Customer):
        model.objects.all().delete()


def test_several_choices_of_one_delivery_and_a_repeated_delivery(inbox):
    inbox.gets(meta.text("Hello"))
    other = choice(wa_id="4915100000001")
    for _ in range(2):
        gets(inbox, choice("resume", timestamp=meta.NOON + 5), choice(), other)
    assert chosen(inbox) == [
        (f"+{meta.SHEENA}", datetime.fromtimestamp(meta.NOON + 5, UTC), None),
        ("+4915100000001", STOPPED, STOPPED),
    ]
    assert [row.kind for row in inbox.messages] == ["text", "user_preferences", "user_preferences"]


def test_a_customer_without_number_is_found_by_id(inbox):
    inbox.gets(meta.text("Hello", from_=None, from_user_id=meta.SHEENA_ID))
    gets(inbox, choice(wa_id=None, user_id=meta.SHEENA_ID))
    assert [one.marketing_opted_out_at for one in inbox.customers] == [STOPPED]


def test_a_choice_without_identifiers_is_the_one_contacts(inbox):
    inbox.gets(meta.text("Hello"))
    gets(inbox, choice(wa_id=None), contacts=[meta.contact()])
    assert chosen(inbox) == [(f"+{meta.SHEENA}", STOPPED, STOPPED)]


def test_a_merged_customer_keeps_the_later_choice(inbox):
    """Sheena wrote from a new number, and opted out there, before the change of her number was reported."""
    new = "16505559999"
    inbox.gets(meta.text("Hello", timestamp=meta.NOON - 100))
    gets(inbox, choice("resume", timestamp=meta.NOON - 90))
    inbox.gets(meta.text("It is me", from_=new, timestamp=meta.NOON - 10))
    gets(inbox, choice(wa_id=new))
    assert inbox.counts()[0] == 2
    notice = {"type": "user_changed_number", "body": "Changed", "wa_id": new}
    inbox.gets(meta.message("system", notice, timestamp=meta.NOON - 50))
    assert chosen(inbox) == [(f"+{new}", STOPPED, STOPPED)]


def test_staff_and_programs_see_it(inbox):
    inbox.gets(meta.text("Hello"))
    url = f"/api/conversations/{inbox.conversations[0].pk}"
    assert inbox.business.client.get(url).json()["customer_marketing_opted_out_at"] is None
    gets(inbox, choice())
    assert inbox.business.client.get(url).json()["customer_marketing_opted_out_at"] == "2025-06-15T15:06:40Z"
    listed = inbox.business.client.get("/api/conversations").json()["results"]
    assert [one["customer_marketing_opted_out_at"] for one in listed] == ["2025-06-15T15:06:40Z"]
    person = staff_of(inbox.business)
    for row in (inbox.customers[0], inbox.conversations[0]):
        assert "Opted out on" in person.get(address("change", row)).content.decode()
    entry = read_thread(inbox.conversations[0]).entries[-1]
    assert (entry.is_notice, entry.text) == (True, WORDS)
    gets(inbox, choice("resume", timestamp=meta.NOON + 60))
    assert "Wanted again since" in person.get(address("change", inbox.customers[0])).content.decode()


@pytest.mark.parametrize(
    ("item", "noted"),
    [
        (choice(category="utility_messages"), "not known; ignored"),
        (choice("pause"), "not known; ignored"),
        (choice(""), "not known; ignored"),
    ],
)
def test_an_unknown_choice_is_noted(inbox, item, noted):
    delivery = gets(inbox, item)
    assert delivery.state == "processed"
    assert noted in delivery.error
    assert inbox.counts() == (0, 0, 0, 0)


def test_a_choice_of_nobody_fails_the_delivery_and_not_its_neighbours(inbox):
    delivery = gets(inbox, choice(wa_id=None), choice())
    assert delivery.state == "failed"
    assert chosen(inbox) == [(f"+{meta.SHEENA}", STOPPED, STOPPED)]


@pytest.mark.parametrize("timestamp", [None, "soon", 5])
def test_without_a_plausible_time_that_of_arrival_counts(inbox, timestamp):
    gets(inbox, choice(timestamp=timestamp))
    ((_, chosen_at, opted_out_at),) = chosen(inbox)
    assert chosen_at == opted_out_at
    assert opted_out_at is not None
    assert opted_out_at.year > 2025


class TestRefusedMarketing:
    """Meta's error 131050, told later by a status. At once: tests/whatsapp/outbound/test_enqueue_opt_outs.py."""

    def test_it_is_an_opt_out_at_the_statuss_time(self, mailing, owner):
        row = mailing.writes(to=f"+{meta.SHEENA}")
        mailing.send_due()
        row.refresh_from_db()
        failed = meta.status("failed", id=row.provider_id, errors=[meta.error(131050, "User has opted out")])
        Inbox(owner).gets_statuses(failed)
        assert chosen(Inbox(owner)) == [(f"+{meta.SHEENA}", STOPPED, STOPPED)]

    def test_our_id_finds_the_message_before_the_providers_is_stored(self, mailing, owner):
        row = mailing.writes(to=f"+{meta.SHEENA}")
        errors = [meta.error(131050, "User has opted out")]
        Inbox(owner).gets_statuses(meta.status("failed", biz_opaque_callback_data=str(row.pk), errors=errors))
        assert chosen(Inbox(owner)) == [(f"+{meta.SHEENA}", STOPPED, STOPPED)]

    def test_an_id_in_another_form_finds_the_message(self, mailing, owner):
        answered, told = (wamid(peer, "3EB0REFUSED", outgoing=True) for peer in (meta.SHEENA, meta.SHEENA_ID))
        row = mailing.writes(to=f"+{meta.SHEENA}")
        mailing.graph.queue_reactions(Reaction(body=json.dumps({"messages": [{"id": answered}]}).encode()))
        mailing.send_due()
        Inbox(owner).gets_statuses(meta.status("failed", id=told, errors=[meta.error(131050)]))
        assert reloaded(row).status == "failed"
        assert chosen(Inbox(owner)) == [(f"+{meta.SHEENA}", STOPPED, STOPPED)]
        answer = owner.client.get(f"/api/conversations/{row.conversation_id}").json()
        assert answer["customer_marketing_opted_out_at"] == "2025-06-15T15:06:40Z"

    @pytest.mark.parametrize("code", [131026, 131049])
    def test_other_errors_are_not(self, mailing, owner, code):
        row = mailing.writes(to=f"+{meta.SHEENA}")
        failed = meta.status("failed", biz_opaque_callback_data=str(row.pk), errors=[meta.error(code)])
        Inbox(owner).gets_statuses(failed, meta.status("failed", recipient_id="123", errors=[meta.error(131050)]))
        assert chosen(Inbox(owner)) == [(f"+{meta.SHEENA}", None, None)]

    @pytest.mark.parametrize(
        "recipient",
        [
            {"recipient_id": meta.SHEENA},
            {"recipient_id": meta.SHEENA_ID},
            {"recipient_id": None, "recipient_user_id": meta.SHEENA_ID},
            {"recipient_id": "491510000", "recipient_user_id": meta.SHEENA_ID},
        ],
    )
    def test_the_customer_of_a_message_that_is_not_stored_is_the_recipient(self, inbox, recipient):
        """Another program of the business has sent it, or it was sent again and this is the status of a former id."""
        inbox.gets(meta.text("Hello", from_user_id=meta.SHEENA_ID))
        refused = meta.status("failed", errors=[meta.error(131050)]) | recipient
        inbox.gets_statuses(meta.without_none(**refused))
        assert chosen(inbox) == [(f"+{meta.SHEENA}", STOPPED, STOPPED)]

    def test_the_recipients_number_in_another_spelling(self, inbox):
        inbox.gets(meta.text("Oi", from_="5511987654321"))
        inbox.gets_statuses(meta.status("failed", recipient_id="551187654321", errors=[meta.error(131050)]))
        assert chosen(inbox) == [("+5511987654321", STOPPED, STOPPED)]

    def test_a_former_id(self, mailing, owner):
        row = mailing.writes(to=f"+{meta.SHEENA}")
        mailing.send_due()
        now = int(datetime.now(UTC).timestamp())
        sent = meta.status("failed", id=reloaded(row).provider_id, timestamp=now, errors=[meta.error(131000)])
        Inbox(owner).gets_statuses(sent)
        assert reloaded(row).status == "queued"
        Inbox(owner).gets_statuses(sent | {"errors": [meta.error(131050)]})
        assert reloaded(row).status == "queued"
        assert Inbox(owner).customers[0].marketing_opted_out_at == datetime.fromtimestamp(now, UTC)


def test_the_number_of_statements_does_not_depend_on_the_number_of_choices(inbox):
    counts: dict[Any, int] = {}
    for size in (2, 100):
        numbers = [str(4915100000000 + size * 1000 + n) for n in range(size)]
        inbox.gets(*(meta.text(from_=number) for number in numbers))
        with CaptureQueriesContext(connection) as queries:
            gets(inbox, *(choice(wa_id=number) for number in numbers))
        counts[size] = len(queries)
        with CaptureQueriesContext(connection) as queries:
            errors = [meta.error(131050)]
            inbox.gets_statuses(*(meta.status("failed", id=f"wamid.{number}", errors=errors) for number in numbers))
        counts[size, "refused"] = len(queries)
    assert counts[2] == counts[100], counts
    assert counts[2, "refused"] == counts[100, "refused"], counts
    assert Customer.objects.exclude(marketing_opted_out_at=None).count() == 102
