from django.db.models import Model
from django.urls import reverse

from conversations.models import Conversation
from tests.factories import Business
from tests.leadsite.inbox.chats import asks, chat_of
from tests.staff import Staff, address, member_of, operator, staff_of


def link_on(person: Staff, row: Model, chat: Conversation) -> bool:
    return reverse("inbox-chat", args=[chat.pk]) in person.get(address("change", row)).content.decode()


def test_a_conversation_its_leads_and_its_customer_lead_to_the_chat_where_the_person_has_that_inbox(owner: Business):
    chat, stranger = asks(owner, "Amina"), operator()
    for row in (chat, chat.leads.get(), chat.customer):
        for person in (staff_of(owner), member_of(owner, "viewer", email=f"{row._meta.model_name}@bakery.example")):
            assert link_on(person, row, chat), row
        assert not link_on(stranger, row, chat)


def test_a_customer_leads_to_the_newest_chat(owner: Business):
    former = chat_of(owner, "Amina", customer_phone="+491510000099")
    Conversation.objects.filter(pk=former.pk).update(status="completed")
    newest = chat_of(owner, "Amina", customer_phone="+491510000099")
    assert (newest.customer_id, newest.pk != former.pk) == (former.customer_id, True)
    page = staff_of(owner).get(address("change", newest.customer)).content.decode()
    assert f"{reverse('inbox-chat', args=[newest.pk])}?tab=all" in page
    assert reverse("inbox-chat", args=[former.pk]) not in page
