"""Which message a report is about, and whether it was delivered: no message that was is sent again."""

import json

import pytest

from tests.whatsapp.graph import Reaction
from tests.whatsapp.inbox import Inbox
from tests.whatsapp.mailing import AMINA, Mailing, reloaded
from tests.whatsapp.outbound.test_requeue import FIRST, failed
from tests.whatsapp.wamids import wamid

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
