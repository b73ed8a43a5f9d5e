"""Messages in the admin."""

from conversations.models import Message
from tests.conversations.admin.rows import two_conversations, write
from tests.staff import address, staff_of


def test_messages_cannot_be_added_changed_or_deleted_in_the_admin(owner):
    people = staff_of(owner)
    message = write(two_conversations(owner)[1], "As it was.")

    assert people.get(address("add", Message)).status_code == 403
    assert people.get(address("change", message)).status_code == 200
    for page in ("change", "delete"):
        assert people.send(address(page, message), {}, content="Not so.", post="yes").status_code == 403
    message.refresh_from_db()
    assert message.content == "As it was."


def test_a_message_is_found_by_its_text_and_its_customers_number(owner, stranger):
    people = staff_of(owner)
    wanted = write(two_conversations(owner)[1], "Lemon, please")
    write(two_conversations(stranger)[1], "Lemon, too")

    for words in ("lemon", "0151 234", "+49 151 23456789"):
        assert people.found(Message, q=words) == {wanted.pk}
