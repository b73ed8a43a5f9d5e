"""Private notes in the thread, and who is mentioned in them."""

from datetime import timedelta
from uuid import uuid4

import pytest
from django.utils import timezone

from conversations.models import Conversation, Message, Note, NoteMention
from leadsite.accounts.models import User
from leadsite.inbox.chats import counts
from leadsite.inbox.work.notes import with_mentions
from tests.factories import Business
from tests.leadsite.inbox.chats import asks, says, viewer
from tests.staff import ESCAPED, HOSTILE, Staff, member_of, person_of, staff_of

INBOX = "/admin/inbox/"
PAST = timedelta(seconds=1)


@pytest.fixture
def person(owner: Business) -> Staff:
    return staff_of(owner)


@pytest.fixture
def chat(owner: Business) -> Conversation:
    return asks(owner, "Amina", minutes_ago=5)


def page_of(person: Staff, chat: Conversation) -> str:
    return str(person.get(f"{INBOX}{chat.pk}/", tab="all").content.decode())


def test_a_note_is_shown_between_the_messages_and_never_sent(owner: Business, person: Staff, chat: Conversation):
    before = timezone.now() - timedelta(minutes=4)
    assert person.client.post(f"{INBOX}{chat.pk}/notes/", {"note": HOSTILE}).status_code == 302
    Note.objects.update(created_at=before)
    says(chat, "Later")
    page = page_of(person, chat).partition('id="messages"')[2]
    assert "<script>alert" not in page
    assert page.index("Hello") < page.index(ESCAPED, page.index("Private note of")) < page.index(">Later<")
    assert "Private note of <bdi>owner@bakery.example</bdi>" in page
    assert not Message.objects.filter(direction="out").exists()
    assert "alert" not in str(owner.client.get(f"/api/conversations/{chat.pk}/messages").json())
    for wrong in ("", " \n ", "x" * 4001):
        assert person.client.post(f"{INBOX}{chat.pk}/notes/", {"note": wrong}).status_code == 422
    assert Note.objects.count() == 1


def test_a_note_is_changed_and_deleted_by_its_author_only(owner: Business, person: Staff, chat: Conversation):
    person.client.post(f"{INBOX}{chat.pk}/notes/", {"note": "Allergic to nuts"})
    path = f"{INBOX}{chat.pk}/notes/{Note.objects.get().pk}/"
    colleague = member_of(owner, "agent")
    assert "Delete the note" not in page_of(colleague, chat)
    for form in ({"note": "Mine"}, {"delete": "1"}):
        assert colleague.client.post(path, form).status_code == 422
    assert person.client.post(path, {"note": "Allergic to milk"}).status_code == 302
    assert "edited" in page_of(person, chat)
    assert Note.objects.get().text == "Allergic to milk"
    assert person.client.post(path, {"delete": "1"}).status_code == 302
    assert not Note.objects.exists()


def test_who_is_mentioned_is_told_until_they_have_seen_it(owner: Business, person: Staff, chat: Conversation):
    mara = person_of(owner, "agent", "mara@bakery.example")
    type(mara).objects.filter(pk=mara.pk).update(name="Mara Lund")
    theirs = Staff(mara)
    person.client.post(f"{INBOX}{chat.pk}/notes/", {"note": "@mara lund please call"})
    list_page = theirs.get(f"{INBOX}list/", tab="mentions").content.decode()
    assert "@ you" in list_page
    assert 'data-tab="mentions" aria-current="page">Mentions <span class="inbox-count">1</span>' in list_page
    assert '<b class="note-mention">' not in theirs.get(f"{INBOX}{chat.pk}/chat/", unseen="1").content.decode()[:10]
    assert NoteMention.objects.filter(seen_at=None).count() == 1
    page_of(theirs, chat)
    list_page = theirs.get(f"{INBOX}list/", tab="mentions").content.decode()
    assert ("@ you" in list_page, "Amina" in list_page) == (False, True)
    # Nobody else, and nobody of another business.
    assert "Amina" not in person.get(f"{INBOX}list/", tab="mentions").content.decode()


def test_an_address_is_not_marked():
    marked = with_mentions("info@ben.example, @Ben", [User(email="ben@bakery.example", name="Ben")])
    assert marked == 'info@ben.example, <b class="note-mention">@Ben</b>'


def test_names_are_marked_where_they_mention_somebody():
    names = {"ann@shop.example": "Ann", "lee@shop.example": "Ann <Lee>"}
    people = [User(pk=uuid4(), email=email, name=name) for email, name in names.items()]
    marked = with_mentions("@Anna: ask @ann <b>, @Ann <Lee> and @Ann", people)
    assert marked == (
        '@Anna: ask <b class="note-mention">@ann</b> &lt;b&gt;, <b class="note-mention">@Ann &lt;Lee&gt;</b>'
        ' and <b class="note-mention">@Ann</b>'
    )
    assert with_mentions("@ & nobody", people) == "@ &amp; nobody"


def test_a_mention_in_a_conversation_that_is_deleted_is_not_counted(owner: Business, chat: Conversation):
    note = Note.objects.create(user=owner.user, conversation=chat, author=owner.user, text="@owner")
    NoteMention.objects.create(user=owner.user, note=note, person=owner.user)
    assert counts(viewer(owner))["mentions"] == 1
    Conversation.objects.filter(pk=chat.pk).update(deleted_at=timezone.now())
    assert counts(viewer(owner))["mentions"] == 0
