"""The team's work in a browser: note, label, reminder that comes back, quick reply, lead, board. Screenshots are in
tmp_path.
"""

import re
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone
from playwright.sync_api import Page, Route, expect

from conversations.models import Conversation, Label
from conversations.services.change import change_conversation
from leads.models import Lead
from leadsite.inbox.models import QuickReply
from tests.browser import PHONE, hold, serious
from tests.leadsite.inbox.chats import asks
from tests.long.leadsite.inbox.test_views_browser import LIVE_MS, Team, box, team

__all__ = ["team"]
pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def pictures(page: Page, folder: Path, name: str, inside: str = "#inbox") -> None:
    for theme in ("light", "dark"):
        page.emulate_media(color_scheme=theme)
        page.screenshot(path=folder / f"{name}-{theme}.png")
        assert serious(page, inside) == []
    page.emulate_media(color_scheme="light")


def begin(team: Team) -> Conversation:
    """Two customers wait, Amina the longer."""
    Label.objects.create(user=team.owner.user, name="VIP", colour="purple")
    QuickReply.objects.create(user=team.owner.user, shortcut="hours", text="Hello {name}, we open at eight.")
    chat = asks(team.owner, "Amina", "Do you bake on Sundays?", minutes_ago=5)
    asks(team.owner, "Newer", "Hello")
    return chat


def test_a_note_and_a_label_are_seen_by_a_colleague(team: Team, tmp_path: Path):
    team.do(lambda: begin(team))
    mara, ben = team.window("mara@bakery.example").page, team.window("ben@bakery.example").page
    mara.locator(".inbox-row", has_text="Amina").click()
    mara.locator("#note-box > summary").click()
    mara.locator("#note-new").press_sequentially("Please call @be")
    expect(mara.locator(".inbox-offer")).to_have_text("Ben")
    mara.locator("#note-new").press("Enter")
    expect(mara.locator("#note-new")).to_have_value("Please call @Ben ")
    mara.get_by_role("button", name="Save the note").click()
    expect(mara.locator(".note")).to_contain_text("Please call @Ben")
    expect(mara.locator(".bubble-out")).to_have_count(0)
    expect(ben.locator(".inbox-row", has_text="Amina")).to_contain_text("@ you", timeout=LIVE_MS)
    expect(ben.locator("[data-tab=mentions] .inbox-count")).to_have_text("1")
    ben.locator(".inbox-row", has_text="Amina").click()
    expect(ben.locator(".note")).to_contain_text("Please call @Ben")
    expect(ben.locator("[data-tab=mentions] .inbox-count")).to_have_count(0, timeout=LIVE_MS)
    mara.get_by_text("Labels …").click()
    mara.get_by_role("checkbox", name="VIP").check()
    expect(ben.locator(".inbox-row", has_text="Amina").locator(".inbox-label")).to_have_text("VIP", timeout=LIVE_MS)
    pictures(mara, tmp_path, "chat")
    mara.get_by_text("Filter and views").click()
    mara.locator("#filters select[name=label]").select_option("VIP")
    mara.get_by_role("button", name="Filter the list").click()
    expect(mara.locator(".inbox-row")).to_have_count(1)
    mara.get_by_role("link", name="Show all again").click()
    expect(mara.locator(".inbox-row")).to_have_count(2)


def test_a_label_that_a_colleague_puts_on_meanwhile_stays(team: Team):
    chat = team.do(lambda: begin(team))
    theirs = team.do(lambda: Label.objects.create(user=team.owner.user, name="Theirs").pk)
    page = team.window("mara@bakery.example").page
    page.locator(".inbox-row", has_text="Amina").click()
    page.get_by_text("Labels …").click()
    page.locator("#thread").focus()
    changes = {"label_ids": [theirs]}
    team.do(lambda: change_conversation(user_id=team.owner.id, conversation_id=chat.pk, changes=changes))
    expect(page.locator(".inbox-head .inbox-label")).to_have_text("Theirs", timeout=LIVE_MS)
    page.get_by_role("checkbox", name="VIP").check()
    expect(page.locator(".inbox-head .inbox-label")).to_have_text(["Theirs", "VIP"])


def test_a_snoozed_chat_comes_back_and_a_quick_reply_answers_it(team: Team, tmp_path: Path):
    chat = team.do(lambda: begin(team))
    mara, ben = team.window("mara@bakery.example").page, team.window("ben@bakery.example").page
    mara.locator(".inbox-row", has_text="Amina").click()
    mara.locator("summary", has_text="Snooze").click()
    pictures(mara, tmp_path, "snooze")
    mara.get_by_role("button", name="Tomorrow 9:00").first.click()
    for page in (mara, ben):
        expect(page.locator(".inbox-row", has_text="Amina")).to_have_count(0, timeout=LIVE_MS)
    past = timezone.now() - timedelta(seconds=1)
    team.do(lambda: Conversation.objects.filter(pk=chat.pk).update(snoozed_until=past))
    for page in (mara, ben):
        expect(page.locator(".inbox-row").first).to_contain_text("Back since", timeout=LIVE_MS)
    box(mara).press_sequentially("/ho")
    expect(mara.get_by_role("option", name="/hours")).to_be_visible()
    box(mara).press("Enter")
    expect(box(mara)).to_have_value("Hello Amina, we open at eight.")
    box(mara).press("Enter")
    expect(mara.locator(".bubble-out")).to_contain_text("we open at eight")
    expect(mara.locator(".inbox-row", has_text="Back since")).to_have_count(0, timeout=LIVE_MS)


