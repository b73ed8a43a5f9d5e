"""Which message a report is about, and whether it was delivered: no message that was is sent again."""

import json

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from tests.whatsapp import meta
from tests.whatsapp.graph import Reaction
from tests.whatsapp.inbox import Inbox
from tests.whatsapp.mailing import AMINA, BRUNO, Mailing, reloaded
from tests.whatsapp.outbound.test_requeue import FIRST, failed
from tests.whatsapp.twilio_forms import STATUS, TOKEN
from tests.whatsapp.wamids import wamid
from tests.whatsapp.webhook_client import deliver_form, provider_client
from whatsapp.outbound import queue
from whatsapp.outbound.outcomes import Sent

BY_PHONE, BY_USER_ID = (wamid(peer, "3EB0FAILED", outgoing=True) for peer in (AMINA[1:], "DE.1"))


@pytest.fixture
def inbox(owner, mailing):
    return Inbox(owner)


def sent_as(mailing: Mailing, provider_id: str):
    row = mailing.writes()
    mailing.graph.queue_reactions(Reaction(body=json.dumps({"messages": [{"id": provider_id}]}).encode()))
    mailing.send_due()
    assert reloaded(row).provider_id == provider_id
    return row


@pytest.mark.parametrize(("answered", "told"), [(BY_PHONE, BY_USER_ID), (BY_USER_ID, BY_PHONE)])
def test_a_failure_told_with_another_form_of_the_id_is_sent_again_once(mailing, inbox, answered, told):
    row = sent_as(mailing, answered)
    inbox.gets_statuses(failed(131000, told))
    assert (reloaded(row).status, row.provider_id, row.retries) == ("queued", None, 1)
    inbox.gets_statuses(failed(131000, told), failed(131000, answered))
    assert (reloaded(row).status, row.retries) == ("queued", 1)
    assert mailing.send_all() == 1
    inbox.gets_statuses(failed(131000, told), failed(131000, answered))
    assert (reloaded(row).status, row.provider_id) == ("sent", FIRST)
    assert mailing.send_all() == 0


def about(row, with_id):
    return {"biz_opaque_callback_data": str(row.pk)} if with_id else {}


