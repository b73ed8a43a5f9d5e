"""The thread on a conversation's page: edits, deletions, replies and reactions."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from conversations.admin.thread_entries import THREAD_LENGTH, read_thread
from conversations.admin.thread_labels import LABELS
from conversations.kinds import words_of
from conversations.models import Message
from tests.conversations.chat import NOON, Chat
from tests.staff import ESCAPED, HOSTILE


@pytest.fixture
def chat(owner) -> Chat:
    return Chat(owner)


def test_messages_are_shown_in_the_order_in_which_they_were_written(chat):
    chat.says("third", provider_time=NOON + timedelta(hours=2))
    chat.says("first", provider_time=NOON - timedelta(days=1))
    chat.says("second", provider_time=NOON)
    chat.says("now", provider_time=None)

    assert [entry.text for entry in chat.entries()] == ["first", "second", "third", "now"]
    days = [NOON.date() - timedelta(days=1), NOON.date(), None, timezone.localdate()]
    assert [entry.new_day for entry in chat.entries()] == days


def test_an_edited_message_shows_the_last_text_and_keeps_the_first(chat):
    cake = chat.says("A cake for 20")
    chat.says("A cake for 40", kind="edit", target=cake.provider_id)
    chat.says("A cake for 30", kind="edit", target=cake.provider_id, provider_time=NOON)

    (entry,) = chat.entries()

    assert (entry.text, entry.formers, entry.deleted_by) == ("A cake for 40", ["A cake for 20", "A cake for 30"], "")
    assert "<summary>edited</summary>" in chat.page()


def test_quotes_and_reactions_show_the_newest_text(chat):
    offer = chat.answers("100 euros")
    chat.says("👍", kind="reaction", target=offer.provider_id)
    chat.says("Good!", parts={"context": {"provider_id": offer.provider_id}})
    for text in ("90 euros", "80 euros"):
        chat.answers(text, kind="edit", target=offer.provider_id)
    chat.says("1 euro", kind="edit", target=offer.provider_id)

    _, reaction, reply, foreign = chat.entries()

    assert (reaction.text, reply.quoted) == ("to: “80 euros”", "“80 euros”")
    assert foreign.quoted == "“100 euros”"


def test_an_edit_that_arrives_before_its_message_is_applied(chat):
    chat.says("A cake for 40", kind="edit", target="wamid.late")
    chat.says("A cake for 20", provider_id="wamid.late", provider_time=NOON)
    assert [entry.text for entry in chat.entries()] == ["A cake for 40"]


def test_a_deleted_message_stays_readable(chat):
    secret = chat.says("Forget this")
    chat.says(kind="revoke", target=secret.provider_id)

    (entry,) = chat.entries()

    assert (entry.text, entry.deleted_by) == ("Forget this", "the customer")
    assert "deleted by the customer" in chat.page()


@pytest.mark.parametrize("kind", ["edit", "revoke"])
def test_only_the_author_can_edit_or_delete_a_message(chat, kind):
    offer = chat.answers("100 euros")
    chat.says("1 euro", kind=kind, target=offer.provider_id)

    first, second = chat.entries()

    assert (first.text, first.formers, first.deleted_by) == ("100 euros", [], "")
    assert second.message.kind == kind


def test_a_change_to_a_message_that_is_not_shown_is_a_separate_entry(chat):
    old = chat.says("From long ago")
    for number in range(THREAD_LENGTH):
        chat.says(f"Number {number}")
    chat.says("New words", kind="edit", target=old.provider_id)
    chat.says(kind="revoke", target=old.provider_id)
    chat.says("👍", kind="reaction", target=old.provider_id)
    chat.says("?", kind="edit", target="wamid.unknown")

    *_, edit, revoke, reaction, unmatched = chat.entries()

    assert (edit.text, edit.quoted, edit.chip) == ("New words", "“From long ago”", words_of("edit"))
    assert revoke.text == "The customer deleted an earlier message: “New words”"
    assert (reaction.reaction, reaction.text) == ("👍", "to: “New words”")
    assert (unmatched.text, unmatched.quoted) == ("?", "")


def test_an_edit_of_an_edit_or_of_itself_is_shown(chat):
    chat.says("One")
    chat.says("Two", kind="edit", target="wamid.1")
    chat.says("Three", kind="edit", target="wamid.2")
    chat.says("Four", kind="edit", target="wamid.4")
    assert [entry.text for entry in chat.entries()] == ["Two", "Three", "Four"]


def test_a_reaction_and_its_removal_are_notices(chat):
    photo = chat.answers("", kind="image")
    chat.says("👍", kind="reaction", target=photo.provider_id)
    chat.says("(reaction removed)", kind="reaction", target=photo.provider_id)

    _, added, removed = chat.entries()

    assert (added.is_notice, added.reaction, added.text) == (True, "👍", "to: photo")
    assert removed.reaction == ""
    assert "removed the reaction" in chat.page()


def test_a_document_without_a_caption_is_named_once(chat):
    chat.says("receipt.pdf", kind="document", extras={"document": {"filename": "receipt.pdf"}})
    (entry,) = chat.entries()
    assert (entry.detail, entry.text) == ("receipt.pdf", "")


def test_no_text_of_another_customer_is_quoted(chat, stranger):
    Chat(stranger).says("Between us", provider_id="wamid.theirs")
    Chat(chat.business).says("Between them", provider_id="wamid.other-customer")
    for target in ("wamid.theirs", "wamid.other-customer"):
        chat.says("👍", kind="reaction", target=target)
        chat.says("Well?", parts={"context": {"provider_id": target}})
    page = chat.page()
    assert "Between" not in page


def test_a_reply_quotes_the_message_that_it_answers(chat):
    offer = chat.answers("Lemon\nor chocolate?" + "!" * 100)
    chat.says("Lemon", parts={"context": {"provider_id": offer.provider_id}})
    quoted = chat.entries()[1].quoted
    assert quoted.startswith("“Lemon or chocolate?!")
    assert len(quoted) < 70


def test_hostile_text_is_escaped_everywhere(chat):
    referral = dict.fromkeys(("source_url", "headline", "body"), HOSTILE)
    first = chat.says(HOSTILE, parts={"referral": referral})
    chat.says(HOSTILE, parts={"context": {"provider_id": first.provider_id}}, kind="document")
    chat.says(HOSTILE, kind="edit", target=first.provider_id)
    chat.says(HOSTILE, kind="edit", target=HOSTILE)
    chat.says(HOSTILE, kind="reaction", target=first.provider_id)
    chat.says(HOSTILE, kind="system")
    chat.says(HOSTILE, kind=HOSTILE)
    chat.answers(HOSTILE, status="failed", error=HOSTILE)

    page = chat.page()

    assert "<script>alert" not in page
    assert page.count(ESCAPED) >= 12


@pytest.mark.parametrize("malformed", [None, [], "x", 7, {"id": []}, {"id": {"a": 1}}])
def test_malformed_extras_do_not_break_the_page(chat, malformed):
    extras = dict.fromkeys(("target", "context", "referral", "filename", "voice", *LABELS), malformed)
    for kind in ("text", "edit", "revoke", "reaction", "document", "audio"):
        chat.says("still here", kind=kind, extras=extras)
        chat.says("still here", kind=kind, extras={kind: malformed})
    Message.objects.filter(pk=chat.says("still here").pk).update(extras=malformed if malformed is not None else {})
    assert "still here" in chat.page()


def test_a_thread_of_any_length_takes_two_queries(chat):
    for number in range(THREAD_LENGTH + 10):
        chat.says("👍", kind="reaction", target=f"wamid.far-{number}")
    with CaptureQueriesContext(connection) as context:
        assert read_thread(chat.conversation).has_older
    assert len(context) == 2
