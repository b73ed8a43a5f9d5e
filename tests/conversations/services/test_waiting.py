"""A customer waits also where the answer failed: at once, later by a status, or when its retries are used up."""

from itertools import permutations
from time import time

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from conversations.models import Conversation, Message
from tests.cases import each_case
from tests.staff import staff_of
from tests.whatsapp import meta
from tests.whatsapp.conftest import graph, mailing
from tests.whatsapp.graph import RESET_ACCEPTED, error
from tests.whatsapp.inbox import Inbox
from tests.whatsapp.mailing import reloaded
from tests.whatsapp.twilio_forms import BUSINESS, MESSAGE, STATUS, TOKEN
from tests.whatsapp.webhook_client import deliver_form, provider_client
from whatsapp.channels import connect_channel
from whatsapp.outbound import queue, resolve

__all__ = ["graph", "mailing"]

SHEENA = f"+{meta.SHEENA}"
# Answers of the Graph API, and statuses, after which a message is not sent again.
FOR_GOOD = [131047, 131026, 131049, 131050, 131051]


def since(inbox):
    """Since when the customer waits, in seconds after the first message: as row, filter and list of the admin say."""
    (thread,) = inbox.conversations
    waits = thread.waiting_since is not None
    client = inbox.business.client
    assert len(client.get("/api/conversations", {"waiting": "true"}).json()["results"]) == waits
    assert bool(client.get(f"/api/conversations/{thread.pk}").json()["waiting_since"]) == waits
    person = inbox.__dict__.setdefault("person", None) or staff_of(inbox.business)
    inbox.person = person
    assert (thread.pk in person.found(Conversation, waiting="yes")) == waits
    return int(thread.waiting_since.timestamp()) - meta.NOON if waits else None


@pytest.fixture
def inbox(mailing, owner):
    inbox = Inbox(owner)
    inbox.gets(meta.text("Open today?"))
    inbox.gets(meta.text("Hello?", timestamp=meta.NOON + 10))
    return inbox


def reply(inbox, text="Yes", **body):
    path = f"/api/conversations/{inbox.conversations[0].pk}/messages"
    answer = inbox.business.client.post(path, body or {"message": text}, format="json")
    assert answer.status_code == 202, answer.content
    assert since(inbox) is None
    return Message.objects.get(pk=answer.json()["message_id"])


def failed(row, code=131047, **fields):
    about = {"id": row.provider_id, "timestamp": int(time()), "errors": [meta.error(code)]}
    return meta.status("failed", **about | fields)


class TestToldAtOnce:
    @pytest.mark.parametrize("code", FOR_GOOD)
    def test_the_customer_waits_since_the_first_message_without_answer(self, inbox, mailing, code):
        mailing.graph.queue_reactions(error(code))
        row = reply(inbox)
        mailing.send_due()
        assert (reloaded(row).status, since(inbox)) == ("failed", 0)

    def test_an_earlier_answer_that_was_sent_counts(self, inbox, mailing):
        reply(inbox, "One moment")
        mailing.send_due()
        inbox.gets(meta.text("And tomorrow?", timestamp=meta.NOON + 60))
        mailing.graph.queue_reactions(error(131047))
        reply(inbox, "Tomorrow too")
        mailing.send_all()
        assert since(inbox) == 60

    def test_a_later_answer_that_was_sent_counts(self, inbox, mailing):
        mailing.graph.queue_reactions(error(131047))
        reply(inbox, "One moment")
        reply(inbox, "We are open")
        for _ in range(2):
            mailing.send_all()
        assert [status for _, status in mailing.states()] == ["failed", "sent"]
        assert since(inbox) is None

    def test_a_failed_template_too(self, inbox, mailing):
        mailing.graph.queue_reactions(error(132001))
        row = reply(inbox, template={"name": "cake_ready", "language": "en_US"})
        mailing.send_due()
        assert (reloaded(row).status, since(inbox)) == ("failed", 0)

    def test_while_it_is_tried_again_the_customer_does_not_wait(self, inbox, mailing):
        mailing.graph.queue_reactions(error(130429))
        row = reply(inbox)
        mailing.send_due()
        assert (reloaded(row).status, since(inbox)) == ("queued", None)

    def test_retries_that_are_used_up(self, inbox, mailing):
        row = reply(inbox)
        Message.objects.filter(pk=row.pk).update(attempts=99)
        mailing.graph.queue_reactions(error(130429))
        mailing.send_due()
        assert (reloaded(row).status, since(inbox)) == ("failed", 0)

    def test_a_customer_who_has_not_written_does_not_wait(self, mailing, owner):
        mailing.graph.queue_reactions(error(131026))
        row = mailing.writes()
        mailing.send_due()
        assert (reloaded(row).status, since(Inbox(owner))) == ("failed", None)

    def test_one_that_was_overtaken_after_its_lease_expired(self, inbox, mailing):
        row = reply(inbox)
        (claimed,) = queue.claim(1)
        Message.objects.update(leased_until="2026-01-01T00:00:00Z")
        queue.expire_leases()
        later = mailing.writes(to=SHEENA)
        # Its place in the thread is before what the customer wrote, so that it is no answer to that.
        sent = {"attempts": 1, "status": "sent", "due_at": None}
        Message.objects.filter(pk=later.pk).update(**sent, sort_at="2020-01-01T00:00:00Z")
        Conversation.objects.update(waiting_since=None)
        queue.record([queue.not_attempted(claimed)])
        assert (reloaded(row).status, since(inbox)) == ("failed", 0)