class TestDelivered:
    @pytest.mark.parametrize("with_ids", [(True, True), (False, False), (True, False), (False, True)])
    @pytest.mark.parametrize("status", ["delivered", "read", "played"])
    @pytest.mark.parametrize("order", [(0, 1), (1, 0)])
    def test_in_the_delivery_that_says_it_failed(self, mailing, inbox, owner, with_ids, status, order):
        row = sent_as(mailing, BY_PHONE)
        reports = [
            failed(131000, BY_PHONE, of=row if with_ids[0] else None),
            meta.status(status, id=BY_USER_ID, **about(row, with_ids[1])),
        ]
        inbox.gets_statuses(*(reports[position] for position in order))
        assert (reloaded(row).status, row.provider_id) == (status, BY_PHONE)
        assert mailing.send_all() == 0
        assert owner.client.get(f"/api/messages/{row.pk}").json()["error"] is None

    def test_only_the_failed_ones_of_a_delivery_are_sent_again(self, mailing, inbox):
        arrived, lost = mailing.writes(), mailing.writes(to=BRUNO)
        mailing.send_due()
        reports = [failed(131000, reloaded(row).provider_id) for row in (arrived, lost)]
        inbox.gets_statuses(*reports, meta.status("delivered", id=arrived.provider_id))
        assert [reloaded(row).status for row in (arrived, lost)] == ["delivered", "queued"]

    @pytest.mark.parametrize("with_id", [True, False])
    @pytest.mark.parametrize("told", [BY_PHONE, BY_USER_ID])
    @pytest.mark.parametrize("status", ["delivered", "read"])
    def test_before_it_is_sent_again(self, mailing, inbox, owner, with_id, told, status):
        row = sent_as(mailing, BY_PHONE)
        inbox.gets_statuses(failed(131000, BY_PHONE), meta.status("sent", id=told))
        assert reloaded(row).status == "queued"
        inbox.gets_statuses(meta.status(status, id=told, **about(row, with_id)))
        assert (reloaded(row).status, row.due_at) == (status, None)
        assert mailing.send_all() == 0
        inbox.gets_statuses(failed(131000, BY_PHONE), failed(131000, BY_USER_ID))
        answer = owner.client.get(f"/api/messages/{row.pk}").json()
        assert (answer["status"], answer["error"]) == (status, None)
        assert mailing.send_all() == 0

    @pytest.mark.parametrize("with_id", [True, False])
    def test_after_it_was_sent_again_and_has_failed_again(self, mailing, inbox, with_id):
        row = sent_as(mailing, BY_PHONE)
        inbox.gets_statuses(failed(131000, BY_PHONE))
        mailing.send_all()
        late = meta.status("delivered", id=BY_USER_ID, **about(row, with_id))
        inbox.gets_statuses(failed(131000, FIRST), late)
        assert (reloaded(row).status, row.provider_id) == ("delivered", FIRST)
        assert mailing.send_all() == 0

    def test_after_it_was_sent_again(self, mailing, inbox):
        row = sent_as(mailing, BY_PHONE)
        inbox.gets_statuses(failed(131000, BY_PHONE))
        mailing.send_all()
        inbox.gets_statuses(meta.status("delivered", id=BY_PHONE))
        inbox.gets_statuses(failed(131000, FIRST))
        assert (reloaded(row).status, row.provider_id) == ("delivered", FIRST)
        assert mailing.send_all() == 0

    def test_to_another_business_with_the_same_id(self, mailing, inbox, stranger):
        row = sent_as(mailing, BY_PHONE)
        inbox.gets_statuses(failed(131000, BY_PHONE))
        Inbox(stranger, channel="222").gets_statuses(meta.status("delivered", id=BY_PHONE))
        assert reloaded(row).status == "queued"

    def test_the_number_of_statements_does_not_depend_on_the_number_of_reports(self, mailing, inbox):
        rows = [mailing.writes(to=f"+4915100000{number:03}") for number in range(12)]
        mailing.send_all()
        ids = [reloaded(row).provider_id for row in rows]
        inbox.gets_statuses(*(failed(131056, id_) for id_ in ids))
        counts = []
        for some in (ids[:2], ids[2:]):
            with CaptureQueriesContext(connection) as queries:
                inbox.gets_statuses(*(meta.status("delivered", id=id_) for id_ in some))
            counts.append(len(queries))
        assert counts[0] == counts[1]
        assert {status for _, status in mailing.states()} == {"delivered"}

    def test_parked_before_the_failure_names_the_message(self, mailing, inbox):
        row = mailing.writes()
        (message,) = queue.claim(1)
        inbox.gets_statuses(meta.status("delivered", id=FIRST))
        inbox.gets_statuses(failed(131000, FIRST, of=row))
        assert (reloaded(row).status, row.provider_id) == ("delivered", FIRST)
        queue.record([(message, Sent(FIRST))])
        assert reloaded(row).status == "delivered"
        assert mailing.send_all() == 0

    def test_at_twilio_before_it_is_sent_again(self, owner, graph):
        mailing = Mailing(owner, graph, number="+14155238886", token=TOKEN)
        row = mailing.writes()
        mailing.send_due()
        for told in ({"MessageStatus": "undelivered", "ErrorCode": "63018"}, {"MessageStatus": "delivered"}):
            assert reloaded(row).status in {"sent", "queued"}
            callback = STATUS | {"From": "whatsapp:+14155238886", "MessageSid": FIRST} | told
            deliver_form(provider_client(), callback)
        assert (reloaded(row).status, row.provider_id, row.error) == ("delivered", FIRST, "")
        assert mailing.send_all() == 0
