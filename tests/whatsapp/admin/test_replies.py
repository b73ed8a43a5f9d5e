"""Replies from the page of a conversation."""

import re
from uuid import uuid4

import pytest
from django.utils import timezone

from conversations.models import Conversation, Message
from tests.leadsite.inbox.chats import answers
from tests.staff import Staff, address, messages_of, staff_of
from tests.whatsapp import meta
from tests.whatsapp.inbox import Inbox
from tests.whatsapp.mailing import Mailing
from whatsapp.models import Channel


def page(person: Staff, row) -> str:
    answer = person.get(address("change", row))
    assert answer.status_code == 200
    return str(answer.content.decode())


def answer_with(person: Staff, conversation: Conversation, text: str):
    return person.client.post(address("reply", conversation), {"text": text}, follow=True)


@pytest.fixture
def conversation(mailing, owner) -> Conversation:
    """A conversation in which the customer has just written."""
    Inbox(owner).gets(meta.text("Do you bake on Sundays?", timestamp=meta.NOON))
    return Conversation.objects.get()


def test_a_reply_is_stored_sent_and_shown_in_the_thread(mailing, owner, conversation):
    person = staff_of(owner)
    answer = answer_with(person, conversation, "Yes, from eight.\r\nUntil noon.")
    assert "Yes, from eight." in answer.content.decode()
    assert "Queued" in answer.content.decode()
    mailing.send_due()
    assert mailing.graph.texts(f"+{meta.SHEENA}") == ["Yes, from eight.\nUntil noon."]
    assert "tick-sent" in page(person, conversation)


def test_a_form_that_is_sent_twice_sends_once(owner, conversation):
    person = staff_of(owner)
    (key,) = re.findall(r'name="once" value="(.*?)"', page(person, conversation))
    for _ in range(2):
        answer = person.client.post(address("reply", conversation), {"text": "Yes", "once": key})
        assert answer.status_code == 302
    assert Message.objects.filter(direction="out").count() == 1
    person.client.post(address("reply", conversation), {"text": "Yes", "once": str(uuid4())})
    assert Message.objects.filter(direction="out").count() == 2


def seen_in(page: str) -> str:
    (seen,) = re.findall(r'name="seen" value="(.*?)"', page)
    return str(seen)


@pytest.mark.parametrize("may_read_messages", [True, False], ids=["with the thread", "without it"])
def test_a_second_answer_is_refused_until_its_writer_has_seen_the_first(owner, conversation, may_read_messages):
    person = staff_of(owner)
    if not may_read_messages:
        group = owner.user.groups.get()
        group.permissions.remove(*group.permissions.filter(codename="view_message"))
    seen = seen_in(page(person, conversation))
    answers(conversation, "Yes, from eight")
    refused = person.client.post(address("reply", conversation), {"text": "No", "seen": seen}, follow=True)
    assert messages_of(refused) == ["Not sent: Somebody else has answered this customer in the meantime."]
    shown = refused.content.decode()
    assert ">No</textarea>" in shown
    assert ("Yes, from eight" in shown) == may_read_messages
    assert Message.objects.filter(direction="out").count() == 1
    person.client.post(address("reply", conversation), {"text": "No", "seen": seen_in(shown)})
    assert Message.objects.filter(direction="out", content="No").count() == 1


@pytest.mark.parametrize("text", ["", "   ", "x" * 4097, "a\0b"])
def test_a_refused_reply_is_shown_again_in_the_form(mailing, owner, conversation, text):
    person = staff_of(owner)
    answer = answer_with(person, conversation, text)
    assert "Not sent:" in "".join(messages_of(answer))
    assert Message.objects.filter(direction="out").count() == 0
    if text.strip():
        assert text.replace("\0", "")[:2] in answer.content.decode()


def test_with_an_enforced_window_a_late_reply_is_refused_and_kept_in_the_form(mailing, owner, conversation, settings):
    settings.WHATSAPP_ENFORCE_WINDOW = True
    answer = answer_with(staff_of(owner), conversation, "Still there?")
    assert "24 hours" in "".join(messages_of(answer))
    assert ">Still there?</textarea>" in answer.content.decode()


def test_the_page_shows_how_long_free_text_is_accepted(owner, conversation):
    person = staff_of(owner)
    assert "will probably refuse free text" in page(person, conversation)
    Inbox(owner).gets(meta.text("Hello?", timestamp=None))
    assert "accepts free text until" in page(person, conversation)


def test_the_form_says_by_which_number_it_goes_out_and_whether_that_ones_window_is_open(mailing, owner, conversation):
    person = staff_of(owner)
    Inbox(owner).gets(meta.text("Hello?", timestamp=None))
    other = Mailing(owner, mailing.graph, number="+14155238886", token="AC1:secret")
    Channel.objects.filter(pk=other.channel.pk).update(display_number="+1 415 523 8886")
    assert "+1 415" not in page(person, conversation)
    Channel.objects.filter(pk=mailing.channel.pk).update(stopped_at=timezone.now())
    shown = page(person, conversation)
    assert "+1 415 523 8886" in shown
    assert "will probably refuse free text" in shown
    assert 'maxlength="1600"' in shown


def test_a_stranger_cannot_reply(mailing, conversation, stranger):
    answer_with(staff_of(stranger), conversation, "From another business")
    assert Message.objects.filter(direction="out").count() == 0


def test_a_user_with_only_view_permission_has_no_form_and_cannot_send(owner, conversation):
    person = staff_of(owner)
    owner.user.groups.get().permissions.remove(
        *owner.user.groups.get().permissions.filter(codename="change_conversation")
    )
    assert "reply-text" not in page(person, conversation)
    assert person.client.post(address("reply", conversation), {"text": "x"}).status_code == 403
    assert person.client.get(address("reply", conversation)).status_code == 405
