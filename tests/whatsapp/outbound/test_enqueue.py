"""Which conversation an outgoing message joins, and when it is refused: the window of 24 hours."""

from datetime import timedelta

import pytest
from django.utils import timezone

from conversations.models import Conversation, Message
from tests.envelope import refused
from tests.whatsapp import meta
from tests.whatsapp.inbox import Inbox
from tests.whatsapp.mailing import AMINA, HELLO, TEMPLATE, Mailing, nothing_stored
from tests.whatsapp.views import NUMBER, Views
from whatsapp.models import Channel


def test_the_customer_is_found_by_any_spelling_of_the_number_and_keeps_the_name(mailing):
    mailing.post(**HELLO, customerName="Amina")
    mailing.post(to="0049 151 23456789", message="And the candles?")
    assert mailing.business.row_counts() == (1, 1, 0)
    assert Conversation.objects.get().customer.name == "Amina"


@pytest.mark.parametrize(("status", "conversations"), [("active", 1), ("completed", 1), ("archived", 2)])
def test_a_message_joins_the_newest_conversation_unless_it_is_archived(mailing, status, conversations):
    mailing.post(**HELLO)
    Conversation.objects.update(status=status)
    mailing.post(**HELLO)
    assert mailing.business.row_counts() == (1, conversations, 0)
    assert Conversation.objects.filter(status="active").count() == 1


def test_a_message_with_a_lead_opens_a_conversation_if_the_existing_one_is_completed(mailing):
    mailing.post(**HELLO)
    Conversation.objects.update(status="completed")
    mailing.post(**HELLO, createLead=True, customerName="Amina")
    assert mailing.business.row_counts() == (1, 2, 1)


def test_a_customer_without_a_number_is_identified_by_user_id(mailing):
    first = mailing.post(to=meta.SHEENA_ID, message="Hello", createLead=True, customerName="Sheena").json()
    second = mailing.post(to=meta.SHEENA_ID, message="Hello again").json()
    assert first["conversation_id"] == second["conversation_id"]
    customer = Conversation.objects.get().customer
    assert (customer.phone, customer.whatsapp_user_id, customer.name) == (None, meta.SHEENA_ID, "Sheena")
    assert mailing.business.row_counts() == (1, 1, 1)


def now():
    return int(timezone.now().timestamp())


def in_group(at):
    return "messages", {"messages": [meta.text("In a group", from_=AMINA[1:], timestamp=at, group_id="G1")]}


def imported(at):
    thread = {"id": AMINA[1:], "messages": [meta.text("Imported", from_=AMINA[1:], timestamp=at)]}
    return "history", {"history": [{"metadata": {"phase": 0}, "threads": [thread]}]}


def echo(at):
    return "smb_message_echoes", {"message_echoes": [meta.echo(to=AMINA[1:], timestamp=at)]}


def call_of_the_business(at):
    return "calls", {"calls": [meta.call("BUSINESS_INITIATED", timestamp=at, to=AMINA[1:])]}


def sign(kind, part=None, **more):
    return lambda at: ("messages", {"messages": [meta.message(kind, part, from_=AMINA[1:], timestamp=at, **more)]})


NOT_TO_THE_NUMBER = {
    "a reaction": sign("reaction", {"message_id": "wamid.1", "emoji": "👍"}),
    "a removed reaction": sign("reaction", {"message_id": "wamid.1"}),
    "an edit": sign("edit", {"original_message_id": "wamid.1", "message": {"type": "text", "text": {"body": "x"}}}),
    "a deletion": sign("revoke", {"original_message_id": "wamid.1"}),
    "an opened chat": sign("request_welcome"),
    "an edit that Meta does not show": sign("unsupported", {"type": "edit"}, errors=[meta.error(131051)]),
    "an answer about calls": sign(
        "interactive",
        {"type": "call_permission_reply", "call_permission_reply": {"response": "accept"}},
    ),
    "a message in a group": in_group,
    "imported history": imported,
    "a message from the owner's phone": echo,
    "a call of the business": call_of_the_business,
}


