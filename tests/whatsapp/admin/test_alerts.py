"""Alerts about problems with sending, on the admin's index page, the number's page and the message's page."""

import pytest

from conversations.models import Message
from tests.staff import ESCAPED, HOSTILE, Staff, address, member_of, messages_of, operator, staff_of
from tests.whatsapp.graph import RESET_ACCEPTED
from tests.whatsapp.mailing import TOKEN
from whatsapp.models import Channel
from whatsapp.outbound.resolve import leave

INDEX_PAGE = "/admin/overview/"


def page(person: Staff, row) -> str:
    answer = person.get(address("change", row))
    assert answer.status_code == 200
    return str(answer.content.decode())


@pytest.fixture
def stopped(mailing) -> Channel:
    mailing.graph.tokens = set()
    for number in range(2):
        mailing.writes(to=f"+4915100000{number:03}")
    mailing.send_due()
    return mailing.reload()


def test_the_index_page_of_the_business_shows_the_alert(owner, stopped, stranger):
    first = staff_of(owner).get(INDEX_PAGE).content.decode()
    assert "stopped on" in first
    assert "190: Error validating access token. Store a new access token at the number." in first
    assert "2 messages wait." in first
    assert "stopped on" not in staff_of(stranger).get(INDEX_PAGE).content.decode()


def test_waiting_messages_show_the_reason(owner, stopped):
    assert "Store a new access token" in page(staff_of(owner), Message.objects.all()[0])


def test_all_messages_are_sent_after_a_new_token_is_stored_in_the_admin(mailing, stopped):
    person = operator()
    assert "Resume sending" in page(person, stopped)
    mailing.graph.tokens = {"a new token"}
    person.fill(address("change", stopped), access_token="a new token")
    assert mailing.reload().stopped_at is None
    mailing.send_all()
    assert [status for _, status in mailing.states()] == ["sent", "sent"]


def test_another_change_of_the_number_does_not_resume_sending(mailing, stopped):
    operator().fill(address("change", stopped), display_number="+49 30 1234567")
    assert mailing.reload().stopped_at


def test_the_button_resumes_sending(mailing, stopped):
    mailing.graph.tokens = {TOKEN}
    person = operator()
    answer = person.client.post(address("resume", stopped), follow=True)
    assert messages_of(answer) == ["Sending resumed."]
    mailing.send_all()
    assert [status for _, status in mailing.states()] == ["sent", "sent"]


def test_agents_cannot_resume_sending(owner, mailing, stopped):
    member_of(owner, "agent").client.post(address("resume", stopped))
    assert mailing.reload().stopped_at


def test_a_providers_text_is_escaped(owner, stopped):
    Channel.objects.update(stop_reason=HOSTILE)
    assert ESCAPED in staff_of(owner).get(INDEX_PAGE).content.decode()
    assert ESCAPED in page(operator(), stopped)


def test_messages_without_a_number_have_an_alert(owner, graph):
    owner.client.post("/api/whatsapp", {"to": "+4915123456789", "message": "Hello"}, format="json")
    person = staff_of(owner)
    assert (
        "1 message waits: no WhatsApp number is connected, or it is switched off."
        in person.get(INDEX_PAGE).content.decode()
    )
    assert "no WhatsApp number is connected" in page(person, Message.objects.get())


def test_an_unknown_message_has_an_alert_until_staff_leave_it(owner, mailing):
    mailing.graph.queue_reactions(RESET_ACCEPTED)
    row = mailing.writes()
    mailing.send_due()
    person = staff_of(owner)
    messages = "/admin/conversations/message/?delivery=unknown"
    words = "1 message: it is not known whether it arrived."
    assert words in person.get(INDEX_PAGE).content.decode()
    assert row.content in person.get(messages).content.decode()
    leave(message=row)
    assert words not in person.get(INDEX_PAGE).content.decode()
    assert row.content not in person.get(messages).content.decode()


def test_a_number_that_moved_to_another_business_says_nothing_about_messages_of_the_first(owner, stopped, stranger):
    Channel.objects.update(user=stranger.user)
    assert "no WhatsApp number is connected" in page(staff_of(owner), Message.objects.all()[0])
    theirs = staff_of(stranger).get(INDEX_PAGE).content.decode()
    assert "stopped on" in theirs
    assert "messages wait" not in theirs