class TestToldLater:
    @pytest.fixture
    def sent(self, inbox, mailing):
        row = reply(inbox)
        mailing.send_due()
        return reloaded(row)

    @pytest.mark.parametrize("code", FOR_GOOD)
    def test_the_customer_waits_again(self, inbox, sent, code):
        inbox.gets_statuses(failed(sent, code))
        assert (reloaded(sent).status, since(inbox)) == ("failed", 0)

    def test_what_the_customer_wrote_after_it_waits_too(self, inbox, sent):
        inbox.gets(meta.text("Thanks", timestamp=meta.NOON + 20))
        assert since(inbox) == 20
        inbox.gets_statuses(failed(sent))
        assert since(inbox) == 0

    @pytest.mark.parametrize("state", ["delivered", "read", "played"])
    def test_delivered_after_all_ends_it(self, inbox, sent, state):
        inbox.gets_statuses(failed(sent))
        assert since(inbox) == 0
        inbox.gets_statuses(meta.status(state, id=sent.provider_id))
        assert since(inbox) is None

    @each_case("order", list(permutations(["failed", "sent", "delivered", "in"])))
    def test_in_any_order_also_with_a_message_of_the_customer(self, inbox, sent, order):
        for state in order:
            if state == "in":
                inbox.gets(meta.text("And tomorrow?", timestamp=meta.NOON + 60))
            else:
                inbox.gets_statuses(failed(sent) if state == "failed" else meta.status(state, id=sent.provider_id))
        assert since(inbox) == 60

    def test_all_in_one_delivery(self, inbox, sent):
        parts = {"messages": [meta.text("Hm?", timestamp=meta.NOON + 60)], "statuses": [failed(sent)]}
        inbox.gets_change("messages", **parts)
        assert since(inbox) == 0

    def test_a_status_before_the_providers_answer(self, inbox, mailing):
        row = reply(inbox)
        inbox.gets_statuses(meta.status("failed", id="wamid.000001", errors=[meta.error(131047)]))
        assert since(inbox) is None
        mailing.send_due()
        assert (reloaded(row).provider_id, reloaded(row).status, since(inbox)) == ("wamid.000001", "failed", 0)

    def test_a_status_with_our_id(self, inbox):
        row = reply(inbox)
        queue.claim(1)
        inbox.gets_statuses(failed(row, id="wamid.9", biz_opaque_callback_data=str(row.pk)))
        assert (reloaded(row).status, since(inbox)) == ("failed", 0)

    def test_an_answer_from_the_phone_that_failed(self, inbox):
        echo = meta.echo("Yes", timestamp=meta.NOON + 20, id="wamid.echo")
        broken = meta.status("failed", id="wamid.echo", errors=[meta.error(131026)])
        inbox.gets_change("message_echoes", message_echoes=[echo])
        assert since(inbox) is None
        inbox.gets_statuses(broken)
        assert since(inbox) == 0

    def test_a_report_of_failure_before_the_answer_from_the_phone(self, inbox):
        echo = meta.echo("Yes", timestamp=meta.NOON + 20, id="wamid.echo")
        inbox.gets_statuses(meta.status("failed", id="wamid.echo", errors=[meta.error(131026)]))
        inbox.gets_change("message_echoes", message_echoes=[echo])
        assert since(inbox) == 0

    def test_a_temporary_failure_is_sent_again_and_the_customer_does_not_wait(self, inbox, sent, mailing):
        inbox.gets_statuses(failed(sent, 131000))
        assert (reloaded(sent).status, since(inbox)) == ("queued", None)
        mailing.graph.queue_reactions(error(131047))
        mailing.send_all()
        assert (reloaded(sent).status, since(inbox)) == ("failed", 0)

    def test_queued_again_after_it_had_failed(self, inbox, sent):
        inbox.gets_statuses(failed(sent))
        inbox.gets_statuses(failed(sent, 131000))
        assert (reloaded(sent).status, since(inbox)) == ("queued", None)

    def test_sent_again_by_staff_ends_the_waiting(self, inbox, sent, mailing):
        inbox.gets_statuses(failed(sent))
        again = resolve.send_again(message=reloaded(sent))
        assert since(inbox) is None
        mailing.send_all()
        assert (mailing.message(again).status, since(inbox)) == ("sent", None)

    def test_unknown_counts_as_an_answer(self, inbox, mailing):
        mailing.graph.queue_reactions(RESET_ACCEPTED)
        row = reply(inbox)
        mailing.send_due()
        assert (reloaded(row).status, since(inbox)) == ("unknown", None)
        inbox.gets_statuses(failed(row, id="wamid.9", biz_opaque_callback_data=str(row.pk)))
        assert (reloaded(row).status, since(inbox)) == ("failed", 0)


