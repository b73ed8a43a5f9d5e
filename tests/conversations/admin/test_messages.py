"""Messages in the admin."""

from conversations.models import Message
from tests.conversations.admin.rows import two_conversations, write
from tests.plans import assert_condition_is_of_an_index
from tests.staff import address, staff_of


def test_messages_cannot_be_added_changed_or_deleted_in_the_admin(owner):
    staff = staff_of(owner)
    message = write(two_conversations(owner)[1], "The original text.")

    assert staff.get(address("add", Message)).status_code == 403
    assert staff.get(address("change", message)).status_code == 200
    for page in ("change", "delete"):
        assert staff.send(address(page, message), {}, content="Another text.", post="yes").status_code == 403
    message.refresh_from_db()
    assert message.content == "The original text."


def test_a_message_is_found_by_its_text_and_its_customers_number(owner, stranger):
    staff = staff_of(owner)
    wanted = write(two_conversations(owner)[1], "Lemon, please")
    write(two_conversations(stranger)[1], "Lemon, too")

    for words in ("lemon", "0151 234", "+49 151 23456789"):
        assert staff.found(Message, q=words) == {wanted.pk}


def test_few_failed_messages_are_found_among_many(owner):
    """Without an index five million messages were read, until the request gave up."""
    write(two_conversations(owner)[1], "Hello")
    found = staff_of(owner).get(address("changelist", Message), delivery="failed").context["cl"]
    assert_condition_is_of_an_index(found.queryset, "status")
