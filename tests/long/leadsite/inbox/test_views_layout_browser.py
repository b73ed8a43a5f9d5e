"""What has its place in the inbox on a small laptop, also in longer words than English ones."""

from datetime import timedelta
from pathlib import Path

import pytest
from django.utils import timezone
from playwright.sync_api import Locator, Page, expect

from conversations.models import Conversation, Label
from leadsite.accounts.models import User
from tests.browser import PHONE, serious, small_targets
from tests.leadsite.inbox.chats import asks
from tests.long.leadsite.inbox.test_views_browser import PASSWORD, Team, team
from tests.staff import address, staff_of

__all__ = ["team"]
pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
LAPTOP = {"width": 1366, "height": 768}


def begin(team: Team, language: str = "en") -> Page:
    """A chat that is snoozed until next week, in view."""

    def rows() -> Conversation:
        User.objects.filter(email="mara@bakery.example").update(language=language)
        asks(team.owner, "Newer")
        chat = asks(team.owner, "Amina", "Do you bake on Sundays?")
        until = timezone.now() + timedelta(days=9)
        Conversation.objects.filter(pk=chat.pk).update(snoozed_until=until)
        return chat

    chat = team.do(rows)
    page = team.window("mara@bakery.example", viewport=LAPTOP).page
    page.goto(f"{team.site}/admin/inbox/{chat.pk}/")
    return page


def edges(of: Locator) -> dict[str, float]:
    return dict(of.evaluate("element => element.getBoundingClientRect().toJSON()"))


@pytest.mark.parametrize("language", ["en", "de"])
def test_tabs_take_two_rows_and_the_head_shows_all_of_itself(team: Team, tmp_path: Path, language: str):
    page = begin(team, language)
    page.screenshot(path=tmp_path / "inbox.png")
    rows = page.locator(".inbox-tabs a").evaluate_all("all => new Set(all.map(one => one.offsetTop)).size")
    assert rows <= 2
    mark, snooze = edges(page.locator(".inbox-head .inbox-mark").last), edges(page.locator("#snooze"))
    assert mark["right"] <= snooze["left"] or mark["bottom"] <= snooze["top"] or mark["top"] >= snooze["bottom"]
    page.locator("#snooze > summary").click()
    page.screenshot(path=tmp_path / "snooze.png")
    assert edges(page.locator(".inbox-menu-body"))["top"] >= mark["bottom"]


def test_blocked_notifications_say_where_to_allow_them(team: Team, tmp_path: Path):
    page = begin(team)
    page.evaluate("Notification.requestPermission = async () => 'denied'")
    button = page.get_by_role("button", name="Notifications")
    expect(button).to_contain_text("off")
    expect(button).not_to_have_css("text-decoration-line", "line-through")
    button.click()
    expect(page.get_by_role("alert").filter(has_text="blocks notifications")).to_be_visible()
    expect(button).to_have_attribute("aria-pressed", "false")
    page.screenshot(path=tmp_path / "blocked.png")


def test_what_a_button_of_a_lead_opens_moves_none_of_the_buttons(team: Team, tmp_path: Path):
    page = begin(team)
    edit = page.locator(".inbox-folds summary", has_text="Edit")
    before = edges(edit)
    page.locator("summary", has_text="Follow up").click()
    field = page.get_by_label("When to get in touch again")
    expect(field).to_be_visible()
    page.screenshot(path=tmp_path / "follow-up.png")
    assert edges(edit) == before
    assert edges(field)["top"] > before["bottom"]


@pytest.mark.parametrize("width", [390, 1440])
def test_from_right_to_left_the_panes_are_mirrored_and_nothing_runs_over(team: Team, tmp_path: Path, width: int):
    page = begin(team)
    page.set_viewport_size({"width": width, "height": 900})
    page.goto(f"{page.url}?tab=all")
    page.evaluate("document.documentElement.dir = 'rtl'")
    page.screenshot(path=tmp_path / f"rtl-{width}.png")
    overflow = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
    assert page.evaluate(overflow) == 0
    ours, theirs = edges(page.locator("#thread")), edges(page.locator(".bubble-in").first)
    assert ours["right"] - theirs["right"] < theirs["left"] - ours["left"]
    if width > 1000:
        chats, chat, customer = (edges(page.locator(pane)) for pane in ("#inbox-list", "#chat", "#customer"))
        assert chats["left"] >= chat["right"] - 1
        assert chat["left"] >= customer["right"] - 1
        place = page.locator(".inbox-row[aria-current]").evaluate("it => getComputedStyle(it).boxShadow")
        assert "-3px 0px" in place
    # What lies over the panes is in their middle whatever the direction.
    notice = page.locator("#inbox-offline")
    notice.evaluate("it => { it.hidden = false; }")
    box, inbox = edges(notice), edges(page.locator("#inbox"))
    assert abs((box["left"] + box["right"]) / 2 - (inbox["left"] + inbox["right"]) / 2) <= 1
    page.locator("#snooze > summary").click()
    menu = edges(page.locator(".inbox-menu-body"))
    assert 0 <= menu["left"] <= menu["right"] <= width


def test_from_right_to_left_the_keys_of_the_board_go_as_its_columns_do(team: Team, tmp_path: Path):
    page = begin(team)
    page.goto(f"{team.site}/admin/inbox/board/")
    page.evaluate("document.documentElement.dir = 'rtl'")
    page.screenshot(path=tmp_path / "rtl-board.png")
    new, contacted = (page.locator(f".board-column[data-status={status}]") for status in ("new", "contacted"))
    assert edges(new)["left"] >= edges(contacted)["right"] - 1
    page.locator(".board-card", has_text="Amina").press("ArrowLeft")
    expect(contacted).to_contain_text("Amina")


def test_the_undo_of_a_step_and_the_colours_of_labels_are_for_fingers(team: Team, tmp_path: Path):
    def rows() -> Conversation:
        staff_of(team.owner)
        person = User.objects.get(pk=team.owner.id)
        person.set_password(PASSWORD)
        person.save()
        return asks(team.owner, "Amina", "Do you bake on Sundays?")

    chat = team.do(rows)
    page = team.window(team.owner.user.email, viewport=PHONE).page
    page.goto(f"{team.site}/admin/inbox/{chat.pk}/")
    page.get_by_role("link", name="Customer and lead").click()
    page.get_by_role("button", name="Contacted").click()
    expect(page.get_by_role("button", name="Undo")).to_be_visible()
    page.locator("#labels > summary").click()
    expect(page.get_by_role("radio", name="Red")).to_be_visible()
    page.screenshot(path=tmp_path / "phone-labels.png", full_page=True)
    found = small_targets(page, "#inbox") + serious(page, "#inbox")
    page.goto(f"{team.site}{address('add', Label)}")
    expect(page.get_by_role("radio")).to_have_count(len(Label.Colour))
    page.screenshot(path=tmp_path / "phone-label.png", full_page=True)
    found += small_targets(page, "body") + serious(page, "html")
    assert found == []
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
    swatch = page.locator(".label-red").first
    assert swatch.evaluate("one => getComputedStyle(one).backgroundColor") == "rgb(220, 38, 38)"
    page.get_by_label("Name").fill("VIP")
    page.get_by_text("Red", exact=True).locator("..").click()
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.locator("#result_list .label-red")).to_have_text("Red")
