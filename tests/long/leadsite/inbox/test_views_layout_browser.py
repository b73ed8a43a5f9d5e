"""What has its place in the inbox on a small laptop, also in longer words than English ones."""

from datetime import timedelta
from pathlib import Path

import pytest
from django.utils import timezone
from playwright.sync_api import Locator, Page, expect

from conversations.models import Conversation
from leadsite.accounts.models import User
from tests.leadsite.inbox.chats import asks
from tests.long.leadsite.inbox.test_views_browser import Team, team

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
