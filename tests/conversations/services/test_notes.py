from uuid import uuid4

from conversations.services.notes import mentioned_in
from leadsite.accounts.models import User

NAMES = {"mara@bakery.example": "Mara", "lund@bakery.example": "Mara Lund", "ben@bakery.example": "Ben"}
PEOPLE = [User(pk=uuid4(), email=email, name=name) for email, name in NAMES.items()]


def found(text: str) -> list[str]:
    return sorted(person.name for person in mentioned_in(text, PEOPLE))


def test_a_name_after_an_at_mentions_that_person():
    assert found("@Ben, can you?") == ["Ben"]
    assert found("for @ben and @MARA") == ["Ben", "Mara"]
    assert found("ask @ben@bakery.example") == ["Ben"]


def test_of_two_names_the_longer_is_meant():
    assert found("@Mara Lund") == ["Mara Lund"]
    assert found("@Mara Lund and @Mara") == ["Mara", "Mara Lund"]


def test_other_words_mention_nobody():
    assert found("Ben; info@benjamin.example; @Benno; @") == []
