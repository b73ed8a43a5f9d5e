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


def test_an_address_mentions_nobody():
    assert found("write to info@ben.example or otto@mara") == []
    assert found("(@Ben) info@ben.example, @ben@bakery.example/@Mara") == ["Ben", "Mara"]


def test_of_two_names_the_longer_is_meant():
    assert found("@Mara Lund") == ["Mara Lund"]
    assert found("@Mara Lund and @Mara") == ["Mara", "Mara Lund"]


def test_each_at_counts():
    assert found("write to her@benjamin.example, @Ben please call") == ["Ben"]
    assert found("@Mara Lund knows: ask @Mara Lund") == ["Mara Lund"]


def test_a_name_that_two_have_mentions_both():
    namesake = User(pk=uuid4(), email="mara@shop.example", name="Mara")
    assert set(mentioned_in("@mara?", [*PEOPLE, namesake])) == {PEOPLE[0], namesake}


def test_other_words_mention_nobody():
    assert found("Ben; info@benjamin.example; @Benno; @") == []