def typing_over_somebody(team: Team) -> Page:
    """Mara has typed into a lead, which somebody else has changed meanwhile."""
    chat = team.do(lambda: asks(team.owner, "Amina", "Do you bake on Sundays?"))
    mara = team.window("mara@bakery.example").page
    mara.locator(".inbox-row", has_text="Amina").click()
    mara.get_by_text("Edit …").click()
    mara.get_by_label("What the customer wants").fill("Mine")
    team.do(lambda: Lead.objects.filter(conversation=chat).update(details="By somebody else"))
    return mara


def test_a_lead_keeps_what_is_typed_and_is_not_overwritten(team: Team):
    mara = typing_over_somebody(team)
    mara.get_by_role("button", name="Save the lead").click()
    expect(mara.get_by_role("alert")).to_contain_text("changed this lead meanwhile")
    expect(mara.locator(".inbox-details")).to_have_text("By somebody else")
    expect(mara.get_by_label("What the customer wants")).to_have_value("Mine")
    mara.get_by_role("button", name="Save the lead").click()
    expect(mara.locator(".inbox-details")).to_have_text("Mine")
    mara.get_by_text("Follow up …").click()
    mara.get_by_role("button", name="Monday 9:00").last.click()
    expect(mara.locator(".inbox-row", has_text="Amina")).to_contain_text("Follow up", timeout=LIVE_MS)


def test_a_refusal_counts_as_seen_though_the_lead_was_refreshed_before_it_came(team: Team):
    mara = typing_over_somebody(team)
    held = hold(mara, "**/lead/**")
    mara.get_by_role("button", name="Save the lead").click()
    expect(mara.locator(".inbox-details")).to_have_text("By somebody else", timeout=LIVE_MS)
    held[0].continue_()
    expect(mara.get_by_role("alert")).to_contain_text("changed this lead meanwhile")
    expect(mara.get_by_label("What the customer wants")).to_have_value("Mine")
    mara.get_by_role("button", name="Save the lead").click()
    expect(mara.locator(".inbox-details")).to_have_text("Mine")
    expect(mara.get_by_label("What the customer wants")).to_be_hidden()


def test_the_board_by_mouse_and_keyboard(team: Team, tmp_path: Path):
    chat = team.do(lambda: asks(team.owner, "Amina", "Do you bake on Sundays?"))
    page = team.window("mara@bakery.example").page
    page.goto(f"{team.site}/admin/inbox/board/")

    def column(status: str) -> Any:
        return page.locator(f'.board-column[data-status="{status}"]')

    card = page.locator(".board-card", has_text="Amina")
    card.drag_to(column("qualified"))
    expect(column("qualified")).to_contain_text("Amina")
    card.drag_to(column("new"))
    expect(column("qualified")).to_contain_text("Amina")
    card.focus()
    page.keyboard.press("ArrowLeft")
    expect(column("contacted")).to_contain_text("Amina")
    expect(card).to_be_focused()
    pictures(page, tmp_path, "board", "#board")
    card.drag_to(column("lost"))
    page.get_by_label("Reason").fill("Too far")
    page.get_by_role("button", name="Mark as lost").click()
    expect(column("lost")).to_contain_text("Lost: Too far")
    assert team.do(lambda: Lead.objects.get(conversation=chat).lost_reason) == "Too far"


def test_on_a_phone(team: Team, tmp_path: Path):
    team.do(lambda: asks(team.owner, "Amina", "Do you bake on Sundays?"))
    page = team.window("ben@bakery.example", viewport=PHONE).page
    page.get_by_text("Filter and views").click()
    page.screenshot(path=tmp_path / "phone-list.png")
    page.locator(".inbox-row", has_text="Amina").click()
    page.locator("summary", has_text="Snooze").click()
    page.screenshot(path=tmp_path / "phone-chat.png")
    page.locator("summary", has_text="Snooze").click()
    page.get_by_role("link", name="Customer and lead").click()
    page.get_by_text("Edit …").click()
    page.screenshot(path=tmp_path / "phone-customer.png")
    assert serious(page, "#inbox") == []
    page.goto(f"{team.site}/admin/inbox/board/")
    page.screenshot(path=tmp_path / "phone-board.png")
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]


def test_an_answer_about_a_chat_that_was_left_touches_nothing_in_the_next(team: Team):
    team.do(lambda: begin(team))
    page = team.window("mara@bakery.example").page
    held = held_note(page, "Amina", "About Amina")
    page.locator(".inbox-row", has_text="Newer").click()
    expect(page.locator(".bubble-in")).to_have_text(re.compile("Hello"))
    page.locator("#note-box > summary").click()
    page.locator("#note-new").fill("About the newer one")
    with page.expect_response("**/notes/"):
        held[0].continue_()
    expect(page.locator("#note-new")).to_have_value("About the newer one")
    page.get_by_role("button", name="Save the note").click()
    expect(page.locator(".note")).to_contain_text("About the newer one")


def test_what_is_typed_while_a_note_is_kept_stays(team: Team):
    team.do(lambda: begin(team))
    page = team.window("mara@bakery.example").page
    held = held_note(page, "Amina", "She calls back")
    page.locator("#note-new").fill("She calls back at nine")
    held[0].continue_()
    expect(page.locator(".note")).to_contain_text("She calls back")
    expect(page.locator("#note-new")).to_have_value("She calls back at nine")


def held_note(page: Page, name: str, text: str) -> list[Route]:
    """Keep a note about the customer, whose request waits until it is continued."""
    page.locator(".inbox-row", has_text=name).click()
    page.locator("#note-box > summary").click()
    page.locator("#note-new").fill(text)
    held = hold(page, "**/notes/")
    with page.expect_request("**/notes/"):
        page.get_by_role("button", name="Save the note").click()
    return held