class TestTheWindow:
    def inbound(self, owner, hours):
        written = timezone.now() - timedelta(hours=hours)
        text = meta.text("Hello", from_=AMINA[1:], timestamp=int(written.timestamp()))
        Inbox(owner).gets(text)

    @pytest.mark.parametrize(("hours", "window"), [(0, "open"), (23.9, "open"), (24.1, "closed")])
    def test_it_is_open_for_a_day_after_the_customer_wrote(self, mailing, owner, hours, window):
        self.inbound(owner, hours)
        assert mailing.post(**HELLO).json()["window"] == window

    def test_a_call_opens_it(self, mailing, owner):
        now = int(timezone.now().timestamp())
        call = meta.call(timestamp=now, **{"from": AMINA[1:]})
        Inbox(owner).gets_change("calls", calls=[call])
        assert mailing.post(**HELLO).json()["window"] == "open"

    def test_it_belongs_to_the_customer_and_not_to_a_conversation(self, mailing, owner):
        self.inbound(owner, 1)
        Conversation.objects.update(status="archived")
        answer = mailing.post(**HELLO).json()
        assert (answer["window"], Conversation.objects.count()) == ("open", 2)

    def test_it_belongs_to_the_number_that_the_customer_wrote_to(self, mailing, owner):
        other = Mailing(owner, mailing.graph, number="222")
        self.inbound(owner, 30)
        text = meta.text("To the other number", from_=AMINA[1:], timestamp=now())
        Inbox(owner, channel="222").gets(text)
        assert mailing.post(**HELLO).json()["window"] == "open"
        assert Message.objects.get(direction="out").channel_id == other.channel.pk
        Channel.objects.filter(pk=other.channel.pk).update(active=False)
        assert mailing.post(**HELLO).json()["window"] == "closed"

    def test_a_later_message_of_an_earlier_time_does_not_close_it(self, mailing, owner):
        self.inbound(owner, 1)
        self.inbound(owner, 30)
        assert mailing.post(**HELLO).json()["window"] == "open"

    @pytest.mark.parametrize("case", NOT_TO_THE_NUMBER)
    def test_what_is_no_message_of_the_customer_to_the_number_does_not_open_it(self, mailing, owner, settings, case):
        settings.WHATSAPP_ENFORCE_WINDOW = True
        field, parts = NOT_TO_THE_NUMBER[case](now())
        assert Inbox(owner).gets_change(field, **parts).state == "processed"
        assert not Message.objects.filter(direction="in", is_turn=True).exists()
        assert refused(mailing.post(**HELLO), 409)["code"] == "window_closed"
        thread = Conversation.objects.order_by("pk")[0]
        assert "will probably refuse free text" in Views(owner).panes(thread)

    def test_which_number_a_message_came_in_by_and_goes_out_by_is_seen(self, mailing, owner):
        other = Mailing(owner, mailing.graph, number="222")
        Channel.objects.filter(pk=other.channel.pk).update(display_number="+49 30 5550100")
        views = Views(owner)
        for number, name in ((meta.CHANNEL, NUMBER), ("222", "+49 30 5550100")):
            text = meta.text(f"To {name}", from_=AMINA[1:], timestamp=now())
            Inbox(owner, channel=number).gets(text)
            mailing.post(**HELLO | {"message": f"From {name}"})
            mailing.send_all()
        (thread,) = Conversation.objects.all()
        answers = views.answers(thread)
        assert [f"{one['text'].split()[0]} {one['channel']['name']}" for one in answers] == [
            one["text"] for one in answers
        ]
        assert [line.partition(" [S")[0] for line in views.page(thread)] == [
            *(f"To {NUMBER}", f"From {NUMBER}"),
            *("To +49 30 5550100 [to] [+49 30 5550100]", "From +49 30 5550100"),
        ]
        assert '· from <bdi class="foreign">+49 30 5550100</bdi>' in views.panes(thread)
        assert len(views.events(answers)) == 5

    def test_outgoing_messages_do_not_open_it(self, mailing):
        mailing.post(**HELLO)
        assert mailing.post(**HELLO).json()["window"] == "closed"

    def test_if_it_is_enforced_and_closed_a_message_is_409_and_nothing_is_stored(self, mailing, settings):
        settings.WHATSAPP_ENFORCE_WINDOW = True
        body = refused(mailing.post(**HELLO, createLead=True, customerName="Amina"), 409)
        assert body["code"] == "window_closed"
        assert nothing_stored(mailing.business)

    def test_if_it_is_enforced_and_open_a_message_is_accepted(self, mailing, owner, settings):
        settings.WHATSAPP_ENFORCE_WINDOW = True
        self.inbound(owner, 1)
        assert mailing.post(**HELLO).status_code == 202

    def test_a_template_is_accepted_at_any_time(self, mailing, settings):
        settings.WHATSAPP_ENFORCE_WINDOW = True
        answer = mailing.post(to=AMINA, template=TEMPLATE)
        assert (answer.status_code, answer.json()["window"]) == (202, "closed")
