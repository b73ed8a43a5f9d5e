"""Notes, labels and snoozing by the forms of a chat."""

from datetime import timedelta

import pytest
from django.utils import timezone

from conversations.models import Conversation, Label, Message, Note, NoteMention
from leads.models import Lead
from leadsite.inbox.chats import counts, read_page
from tests.factories import Business
from tests.leadsite.inbox.chats import answers, asks, chat_of, says, viewer
from tests.staff import ESCAPED, HOSTILE, Staff, member_of, person_of, staff_of
from tests.whatsapp import meta, webhook_client
from whatsapp.models import Channel

INBOX = "/admin/inbox/"
PAST = timedelta(seconds=1)


@pytest.fixture
def person(owner: Business) -> Staff:
    return staff_of(owner)


@pytest.fixture
def chat(owner: Business) -> Conversation:
    return asks(owner, "Amina", minutes_ago=5)


def names(business: Business, tab: str) -> list[str]:
    return [row.customer for row in read_page(viewer(business), tab).rows]


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
    assert "Save the note" not in page_of(colleague, chat)
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


def test_labels_are_put_on_and_filter_the_list(owner: Business, stranger: Business, person: Staff, chat: Conversation):
    vip = Label.objects.create(user=owner.user, name="VIP", colour="red")
    theirs = Label.objects.create(user=stranger.user, name="Theirs")
    asks(owner, "Ben")
    form = {"label": [str(vip.pk), str(theirs.pk), "x"]}
    assert person.client.post(f"{INBOX}{chat.pk}/labels/", form).status_code == 302
    chat.refresh_from_db()
    assert chat.label_ids == [vip.pk]
    found = person.get(f"{INBOX}list/", tab="all", label=str(vip.pk)).content.decode()
    assert ('<span class="inbox-label label-red"><bdi>VIP</bdi></span>' in found, "Ben" in found) == (True, False)
    assert person.client.post(f"{INBOX}{chat.pk}/labels/", {}).status_code == 302
    chat.refresh_from_db()
    assert chat.label_ids == []


@pytest.mark.parametrize("until", ["later", "tomorrow", "next_week", "2031-07-01T09:30"])
def test_a_snoozed_chat_is_away_and_comes_back_on_top(owner: Business, person: Staff, chat: Conversation, until: str):
    Conversation.objects.filter(pk=chat.pk).update(assigned_to=owner.id)
    asks(owner, "Newer")
    assert names(owner, "waiting") == ["Newer", "Amina"]
    assert person.client.post(f"{INBOX}{chat.pk}/snooze/", {"until": until}).status_code == 302
    assert [names(owner, tab) for tab in ("waiting", "mine", "snoozed")] == [["Newer"], [], ["Amina"]]
    assert names(owner, "all") == ["Newer", "Amina"]
    Conversation.objects.filter(pk=chat.pk).update(snoozed_until=timezone.now() - timedelta(hours=1))
    assert [names(owner, tab) for tab in ("waiting", "mine", "snoozed")] == [["Amina", "Newer"], ["Amina"], []]
    assert counts(viewer(owner))["waiting"] == 2
    assert "Back since" in page_of(person, chat)
    assert person.client.post(f"{INBOX}{chat.pk}/snooze/", {"until": ""}).status_code == 302
    assert names(owner, "waiting") == ["Newer", "Amina"]


def test_a_time_that_is_over_or_none_is_refused(person: Staff, chat: Conversation):
    for wrong in ("2020-01-01T09:00", "soon"):
        assert person.client.post(f"{INBOX}{chat.pk}/snooze/", {"until": wrong}).status_code == 422
    chat.refresh_from_db()
    assert chat.snoozed_until is None


def test_a_customer_who_writes_is_back_at_once(owner: Business):
    Channel.objects.create(user=owner.user, phone_number_id=meta.CHANNEL)
    for number in range(2):  # the second joins the conversation of the first
        message = meta.text("Hello", from_="4915123456789", timestamp=1_800_000_000 + number)
        webhook_client.receive(meta.body(meta.messages_value(messages=[message])))
        chat = Conversation.objects.get()
        assert chat.snoozed_until is None
        Conversation.objects.update(snoozed_until=timezone.now() + timedelta(days=1))
    owner.post_lead(customer_phone="+4915123456789")
    chat.refresh_from_db()
    assert chat.snoozed_until is not None  # a form is no message


def test_an_answer_is_done_with_what_has_come_back_and_closing_with_all(
    owner: Business, person: Staff, chat: Conversation
):
    path = f"{INBOX}{chat.pk}/"
    later = timezone.now() + timedelta(days=1)
    for until, kept in ((timezone.now() - PAST, None), (later, later)):
        Conversation.objects.filter(pk=chat.pk).update(snoozed_until=until)
        assert person.client.post(f"{path}reply/", {"text": "Yes"}).status_code == 302
        chat.refresh_from_db()
        assert chat.snoozed_until == kept
    person.client.post(f"{path}conversation/", {"status": "completed"})
    chat.refresh_from_db()
    assert chat.snoozed_until is None


def test_a_lead_to_follow_up_is_on_top_until_that_is_done(owner: Business, person: Staff):
    quiet = chat_of(owner, "Quiet")
    answers(quiet, "Offer", at=timezone.now() - timedelta(days=9))
    asks(owner, "Newer")
    lead = quiet.leads.get()
    Lead.objects.filter(pk=lead.pk).update(follow_up_at=timezone.now() + timedelta(days=1))
    assert names(owner, "waiting") == ["Newer"]
    Lead.objects.filter(pk=lead.pk).update(follow_up_at=timezone.now() - PAST)
    assert names(owner, "waiting") == ["Quiet", "Newer"]
    says(quiet, "Hello?")
    assert names(owner, "waiting") == ["Quiet", "Newer"]
    assert counts(viewer(owner))["waiting"] == 2
    assert "Follow up" in person.get(f"{INBOX}list/", tab="waiting").content.decode()
    Lead.objects.filter(pk=lead.pk).update(status="lost", lost_reason="x")
    assert names(owner, "waiting") == ["Quiet", "Newer"]  # the customer waits
    answers(quiet, "Yes")
    assert names(owner, "waiting") == ["Newer"]


def test_viewers_and_other_businesses_change_nothing(owner: Business, stranger: Business, chat: Conversation):
    note = Note.objects.create(user=owner.user, conversation=chat, author=owner.user, text="Secret")
    viewer_, other = member_of(owner, "viewer"), staff_of(stranger)
    page = page_of(viewer_, chat)
    assert "Secret" in page
    assert "Keep the note" not in page
    mine = asks(stranger, "Theirs")
    forms = {
        "notes/": {"note": "x"},
        f"notes/{note.pk}/": {"delete": "1"},
        "snooze/": {"until": "later"},
        "labels/": {},
    }
    for path, form in forms.items():
        assert viewer_.client.post(f"{INBOX}{chat.pk}/{path}", form).status_code == 403
        assert other.client.post(f"{INBOX}{chat.pk}/{path}", form).status_code == 404
    assert other.client.post(f"{INBOX}{mine.pk}/notes/{note.pk}/", {"delete": "1"}).status_code == 422
    assert Note.objects.count() == 1
