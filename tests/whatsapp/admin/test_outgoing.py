"""Staff who answer, and who decide about messages of which nobody knows; what keeps messages from going out."""

import pytest
from django.contrib.admin.models import LogEntry

from conversations.models import Conversation, Message
from tests.staff import ESCAPED, HOSTILE, Staff, address, messages_of, operator, staff_of
from tests.whatsapp import meta
from tests.whatsapp.graph import RESET_ACCEPTED, error
from tests.whatsapp.inbox import Inbox
from tests.whatsapp.mailing import TOKEN
from whatsapp.models import Channel

FIRST_PAGE = "/admin/"


def page(person: Staff, row) -> str:
    answer = person.get(address("change", row))
    assert answer.status_code == 200
    return str(answer.content.decode())


def answer_with(person: Staff, conversation: Conversation, text: str):
    return person.client.post(address("reply", conversation), {"text": text}, follow=True)


def decide(person: Staff, message: Message, decision: str):
    return person.client.post(address("decide", message), {"decision": decision}, follow=True)


@pytest.fixture
def conversation(mailing, owner) -> Conversation:
    """One in which the customer has just written."""
    Inbox(owner).gets(meta.text("Do you bake on Sundays?", timestamp=meta.NOON))
    return Conversation.objects.get()


class TestReplies:
    def test_a_reply_is_stored_sent_and_shown_in_the_thread(self, mailing, owner, conversation):
        person = staff_of(owner)
        answer = answer_with(person, conversation, "Yes, from eight.\r\nUntil noon.")
        assert "Yes, from eight." in answer.content.decode()
        assert "Queued" in answer.content.decode()
        mailing.is_sent()
        assert mailing.graph.texts(f"+{meta.SHEENA}") == ["Yes, from eight.\nUntil noon."]
        assert "tick-sent" in page(person, conversation)

    @pytest.mark.parametrize("text", ["", "   ", "x" * 4097, "a\0b"])
    def test_what_is_refused_comes_back_as_it_was_typed(self, mailing, owner, conversation, text):
        person = staff_of(owner)
        answer = answer_with(person, conversation, text)
        assert "Not sent:" in "".join(messages_of(answer))
        assert Message.objects.filter(direction="out").count() == 0
        if text.strip():
            assert text.replace("\0", "")[:2] in answer.content.decode()

    def test_where_the_window_is_enforced_a_late_reply_is_refused_and_kept(
        self, mailing, owner, conversation, settings
    ):
        settings.WHATSAPP_ENFORCE_WINDOW = True
        Conversation.objects.update(last_inbound_at="2026-01-01T00:00:00Z")
        answer = answer_with(staff_of(owner), conversation, "Still there?")
        assert "24 hours" in "".join(messages_of(answer))
        assert ">Still there?</textarea>" in answer.content.decode()

    def test_the_page_says_until_when_free_text_is_taken(self, owner, conversation):
        person = staff_of(owner)
        assert "most likely refuse" in page(person, conversation)
        Inbox(owner).gets(meta.text("Hello?", timestamp=None))
        assert "takes free text until" in page(person, conversation)

    def test_a_stranger_cannot_answer(self, mailing, conversation, stranger):
        answer_with(staff_of(stranger), conversation, "I am not from here")
        assert Message.objects.filter(direction="out").count() == 0

    def test_who_may_only_look_has_no_form_and_cannot_send(self, owner, conversation):
        person = staff_of(owner)
        owner.user.groups.get().permissions.remove(
            *owner.user.groups.get().permissions.filter(codename="change_conversation")
        )
        assert "reply-text" not in page(person, conversation)
        assert person.client.post(address("reply", conversation), {"text": "x"}).status_code == 403
        assert person.client.get(address("reply", conversation)).status_code == 405


