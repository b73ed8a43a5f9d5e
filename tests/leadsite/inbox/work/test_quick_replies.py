"""Quick replies: the business's own, with their fields filled in."""

from conversations.models import Conversation, Customer
from leadsite.accounts.models import User
from leadsite.inbox.models import QuickReply
from leadsite.inbox.work.quick_replies import filled
from tests.factories import Business
from tests.leadsite.inbox.chats import asks
from tests.staff import member_of, staff_of


def test_a_business_gets_its_own_with_the_fields_of_the_chat(owner: Business, stranger: Business):
    User.objects.filter(pk=owner.id).update(business_name="Bakery")
    QuickReply.objects.create(user=owner.user, shortcut="hours", text="Hello {name}, {business} opens at {time}.")
    QuickReply.objects.create(user=stranger.user, shortcut="theirs", text="x")
    chat = asks(owner, "Amina")
    path = f"/admin/inbox/{chat.pk}/quick/"
    expected = [{"shortcut": "hours", "text": "Hello Amina, Bakery opens at {time}."}]
    assert member_of(owner, "agent").get(path).json()["replies"] == expected
    assert staff_of(stranger).get(path).status_code == 404


def test_fields_are_filled_once_and_without_a_name_there_is_no_gap():
    def text(name: str, words: str) -> str:
        return filled(words, Conversation(customer=Customer(name=name)), "Bakery")

    assert text("{business}", "Hi {name}") == "Hi {business}"
    assert text("", "Hello {name}, welcome to {business}!") == "Hello, welcome to Bakery!"
    assert text("Amina", "{ {name} {name}{") == "{ Amina Amina{"
