"""Private notes that are being written, in a browser: they are kept as answers are, until they are stored."""

from datetime import timedelta
from functools import partial

import pytest
from django.utils import timezone
from playwright.sync_api import Locator, Page, expect

from conversations.models import Conversation, Note
from conversations.services.notes import add_note
from leadsite.accounts.models import User
from tests.leadsite.inbox.chats import asks, says
from tests.long.leadsite.inbox.test_views_browser import Team, box, team
from tests.long.leadsite.inbox.work.test_changes_browser import begin, held_note

__all__ = ["team"]
pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def note_of_mara(team: Team, chat: Conversation) -> Note:
    mara = User.objects.get(email="mara@bakery.example")
    return add_note(user_id=team.owner.id, conversation_id=chat.pk, author_id=mara.pk, text="She calls back")


def edit(page: Page, note: Note, text: str) -> None:
    page.locator(f"#edit-note-{note.pk} > summary").click()
    page.locator(f"#note-text-{note.pk}").fill(text)


def open_chat(page: Page, name: str, words: str) -> None:
    page.locator(".inbox-row", has_text=name).click()
    expect(page.locator(".bubble-in").last).to_contain_text(words)


def load_older(page: Page, note: Note) -> None:
    """Again and again: a chat that has just been opened goes to its end once more when its fonts have come."""
    scroll = "id => { document.getElementById('thread').scrollTop = 0; return document.getElementById(id); }"
    page.wait_for_function(scroll, arg=f"n-{note.pk}")


def test_notes_that_are_being_written_survive_another_chat_and_a_reload(team: Team):
    chat = team.do(lambda: begin(team))
    note = team.do(lambda: note_of_mara(team, chat))
    page = team.window("mara@bakery.example").page
    open_chat(page, "Amina", "Sundays")
    page.locator("#note-box > summary").click()
    page.locator("#note-new").fill("No nuts")
    edit(page, note, "She calls back at nine")
    open_chat(page, "Newer", "Hello")
    expect(page.locator("#note-new")).to_be_hidden()
    expect(page.locator("#note-new")).to_have_value("")
    open_chat(page, "Amina", "Sundays")
    for _ in ("another chat", "a reload"):
        expect(page.locator("#note-new")).to_be_visible()
        expect(page.locator("#note-new")).to_have_value("No nuts")
        expect(page.locator(f"#note-text-{note.pk}")).to_be_visible()
        expect(page.locator(f"#note-text-{note.pk}")).to_have_value("She calls back at nine")
        page.reload()
    page.locator(f"#edit-note-{note.pk}").get_by_role("button", name="Save the note").click()
    expect(page.locator(".note-text")).to_have_text("She calls back at nine")
    page.locator("#note-box").get_by_role("button", name="Save the note").click()
    expect(page.locator(".note-text")).to_have_text(["She calls back at nine", "No nuts"])
    page.reload()
    expect(page.locator("#note-new")).to_be_hidden()
    expect(page.locator("#note-new")).to_have_value("")
    expect(page.locator(f"#note-text-{note.pk}")).to_be_hidden()


def test_a_note_whose_chat_was_left_while_it_was_stored_is_no_draft_any_more(team: Team):
    team.do(lambda: begin(team))
    page = team.window("mara@bakery.example").page
    held = held_note(page, "Amina", "She calls back")
    open_chat(page, "Newer", "Hello")
    with page.expect_response("**/notes/"):
        held[0].continue_()
    open_chat(page, "Amina", "Sundays")
    expect(page.locator(".note")).to_contain_text("She calls back")
    expect(page.locator("#note-new")).to_be_hidden()
    expect(page.locator("#note-new")).to_have_value("")


def test_a_note_among_the_older_messages_has_its_draft_when_they_are_loaded(team: Team):
    def fill() -> Note:
        old = timezone.now() - timedelta(minutes=30)
        chat = asks(team.owner, "Amina", "The very first", minutes_ago=31)
        note = note_of_mara(team, chat)
        Note.objects.update(created_at=old)
        for number in range(60):
            says(chat, f"Number {number}")
        return note

    note = team.do(fill)
    page = team.window("mara@bakery.example").page
    open_chat(page, "Amina", "Number 59")
    load_older(page, note)
    edit(page, note, "She calls back at nine")
    page.reload()
    expect(page.locator(f"#n-{note.pk}")).to_have_count(0)
    load_older(page, note)
    expect(page.locator(f"#note-text-{note.pk}")).to_be_visible()
    expect(page.locator(f"#note-text-{note.pk}")).to_have_value("She calls back at nine")


def test_a_note_is_typed_as_soon_as_its_box_is_open_and_kept_by_ctrl_enter(team: Team):
    team.do(partial(asks, team.owner, "Amina", "Do you bake on Sundays?"))
    page = team.window("mara@bakery.example").page
    page.locator(".inbox-row", has_text="Amina").click()
    page.locator("#note-box > summary").click()
    expect(page.locator("#note-new")).to_be_focused()
    page.keyboard.type("Ask the baker")
    page.keyboard.press("Enter")
    page.keyboard.type("before eight")
    page.keyboard.press("Control+Enter")
    expect(page.locator(".note-text")).to_have_text("Ask the baker\nbefore eight")
    expect(page.locator("#note-box")).not_to_have_attribute("open", "")
    expect(page.locator(".bubble-out")).to_have_count(0)


def test_the_words_of_a_note_stand_apart_from_the_answer_and_within_their_ring(team: Team):
    team.do(partial(asks, team.owner, "Amina", "Do you bake on Sundays?"))
    page = team.window("mara@bakery.example").page
    page.locator(".inbox-row", has_text="Amina").click()
    summary = page.locator("#note-box > summary")
    note = page.locator("#note-box")
    assert float(style(note, "borderTopWidth")[:-2]) > 0
    assert float(style(summary, "paddingLeft")[:-2]) >= 4
    box(page).focus()
    summary.click()
    expect(page.get_by_role("button", name="Save the note")).to_be_visible()


def style(of: Locator, name: str) -> str:
    return str(of.evaluate("(element, name) => getComputedStyle(element)[name]", name))