@pytest.mark.parametrize("code", ["63016", "63003", "63024"])
def test_a_failure_told_by_twilio(owner, code):
    connect_channel(user_id=owner.id, provider="twilio", phone_number_id=BUSINESS, access_token=TOKEN)
    inbox = Inbox(owner, channel="106540352242999")
    deliver_form(provider_client(), MESSAGE)
    row = reply(inbox)
    Message.objects.filter(pk=row.pk).update(provider_id="SM1", status="sent", due_at=None)
    callback = STATUS | {"MessageSid": "SM1", "SmsSid": "SM1", "MessageStatus": "undelivered", "ErrorCode": code}
    deliver_form(provider_client(), callback)
    assert reloaded(row).status == "failed"
    assert since(inbox) is not None
    deliver_form(provider_client(), STATUS | {"MessageSid": "SM1", "SmsSid": "SM1"})
    assert since(inbox) is None


def test_the_number_of_statements_does_not_depend_on_the_number_of_failures(mailing, owner):
    inbox, counts = Inbox(owner), {}
    for size in (2, 60):
        numbers = [str(4915100000000 + size * 1000 + n) for n in range(size)]
        inbox.gets(*(meta.text("Hi", from_=number) for number in numbers))
        inbox.gets_change("message_echoes", message_echoes=[meta.echo(to=n, id=f"wamid.{n}") for n in numbers])
        for state in ("failed", "delivered"):
            errors = {"errors": [meta.error(131047)]} if state == "failed" else {}
            with CaptureQueriesContext(connection) as queries:
                inbox.gets_statuses(*(meta.status(state, id=f"wamid.{n}", **errors) for n in numbers))
            counts[size, state] = len(queries)
            assert Conversation.objects.exclude(waiting_since=None).count() == (size if state == "failed" else 0)
    assert counts[2, "failed"] == counts[60, "failed"], counts
    assert counts[2, "delivered"] == counts[60, "delivered"], counts
