"""A failed photo or file is sent again from its bubble, and from its page: the same file, as a new message."""

import base64
from typing import Any

import pytest
from django.db import transaction
from psycopg.errors import LockNotAvailable

from conversations.media import files
from conversations.models import SETTLED, Customer, Message, StoredMedia
from conversations.services.change import UnknownConversation
from leads.merging.services import merge
from leadsite.privacy.erasing import erase_customer
from tests.cases import each_case
from tests.conversations.chat import Chat
from tests.conversations.media.away import storage_raises
from tests.leadsite.monitoring.failing import failing
from tests.sessions import session
from tests.staff import Staff, address, person_of, staff_of
from tests.whatsapp.graph import Reaction, error
from tests.whatsapp.provider_files import MP4, OGG, PDF, picture
from whatsapp.outbound.enqueue import MessageContent, reply
from whatsapp.outbound.refusals import MessageRefused
from whatsapp.outbound.resolve import TooLate, can_be_sent_again, leave, mark_as_sent, send_again

pytestmark = pytest.mark.django_db
UPLOADED = Reaction(body=b'{"id": "4490709327384033"}')
FILES: dict[str, tuple[bytes, str, str]] = {
    "image": (picture(), "cake.jpg", "Like this?"),
    "document": (PDF, "offer.pdf", "As discussed"),
    "video": (MP4, "party.mp4", ""),
    "audio": (OGG, "note.ogg", ""),
}


@pytest.fixture
def person(owner) -> Staff:
    return staff_of(owner)


def failed_file(mailing: Any, kind: str) -> Message:
    """A message with a file, in an open chat, that Meta has refused."""
    Chat(mailing.business).says("Hello", channel_id=mailing.channel.pk)
    content, filename, caption = FILES[kind]
    given = {"content": base64.b64encode(content).decode(), "filename": filename, "caption": caption}
    chat = Message.objects.get().conversation_id
    mailing.post(f"/api/conversations/{chat}/messages", media={name: one for name, one in given.items() if one})
    mailing.graph.queue_reactions(UPLOADED, error(131026, title="Message undeliverable"))
    mailing.send_due()
    message = Message.objects.get(direction="out")
    assert (message.kind, message.status) == (kind, "failed")
    return message


def unknown_text(owner: Any) -> Message:
    """As it was read, with its conversation, before something else happened."""
    chat = owner.has_lead(customer_phone="+4915123456789").conversation_id
    reply(user_id=owner.id, conversation_id=chat, message=MessageContent(content="Hello"))
    Message.objects.update(status="unknown")
    return Message.objects.select_related("conversation").get()


def press(person: Staff, message: Message, **form: str) -> Any:
    path = f"/admin/inbox/{message.conversation_id}/again/"
    return person.client.post(path, {"message": str(message.pk), **form})


def stored(owner) -> int:
    """How many files there are: of pictures there is a small one too."""
    return len(list(files.names_of(owner.id)))


def newest() -> Message:
    return Message.objects.filter(direction="out").latest("pk")


@each_case("kind", list(FILES))
def test_a_failed_file_is_sent_again_from_its_bubble(kind, mailing, owner, person):
    message = failed_file(mailing, kind)
    page = person.get(f"/admin/inbox/{message.conversation_id}/").content.decode()
    assert f"/admin/inbox/{message.conversation_id}/again/" in page
    agent = person_of(owner, "agent")
    assert press(Staff(agent), message).status_code == 302
    mailing.graph.queue_reactions(UPLOADED)
    mailing.send_due()
    again = newest()
    assert (again.kind, again.status, again.content) == (kind, "sent", message.content)
    assert again.author_id == agent.pk
    first, second = StoredMedia.objects.order_by("pk")
    assert (first.message_id, second.message_id, second.sha256) == (message.pk, again.pk, first.sha256)
    sent = mailing.graph.ledger[-1]["body"][kind]
    assert sent["id"] == "4490709327384033"
    assert sent.get("caption", "") == FILES[kind][2]
    message.refresh_from_db()
    assert message.status == "failed"
    assert not can_be_sent_again(message)


def test_a_second_press_sends_and_stores_nothing(mailing, owner, person):
    message = failed_file(mailing, "image")
    assert press(person, message).status_code == 302
    count = stored(owner)
    assert press(person, message).status_code == 422
    with pytest.raises(TooLate):
        send_again(message=message)
    assert (stored(owner), Message.objects.filter(direction="out").count()) == (count, 2)


def test_one_that_may_have_arrived_is_asked_about_first(mailing, owner, person):
    message = failed_file(mailing, "image")
    Message.objects.filter(pk=message.pk).update(status="unknown")
    count = stored(owner)
    assert press(person, message).status_code == 422
    assert stored(owner) == count
    assert press(person, message, sure="1").status_code == 302
    assert newest().status == "queued"


def test_bytes_that_are_gone_are_a_sentence(mailing, owner, person):
    message = failed_file(mailing, "image")
    files.delete(StoredMedia.objects.get().name)
    answer = press(person, message)
    assert answer.status_code == 422
    assert "Not sent: The file of this message is not stored any more." in answer.content.decode()
    with pytest.raises(MessageRefused):
        send_again(message=message)
    assert Message.objects.filter(direction="out").count() == 1


def test_a_storage_that_does_not_answer_is_a_sentence(mailing, owner, person):
    message = failed_file(mailing, "image")
    with storage_raises(PermissionError("x")):
        answer = press(person, message)
    assert answer.status_code == 422
    assert "Not sent: The storage of files does not answer." in answer.content.decode()
    assert press(person, message).status_code == 302


def test_the_page_of_the_message_sends_a_file_again_too(mailing, person):
    message = failed_file(mailing, "document")
    person.client.post(address("decide", message), {"decision": "again"})
    assert (newest().kind, newest().status) == ("document", "queued")
    assert newest().pk != message.pk


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("decision", [mark_as_sent, leave, send_again])
def test_a_decision_about_a_message_whose_customer_was_merged_locks_the_one_who_has_it(decision, owner):
    read_before = unknown_text(owner)
    source, target = Customer.objects.get(), Customer.objects.create(user=owner.user, phone="+4915123456780")
    merge(user_id=owner.id, source_id=source.pk, target_id=target.pk, person_id=None)
    with transaction.atomic():
        decision(message=read_before)
        with session() as other, pytest.raises(LockNotAvailable):
            other.execute("SELECT FROM customers WHERE id = %s FOR NO KEY UPDATE NOWAIT", [target.pk])


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    ("decision", "status", "settled", "messages"),
    [(mark_as_sent, "sent", None, 1), (leave, "unknown", "left", 1), (send_again, "failed", "sent again", 2)],
)
def test_a_decision_is_made_again_after_a_deadlock(decision, status, settled, messages, owner):
    message = unknown_text(owner)
    with failing("messages", "40P01", times=1, event="UPDATE"):
        decision(message=message)
    message.refresh_from_db()
    assert (message.status, message.extras.get(SETTLED)) == (status, settled)
    assert Message.objects.count() == messages


@each_case("decision", [mark_as_sent, leave, send_again])
def test_a_decision_about_a_message_that_was_erased_is_refused(decision, owner):
    message = unknown_text(owner)
    erase_customer(user_id=owner.id, customer_id=message.conversation.customer_id)
    with pytest.raises(UnknownConversation):
        decision(message=message)
