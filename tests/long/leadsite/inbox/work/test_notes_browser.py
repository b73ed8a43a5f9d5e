"""The box of a private note in a browser."""

from functools import partial

import pytest
from playwright.sync_api import Locator, expect

from tests.leadsite.inbox.chats import asks
from tests.long.leadsite.inbox.test_views_browser import Team, box, team

__all__ = ["team"]
pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


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
