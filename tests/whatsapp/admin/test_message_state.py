"""The page of an outgoing message: its status, and decisions about an unknown one."""

import pytest
from django.contrib.admin.models import LogEntry

from conversations.models import Message
from tests.staff import Staff, address, messages_of, staff_of
from tests.whatsapp import meta
from tests.whatsapp.graph import RESET_ACCEPTED, error
from tests.whatsapp.inbox import Inbox

INDEX_PAGE = "/admin/overview/"
NOT_KNOWN = ": it is not known whether it arrived"


def page(person: Staff, row) -> str:
    answer = person.get(address("change", row))
    assert answer.status_code == 200
    return str(answer.content.decode())


def decide(person: Staff, message: Message, decision: str):
    return person.client.post(address("decide", message), {"decision": decision}, follow=True)


@pytest.fixture
def unknown(mailing) -> Message:
    mailing.graph.queue_reactions(RESET_ACCEPTED)
    row = mailing.writes()
    mailing.send_due()
    row.refresh_from_db()
    return row


def test_the_index_page_asks_for_a_decision(mailing, owner, unknown):
    first = staff_of(owner).get(INDEX_PAGE).content.decode()
    assert f"1 message{NOT_KNOWN}." in first
    assert "delivery=unknown" in first


def test_staff_mark_an_unknown_message_as_arrived(mailing, owner, unknown):
    person = staff_of(owner)
    assert "It is not known whether the customer received this." in page(person, unknown)
    assert messages_of(decide(person, unknown, "arrived")) == ["Marked as arrived."]
    unknown.refresh_from_db()
    assert (unknown.status, unknown.error) == ("sent", "")
    assert LogEntry.objects.get().change_message == "Marked as arrived."
    assert NOT_KNOWN not in person.get(INDEX_PAGE).content.decode()


def test_an_unknown_message_is_sent_again_as_a_new_message(mailing, owner, unknown):
    decide(staff_of(owner), unknown, "again")
    mailing.send_due()
    assert mailing.states() == [("Your cake is ready", "failed"), ("Your cake is ready", "sent")]
    # A later report that the first one arrived is applied.
    report = meta.status("delivered", id="wamid.9", biz_opaque_callback_data=str(unknown.pk))
    Inbox(owner).gets_statuses(report)
    assert mailing.states()[0][1] == "delivered"


def test_a_failed_message_can_be_sent_again(mailing, owner):
    mailing.graph.queue_reactions(error(131026, title="Message undeliverable"))
    row = mailing.writes()
    mailing.send_due()
    person = staff_of(owner)
    row.refresh_from_db()
    assert "did not receive this" in page(person, row)
    decide(person, row, "again")
    mailing.send_due()
    assert [status for _, status in mailing.states()] == ["failed", "sent"]


def test_a_template_is_sent_again_as_a_template(mailing, owner):
    mailing.graph.queue_reactions(error(132015))
    mailing.post(to="+4915100000001", template={"name": "cake_ready", "language": "de"})
    mailing.send_due()
    decide(staff_of(owner), Message.objects.get(), "again")
    mailing.send_due()
    assert mailing.graph.ledger[0]["body"]["template"]["name"] == "cake_ready"


@pytest.mark.parametrize("decision", ["arrived", "again", "", "unknown"])
def test_a_sent_message_has_no_decisions(mailing, owner, decision):
    row = mailing.writes()
    mailing.send_due()
    decide(staff_of(owner), row, decision)
    assert mailing.states() == [("Your cake is ready", "sent")]


def test_repeated_decisions_send_a_message_again_only_once(mailing, owner, unknown):
    person = staff_of(owner)
    decide(person, unknown, "again")
    for decision in ("again", "again", "arrived"):
        assert "Nothing was changed" in "".join(messages_of(decide(person, unknown, decision)))
    mailing.send_due()
    assert len(mailing.graph.ledger) == 2  # the first one had been accepted


def test_a_stranger_cannot_decide(mailing, unknown, stranger):
    decide(staff_of(stranger), unknown, "again")
    assert len(mailing.states()) == 1
