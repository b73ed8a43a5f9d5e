"""What keeps messages from going out, on the admin's first page and where it can be fixed."""

import pytest

from conversations.models import Message
from tests.staff import ESCAPED, HOSTILE, Staff, address, messages_of, operator, staff_of
from tests.whatsapp.mailing import TOKEN
from whatsapp.models import Channel

FIRST_PAGE = "/admin/"


def page(person: Staff, row) -> str:
    answer = person.get(address("change", row))
    assert answer.status_code == 200
    return str(answer.content.decode())


@pytest.fixture
def stopped(mailing) -> Channel:
    mailing.graph.tokens = set()
    for number in range(2):
        mailing.writes(to=f"+4915100000{number:03}")
    mailing.is_sent()
    return mailing.reload()


def test_one_clear_line_stands_on_the_first_page_of_the_business(owner, stopped, stranger):
    first = staff_of(owner).get(FIRST_PAGE).content.decode()
    assert "stopped on" in first
    assert "190: Error validating access token. Store a new access token at the number." in first
    assert "2 messages wait." in first
    assert "stopped on" not in staff_of(stranger).get(FIRST_PAGE).content.decode()


def test_the_waiting_messages_say_why(owner, stopped):
    assert "Store a new access token" in page(staff_of(owner), Message.objects.all()[0])


def test_after_a_new_token_in_the_admin_all_is_sent(mailing, stopped):
    person = operator()
    assert "Let it send again" in page(person, stopped)
    mailing.graph.tokens = {"a new token"}
    person.fill(address("change", stopped), access_token="a new token")
    assert mailing.reload().stopped_at is None
    mailing.is_sent_again()
    assert [status for _, status in mailing.states()] == ["sent", "sent"]


def test_another_change_of_the_number_does_not_let_it_go_on(mailing, stopped):
    operator().fill(address("change", stopped), display_number="+49 30 1234567")
    assert mailing.reload().stopped_at


def test_the_button_lets_it_go_on(mailing, stopped):
    mailing.graph.tokens = {TOKEN}
    person = operator()
    answer = person.client.post(address("resume", stopped), follow=True)
    assert messages_of(answer) == ["It sends again."]
    mailing.is_sent_again()
    assert [status for _, status in mailing.states()] == ["sent", "sent"]


def test_the_businesss_own_people_cannot_press_it(owner, mailing, stopped):
    staff_of(owner).client.post(address("resume", stopped))
    assert mailing.reload().stopped_at


def test_a_providers_words_are_text(owner, stopped):
    Channel.objects.update(stop_reason=HOSTILE)
    assert ESCAPED in staff_of(owner).get(FIRST_PAGE).content.decode()
    assert ESCAPED in page(operator(), stopped)


def test_messages_without_a_number_are_said_too(owner, graph):
    owner.client.post("/api/whatsapp", {"to": "+4915123456789", "message": "Hello"}, format="json")
    person = staff_of(owner)
    assert (
        "1 message waits: no WhatsApp number is connected, or it is switched off."
        in person.get(FIRST_PAGE).content.decode()
    )
    assert "no WhatsApp number is connected" in page(person, Message.objects.get())
