"""The search of everything: names, numbers in any spelling, leads, messages; of one business, and marked."""

import pytest

from leadsite.inbox.searching import SHOWN, marked, search_everything
from tests.factories import Business
from tests.leadsite.inbox.chats import asks, chat_of, says, viewer
from tests.staff import HOSTILE, staff_of


def found(business: Business, term: str) -> dict[str, list[str]]:
    groups = search_everything(viewer(business), term).groups
    return {group.name: [hit.row.customer for hit in group.hits] for group in groups}


@pytest.mark.parametrize("term", ["+49 151 000", "0049151000", "(0151) 000-0", "151000"])
def test_numbers_in_any_spelling(owner: Business, term: str):
    asks(owner, "Other")
    chat_of(owner, "Amina", customer_phone="+491510000099")
    assert "Amina" in found(owner, term)["Customers"]


def test_names_leads_and_messages(owner: Business, stranger: Business):
    asks(stranger, "José", "lemon")
    chat_of(owner, "José", details="Three tiers")
    chat = asks(owner, "Amina", "A LEMON cake, please")
    says(chat, "Thank you")
    assert found(owner, "jose") == {"Customers": ["José"]}
    assert found(owner, "tiers") == {"Leads": ["José"]}
    assert found(owner, "lemon") == {"Messages": ["Amina"]}
    assert found(owner, "cake lemon") == {"Messages": ["Amina"]}
    assert found(owner, "nothing of this") == {}
    assert found(owner, "?") == {}


def test_a_word_that_the_newest_messages_do_not_have_is_found_by_the_index(
    owner: Business, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("conversations.search.pages._DEPTHS", (1, 2))
    chat = asks(owner, "Amina", "lemon", minutes_ago=9)
    for number in range(4):
        says(chat, f"Number {number}")
    assert found(owner, "lemon") == {"Messages": ["Amina"]}


def test_a_hit_leads_to_its_message(owner: Business):
    chat = asks(owner, "Amina", "lemon")
    ((_, (hit,), all_url),) = search_everything(viewer(owner), "lemon").groups
    assert all_url == ""
    assert hit.message_id == chat.messages.get().pk


def test_a_chat_that_its_name_finds_is_there_once_with_what_else_was_found_in_it(owner: Business):
    chat = asks(owner, "Amina", "I am Amina")
    newest = says(chat, "Here is Amina again")
    asks(owner, "Ben", "Amina says hello")
    named, said = search_everything(viewer(owner), "amina").groups
    assert [(hit.row.customer, hit.text, hit.message_id) for hit in named.hits] == [
        ("Amina", "Here is <mark>Amina</mark> again", newest.pk)
    ]
    assert [hit.row.customer for hit in said.hits] == ["Ben"]


def test_a_chat_that_its_name_finds_shows_what_its_lead_asks_for(owner: Business):
    chat_of(owner, "Amina", details="A cake for Amina")
    ((name, (hit,), _),) = search_everything(viewer(owner), "amina").groups
    assert (name, hit.text, hit.message_id) == ("Customers", "A cake for <mark>Amina</mark>", None)


def test_what_is_more_than_is_shown_is_in_the_lists(owner: Business):
    chat = asks(owner, "Amina", "lemon")
    for number in range(SHOWN - 1):
        says(chat, f"lemon {number}")
    assert [group.all_url for group in search_everything(viewer(owner), "lemon cake?").groups] == []
    assert [(len(hits), url) for _, hits, url in search_everything(viewer(owner), "lemon").groups] == [(SHOWN, "")]
    says(chat, "lemon & lime")
    ((name, hits, all_url),) = search_everything(viewer(owner), "lemon").groups
    assert (name, len(hits)) == ("Messages", SHOWN)
    people = staff_of(owner)
    assert "These and more in a list" in people.get("/admin/inbox/", q="lemon").content.decode()
    assert people.get(all_url).context_data["cl"].result_count == SHOWN + 1


def test_what_was_found_is_marked_and_the_rest_is_escaped():
    assert marked("A lemon cake", "LEMON") == "A <mark>lemon</mark> cake"
    assert "<script>" not in marked(HOSTILE, "alert")
    assert "<mark>alert</mark>" in marked(HOSTILE, "alert")
    long = "word " * 100 + "lemon" + " word" * 100
    assert marked(long, "lemon").startswith("…")
    assert len(marked(long, "lemon")) < 250


def test_a_term_that_is_too_long_says_so(owner: Business):
    assert "at most" in search_everything(viewer(owner), "x" * 201).problem
