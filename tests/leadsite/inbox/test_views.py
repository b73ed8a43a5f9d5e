"""The inbox in a browser without scripts, and the parts that its script reads again."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from conversations.admin.thread_entries import THREAD_LENGTH
from conversations.models import Conversation, Message
from leadsite.inbox.models import ChatPresence, ChatRead
from tests.conversations.chat import Chat
from tests.factories import Business
from tests.leadsite.inbox.chats import answers, asks, chat_of, says
from tests.staff import ESCAPED, HOSTILE, Staff, operator, person_of, staff_of
from tests.whatsapp import meta, webhook_client
from whatsapp.models import Channel

INBOX = "/admin/inbox/"


@pytest.fixture
def person(owner: Business) -> Staff:
    return staff_of(owner)


def text_of(person: Staff, path: str, **query: str) -> str:
    response = person.get(path, **query)
    assert response.status_code == 200, response.headers
    return str(response.content.decode())


def test_the_inbox_is_the_first_page(person: Staff):
    for path in ("/", "/admin/"):
        assert person.client.get(path, follow=True).request["PATH_INFO"] == INBOX
    page = text_of(person, INBOX)
    assert "No customer is waiting for an answer." in page
    assert 'href="/admin/overview/"' in page


def test_who_may_not_read_conversations_gets_the_overview(owner: Business, person: Staff):
    owner.user.groups.clear()
    assert person.client.get("/admin/", follow=True).request["PATH_INFO"] == "/admin/overview/"
    assert person.get(INBOX).status_code == 403
    assert "search_key.js#/admin" not in text_of(person, "/admin/overview/")


def test_nobody_else_sees_anything(owner: Business, stranger: Business, person: Staff):
    chat = asks(owner, "Amina", "Secret cake")
    theirs = staff_of(stranger)
    for tab in ("waiting", "mine", "unassigned", "all"):
        assert "Amina" not in text_of(theirs, INBOX, tab=tab)
    assert "Amina" not in text_of(theirs, INBOX, q="secret")
    for path in ("", "chat/", "older/"):
        assert theirs.get(f"{INBOX}{chat.pk}/{path}").status_code == 404
    for path in ("reply/", "again/", "conversation/", "presence/", f"lead/{chat.leads.get().pk}/"):
        sent = {"text": "Hello", "status": "completed", "message": "x"}
        assert theirs.client.post(f"{INBOX}{chat.pk}/{path}", sent).status_code == 404
    mine = chat_of(stranger)
    refused = theirs.client.post(f"{INBOX}{mine.pk}/lead/{chat.leads.get().pk}/", {"status": "contacted"})
    assert refused.status_code == 422
    assert chat.leads.get().status == "new"
    assert Client().get(INBOX).status_code == 302
    assert not Message.objects.filter(direction="out").exists()


def test_customers_texts_are_escaped_everywhere(owner: Business, person: Staff):
    chat = asks(owner, HOSTILE, HOSTILE)
    for page in (text_of(person, f"{INBOX}{chat.pk}/", tab="all"), text_of(person, INBOX, q="script")):
        assert "<script>alert" not in page
        assert ESCAPED in page


def test_a_page_takes_the_same_statements_for_one_chat_and_for_many(owner: Business, person: Staff):
    def statements(path: str) -> int:
        with CaptureQueriesContext(connection) as queries:
            assert person.get(path).status_code == 200
        return len(queries)

    chat = asks(owner, "Amina")
    answers(chat, "Hello", author_id=owner.id)
    says(chat, "And?")
    answers(asks(owner, "Answered"), "Hello", author_id=owner.id)
    pages = ("?", f"{chat.pk}/?", f"live/?chat={chat.pk}&", "list/?")
    paths = [f"{INBOX}{page}tab=all" for page in pages]
    [statements(path) for path in paths]
    few = [statements(path) for path in paths]
    for number in range(5):
        answers(asks(owner, f"Customer {number}"), "Hello", author_id=owner.id)
        says(chat, f"More {number}")
    assert [statements(path) for path in paths] == few


def test_an_answer_without_scripts(owner: Business, person: Staff):
    chat = asks(owner, "Amina")
    response = person.client.post(f"{INBOX}{chat.pk}/reply/", {"text": "Yes\r\nfrom eight", "tab": "all"})
    assert (response.status_code, response.headers["Location"]) == (302, f"{INBOX}{chat.pk}/?tab=all#reply")
    message = Message.objects.get(direction="out")
    assert (message.content, message.author_id) == ("Yes\nfrom eight", owner.id)
    assert "owner@bakery.example</bdi>" in text_of(person, f"{INBOX}{chat.pk}/")


def test_a_refused_answer_keeps_its_text(owner: Business, person: Staff):
    chat = asks(owner, "Amina")
    for text, kept in ((" ", ""), ("x" * 4097, "x" * 4097)):
        response = person.client.post(f"{INBOX}{chat.pk}/reply/", {"text": text})
        assert response.status_code == 422
        assert "Not sent: A message has 1 to 4096 characters." in response.content.decode()
        assert response.context["draft"] == kept


@pytest.mark.parametrize(("language", "quoted"), [("de", "„{}“"), ("es", "«{}»"), ("pt-br", "“{}”")])
def test_an_answer_of_somebody_else_is_quoted_as_in_the_language(
    owner: Business, person: Staff, language: str, quoted: str
):
    chat = asks(owner, "Amina")
    seen = str(Message.objects.get().pk)
    answers(chat, "Yes, we do")
    query, headers = {"seen": seen}, {"accept-language": language}
    page = person.client.get(f"{INBOX}{chat.pk}/chat/", query, headers=headers).content.decode()
    assert quoted.format('<bdi dir="auto">Yes, we do</bdi>') in page


def test_who_answers_second_is_warned_and_can_send_anyway(owner: Business, person: Staff):
    chat = asks(owner, "Amina")
    seen = str(Message.objects.get().pk)
    answers(chat, "Yes, we do")
    path = f"{INBOX}{chat.pk}/reply/"
    response = person.client.post(path, {"text": "No", "seen": seen})
    page = response.content.decode()
    assert response.status_code == 409
    assert "has answered meanwhile" in page
    assert "Yes, we do" in page
    assert "”. Nothing" not in page  # "do." has its full stop
    assert "<p>Nothing of yours was sent yet.</p>" in page
    assert ">No</textarea>" in page
    # Before it is sent, too: while somebody writes.
    assert "has answered meanwhile" in text_of(person, f"{INBOX}{chat.pk}/chat/", seen=seen)
    assert person.client.post(path, {"text": "No", "seen": seen, "anyway": "1"}).status_code == 302
    assert Message.objects.filter(content="No").count() == 1


def test_the_script_gets_parts_of_the_page(owner: Business, person: Staff):
    chat = asks(owner, "Amina")
    headers = {"X-Inbox": "1"}
    sent = person.client.post(f"{INBOX}{chat.pk}/reply/", {"text": "Yes"}, headers=headers)
    assert sent.status_code == 200
    assert 'data-part="customer"' in sent.content.decode()
    assert "<html" not in sent.content.decode()
    refused = person.client.post(f"{INBOX}{chat.pk}/reply/", {"text": " "}, headers=headers)
    assert (refused.status_code, refused.headers["X-Inbox-Status"]) == (200, "422")
    assert person.client.post(f"{INBOX}preferences/", {"sound": "off"}, headers=headers).status_code == 204
    assert 'data-sound="off"' in text_of(person, INBOX)


def test_opening_a_chat_reads_it_unless_nobody_looks(owner: Business, person: Staff):
    chat = asks(owner, "Amina")
    text_of(person, f"{INBOX}{chat.pk}/chat/", unseen="1")
    assert not ChatRead.objects.exists()
    text_of(person, f"{INBOX}{chat.pk}/")
    assert ChatRead.objects.get().read_until == Message.objects.get().sort_at


def test_nothing_new_is_304(owner: Business, person: Staff):
    chat = asks(owner, "Amina")
    path = f"{INBOX}live/?tab=waiting&chat={chat.pk}"
    first = person.client.get(path)
    same = person.client.get(path, headers={"If-None-Match": first.headers["ETag"]})
    assert (same.status_code, same.content) == (304, b"")
    says(chat, "More")
    assert person.client.get(path, headers={"If-None-Match": first.headers["ETag"]}).status_code == 200


def test_others_who_are_here_are_shown(owner: Business, stranger: Business, person: Staff):
    chat = asks(owner, "Amina")
    ChatPresence.objects.note(person_id=stranger.id, conversation_id=chat.pk, types=True)
    assert "<bdi>stranger@florist.example</bdi> types …" in text_of(person, f"{INBOX}{chat.pk}/")
    for state, count in (("looking", 2), ("typing", 2), ("left", 1)):
        assert person.client.post(f"{INBOX}{chat.pk}/presence/", {"state": state}).status_code == 204
        assert ChatPresence.objects.count() == count


def test_who_has_answered_types_no_more(owner: Business, person: Staff):
    chat = asks(owner, "Amina")
    colleague = person_of(owner, "agent", "ben@bakery.example")
    ChatPresence.objects.note(person_id=owner.id, conversation_id=chat.pk, types=True)
    others = {"person_id": colleague.pk, "conversation_id": chat.pk}
    assert [one.types for one in ChatPresence.objects.others(**others)] == [True]
    assert person.client.post(f"{INBOX}{chat.pk}/reply/", {"text": "Yes"}).status_code == 302
    assert [one.types for one in ChatPresence.objects.others(**others)] == [False]


def test_numbers_of_the_business_are_named_where_it_has_several(owner: Business, person: Staff):
    Channel.objects.create(user=owner.user, phone_number_id=meta.CHANNEL, display_number="+49 30 5550100")
    contact = meta.contact("4915123456789", name="Amina")
    text = meta.text("A cake?", from_="4915123456789", timestamp=int(timezone.now().timestamp()))
    webhook_client.receive(meta.body(meta.messages_value(messages=[text], contacts=[contact])))
    chat = Conversation.objects.get()
    paths = [f"{INBOX}{chat.pk}/", f"{INBOX}{chat.pk}/older/"]
    assert [text_of(person, path).count("+49 30 5550100") for path in paths] == [0, 0]
    Channel.objects.create(user=owner.user, phone_number_id="2", display_number="+49 30 2")
    assert [text_of(person, path).count("+49 30 5550100") for path in paths] == [2, 1]


def test_a_tab_with_nothing_in_it_has_no_count(owner: Business, person: Staff):
    asks(owner, "Amina")
    page = text_of(person, INBOX)
    assert page.count('<span class="inbox-count">1</span>') == 2  # Waiting, Unassigned
    assert page.count('<span class="inbox-count">') == 2


def test_a_closed_chat_says_so_in_its_head(owner: Business, person: Staff):
    chat = asks(owner, "Amina")
    mark = '<span class="inbox-mark">Closed</span>'
    assert mark not in text_of(person, f"{INBOX}{chat.pk}/")
    Conversation.objects.filter(pk=chat.pk).update(status="completed")
    assert mark in text_of(person, f"{INBOX}{chat.pk}/")


def test_assigning_closing_and_moving_the_lead(owner: Business, person: Staff):
    chat = asks(owner, "Amina")
    lead = chat.leads.get()
    post = person.client.post
    assert post(f"{INBOX}{chat.pk}/conversation/", {"assigned_to": str(owner.id)}).status_code == 302
    assert post(f"{INBOX}{chat.pk}/conversation/", {"status": "completed"}).status_code == 302
    chat.refresh_from_db()
    assert (chat.assigned_to_id, chat.status) == (owner.id, "completed")
    assert post(f"{INBOX}{chat.pk}/conversation/", {"assigned_to": ""}).status_code == 302
    path = f"{INBOX}{chat.pk}/lead/{lead.pk}/"
    assert post(path, {"status": "qualified"}).status_code == 302
    assert post(path, {"status": "new"}).status_code == 422
    assert "needs a reason" in post(path, {"status": "lost"}).content.decode()
    assert post(path, {"status": "lost", "lost_reason": "Too far"}).status_code == 302
    lead.refresh_from_db()
    assert (lead.status, lead.lost_reason) == ("lost", "Too far")


def test_a_failed_message_says_why_and_is_sent_again(owner: Business, person: Staff):
    chat = asks(owner, "Amina")
    failed = answers(chat, "Yes", status="failed", error="131026: Not on WhatsApp")
    page = text_of(person, f"{INBOX}{chat.pk}/", tab="all")
    assert page.count("131026: Not on WhatsApp") == 1
    assert "Send again" in page
    assert "Not sent" in page
    again = f"{INBOX}{chat.pk}/again/"
    assert person.client.post(again, {"message": str(failed.pk)}).status_code == 302
    assert person.client.post(again, {"message": str(failed.pk)}).status_code == 422
    assert person.client.post(again, {"message": "x"}).status_code == 404
    assert Message.objects.get(status="queued").author_id == owner.id


@pytest.mark.parametrize(
    "query",
    ["tab=x", "after=x", "rows=-1", "rows=99999", "chat=x", "q=%00", "q=" + "x" * 201, "q=" + "x+" * 30, "tab=%00"],
)
def test_forged_addresses_are_no_server_error(owner: Business, person: Staff, query: str):
    chat = asks(owner, "Amina")
    for path in (INBOX, f"{INBOX}list/", f"{INBOX}live/", f"{INBOX}{chat.pk}/", f"{INBOX}{chat.pk}/older/?before=x&"):
        assert person.client.get(f"{path}{'' if '?' in path else '?'}{query}").status_code == 200


def test_older_messages_come_by_their_place(owner: Business, person: Staff):
    chat = asks(owner, "Amina")
    now = timezone.now()
    Message.objects.bulk_create(
        Message(
            user=owner.user,
            conversation=chat,
            direction="in",
            status="received",
            content=f"Number {n}.",
            sort_at=now + timedelta(seconds=n),
        )
        for n in range(60)
    )
    newest = person.get(f"{INBOX}{chat.pk}/chat/")
    assert "Number 10." in newest.content.decode()
    assert "Number 9." not in newest.content.decode()
    older = text_of(person, f"{INBOX}{chat.pk}/older/", before=newest.context["thread"].older)
    assert "Number 9." in older
    assert "Number 10." not in older


def test_a_viewer_may_only_read(owner: Business):
    person = Staff(person_of(owner, "viewer"))
    chat = asks(owner, "Amina")
    page = text_of(person, f"{INBOX}{chat.pk}/")
    assert "Amina" in page
    assert "<textarea" not in page
    assert "Assign to me" not in page
    for path in ("reply/", "again/", "conversation/", f"lead/{chat.leads.get().pk}/"):
        assert person.client.post(f"{INBOX}{chat.pk}/{path}", {"text": "x", "status": "completed"}).status_code == 403
    assert Conversation.objects.get(pk=chat.pk).status == "active"


def test_colleagues_share_chats_and_have_their_own_unread(owner: Business):
    first, second = person_of(owner, "agent"), person_of(owner, "agent", "second@bakery.example")
    chat = asks(owner, "Amina")
    text_of(Staff(first), f"{INBOX}{chat.pk}/")
    assert "is-unread" not in text_of(Staff(first), INBOX)
    assert "is-unread" in text_of(Staff(second), INBOX)
    Staff(first).client.post(f"{INBOX}{chat.pk}/conversation/", {"assigned_to": str(second.pk)})
    assert "Amina" in text_of(Staff(second), INBOX, tab="mine")
    assert "Amina" not in text_of(Staff(first), INBOX, tab="mine")


def test_an_operator_without_a_business_gets_the_overview(db: None):
    people = operator()
    assert people.client.get("/", follow=True).request["PATH_INFO"] == "/admin/overview/"
    assert people.get(INBOX).status_code == 403


def test_a_deleted_conversation_is_nowhere(owner: Business, person: Staff):
    chat = asks(owner, "Amina", "lemon")
    Conversation.objects.filter(pk=chat.pk).update(deleted_at=timezone.now())
    assert "Amina" not in text_of(person, INBOX, tab="all")
    assert "Amina" not in text_of(person, INBOX, q="lemon")
    assert person.get(f"{INBOX}{chat.pk}/").status_code == 404


def test_a_message_of_another_page_comes_as_it_was_changed_since(owner: Business, stranger: Business, person: Staff):
    chat = Chat(owner)
    first, other = chat.says("A cake"), chat.says("Please")
    for number in range(THREAD_LENGTH):
        chat.says(f"Number {number}.")
    edit = chat.says("Two cakes", kind="edit", target=first.provider_id)
    path = f"{INBOX}{chat.conversation.pk}/"
    assert f'id="m-{edit.pk}"' in (newest := text_of(person, f"{path}chat/"))
    assert (f'data-about="{first.pk}"' in newest, "data-about" in newest.replace(f'data-about="{first.pk}"', "")) == (
        True,
        False,
    )
    page = text_of(person, f"{path}older/", about=str(first.pk))
    assert ("Two cakes" in page, f'id="m-{first.pk}"' in page, f'id="m-{other.pk}"' in page) == (True, True, False)
    theirs = Chat(stranger).says("Secret")
    for wrong in (str(theirs.pk), "x"):
        assert "Secret" not in text_of(person, f"{path}older/", about=wrong)