class TestDecisions:
    @pytest.fixture
    def unknown(self, mailing) -> Message:
        mailing.graph.next_come(RESET_ACCEPTED)
        row = mailing.writes()
        mailing.is_sent()
        row.refresh_from_db()
        return row

    def test_the_first_page_asks_for_a_decision(self, mailing, owner, unknown):
        first = staff_of(owner).get(FIRST_PAGE).content.decode()
        assert "1 message: nobody knows whether it arrived." in first
        assert "status__exact=unknown" in first

    def test_it_arrived(self, mailing, owner, unknown):
        person = staff_of(owner)
        assert "Nobody knows whether the customer has this." in page(person, unknown)
        assert messages_of(decide(person, unknown, "arrived")) == ["It arrived."]
        unknown.refresh_from_db()
        assert (unknown.status, unknown.error) == ("sent", "")
        assert LogEntry.objects.get().change_message == "It arrived."
        assert "nobody knows" not in person.get(FIRST_PAGE).content.decode()

    def test_it_is_sent_again_as_a_message_of_its_own(self, mailing, owner, unknown):
        decide(staff_of(owner), unknown, "again")
        mailing.is_sent()
        assert mailing.states() == [("Your cake is ready", "failed"), ("Your cake is ready", "sent")]
        # And when it turns out that the first had arrived, the row says so.
        told = meta.status("delivered", id="wamid.9", biz_opaque_callback_data=str(unknown.pk))
        Inbox(owner).gets_statuses(told)
        assert mailing.states()[0][1] == "delivered"

    def test_a_failed_one_can_be_sent_again_too(self, mailing, owner):
        mailing.graph.next_come(error(131026, title="Message undeliverable"))
        row = mailing.writes()
        mailing.is_sent()
        person = staff_of(owner)
        row.refresh_from_db()
        assert "has not got this" in page(person, row)
        decide(person, row, "again")
        mailing.is_sent()
        assert [status for _, status in mailing.states()] == ["failed", "sent"]

    def test_a_template_is_sent_again_as_a_template(self, mailing, owner):
        mailing.graph.next_come(error(132015))
        mailing.post(to="+4915100000001", template={"name": "cake_ready", "language": "de"})
        mailing.is_sent()
        decide(staff_of(owner), Message.objects.get(), "again")
        mailing.is_sent()
        assert mailing.graph.ledger[0]["body"]["template"]["name"] == "cake_ready"

    @pytest.mark.parametrize("decision", ["arrived", "again", "", "nonsense"])
    def test_of_a_sent_one_nothing_can_be_decided(self, mailing, owner, decision):
        row = mailing.writes()
        mailing.is_sent()
        decide(staff_of(owner), row, decision)
        assert mailing.states() == [("Your cake is ready", "sent")]

    def test_two_who_decide_at_once_send_it_again_once(self, mailing, owner, unknown):
        person = staff_of(owner)
        decide(person, unknown, "again")
        for late in ("again", "again", "arrived"):
            assert "Nothing was changed" in "".join(messages_of(decide(person, unknown, late)))
        mailing.is_sent()
        assert len(mailing.graph.ledger) == 2  # the first had arrived

    def test_a_stranger_decides_nothing(self, mailing, unknown, stranger):
        decide(staff_of(stranger), unknown, "again")
        assert len(mailing.states()) == 1


class TestStoppedNumbers:
    @pytest.fixture
    def stopped(self, mailing) -> Channel:
        mailing.graph.tokens = set()
        for number in range(2):
            mailing.writes(to=f"+4915100000{number:03}")
        mailing.is_sent()
        return mailing.reload()

    def test_one_clear_line_stands_on_the_first_page_of_the_business(self, owner, stopped, stranger):
        first = staff_of(owner).get(FIRST_PAGE).content.decode()
        assert "stopped on" in first
        assert "190: Error validating access token. Store a new access token at the number." in first
        assert "2 messages wait." in first
        assert "stopped on" not in staff_of(stranger).get(FIRST_PAGE).content.decode()

    def test_the_waiting_messages_say_why(self, owner, stopped):
        assert "Store a new access token" in page(staff_of(owner), Message.objects.all()[0])

    def test_after_a_new_token_in_the_admin_all_is_sent(self, mailing, stopped):
        person = operator()
        assert "Let it send again" in page(person, stopped)
        mailing.graph.tokens = {"a new token"}
        person.fill(address("change", stopped), access_token="a new token")
        assert mailing.reload().stopped_at is None
        mailing.is_sent_again()
        assert [status for _, status in mailing.states()] == ["sent", "sent"]

    def test_another_change_of_the_number_does_not_let_it_go_on(self, mailing, stopped):
        operator().fill(address("change", stopped), display_number="+49 30 1234567")
        assert mailing.reload().stopped_at

    def test_the_button_lets_it_go_on(self, mailing, stopped):
        mailing.graph.tokens = {TOKEN}
        person = operator()
        answer = person.client.post(address("resume", stopped), follow=True)
        assert messages_of(answer) == ["It sends again."]
        mailing.is_sent_again()
        assert [status for _, status in mailing.states()] == ["sent", "sent"]

    def test_the_businesss_own_people_cannot_press_it(self, owner, mailing, stopped):
        staff_of(owner).client.post(address("resume", stopped))
        assert mailing.reload().stopped_at

    def test_a_providers_words_are_text(self, owner, stopped):
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
