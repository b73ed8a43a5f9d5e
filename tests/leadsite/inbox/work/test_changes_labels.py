"""Labels of a chat, and the list filtered by one."""

from datetime import timedelta

import pytest

from conversations.models import MOST_LABELS, Conversation, Label
from tests.factories import Business
from tests.leadsite.inbox.chats import asks
from tests.staff import Staff, member_of, staff_of

INBOX = "/admin/inbox/"
PAST = timedelta(seconds=1)


@pytest.fixture
def person(owner: Business) -> Staff:
    return staff_of(owner)


@pytest.fixture
def chat(owner: Business) -> Conversation:
    return asks(owner, "Amina", minutes_ago=5)


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
    assert person.client.post(f"{INBOX}{chat.pk}/labels/", {"shown": [str(vip.pk)]}).status_code == 302
    chat.refresh_from_db()
    assert chat.label_ids == []


def test_two_people_at_once_lose_no_label_of_the_other(owner: Business, person: Staff, chat: Conversation):
    names = ("Old", "Mine", "Theirs")
    old, mine, theirs = (str(Label.objects.create(user=owner.user, name=name).pk) for name in names)
    Conversation.objects.filter(pk=chat.pk).update(label_ids=[old])
    page = person.get(f"{INBOX}{chat.pk}/", tab="all").content.decode()
    assert page.count(f'<input type="hidden" name="shown" value="{old}">') == 1
    # Both have seen Old only: one adds a label, the other takes Old off and adds another.
    for chosen in ([old, mine], [theirs]):
        person.client.post(f"{INBOX}{chat.pk}/labels/", {"label": chosen, "shown": [old, "x"]})
    chat.refresh_from_db()
    assert {str(id_) for id_ in chat.label_ids} == {mine, theirs}


def test_who_may_make_labels_makes_one_where_it_is_put_on(owner: Business, person: Staff, chat: Conversation):
    path, form = f"{INBOX}{chat.pk}/labels/", {"new_label": " Wedding ", "colour": "pink"}
    old = Label.objects.create(user=owner.user, name="Old")
    Conversation.objects.filter(pk=chat.pk).update(label_ids=[old.pk])
    boss = member_of(owner, "owner", "boss@bakery.example")
    for other, status in ((member_of(owner, "agent"), 422), (member_of(owner, "viewer"), 403)):
        assert 'name="new_label"' not in other.get(f"{INBOX}{chat.pk}/").content.decode()
        assert other.client.post(path, form).status_code == status
    page = boss.get(f"{INBOX}{chat.pk}/").content.decode()
    assert 'name="new_label"' in page
    assert page.count('<input type="radio" name="colour"') == len(Label.Colour.values)
    for wrong in ({"new_label": ""}, {"new_label": "x" * 31}, {"colour": "black"}, {"new_label": "OLD"}):
        assert boss.client.post(path, form | wrong).status_code == 422, wrong
    assert boss.client.post(path, form).status_code == 302
    made = Label.objects.exclude(pk=old.pk).get()
    assert (made.user, made.name, made.colour) == (owner.user, "Wedding", "pink")
    chat.refresh_from_db()
    assert set(chat.label_ids) == {old.pk, made.pk}


def test_there_are_no_more_labels_than_a_list_can_show(owner: Business, chat: Conversation):
    Label.objects.bulk_create(Label(user=owner.user, name=f"Number {number}") for number in range(MOST_LABELS))
    boss = member_of(owner, "owner", "boss@bakery.example")
    answer = boss.client.post(f"{INBOX}{chat.pk}/labels/", {"new_label": "One more"})
    assert (answer.status_code, Label.objects.count()) == (422, MOST_LABELS)
