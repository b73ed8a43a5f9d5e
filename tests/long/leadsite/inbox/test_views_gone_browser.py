"""Chats that are not there any more, and logins that may not write or read any more, in an open inbox."""

from functools import partial
from typing import Any

import pytest
from django.utils import timezone
from playwright.sync_api import Page, expect

from conversations.models import Conversation
from leadsite.accounts.models import Membership, User
from tests.factories import Business
from tests.leadsite.inbox.chats import asks, says
from tests.leadsite.inbox.writing.test_templates import template_of
from tests.long.leadsite.inbox.test_views_browser import LIVE_MS, Team, box, team

__all__ = ["team"]
pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

SWITCH = """business => fetch("/admin/business/", {method: "POST", body: new URLSearchParams({
    business, csrfmiddlewaretoken: document.querySelector("[name=csrfmiddlewaretoken]").value})})"""


def delete(team: Team, chat: Conversation) -> None:
    team.do(lambda: Conversation.objects.filter(pk=chat.pk).update(deleted_at=timezone.now()))


def two(team: Team) -> tuple[Conversation, Conversation]:
    return team.do(lambda: (asks(team.owner, "Amina", "A cake?"), asks(team.owner, "Bruno", "A loaf?")))


def refused(window: Any, status: int) -> int:
    """How many requests were, according to the console; and none was for another reason. Without the reports of who
    looks and types, which come when it is their time.
    """
    assert [error for error in window.errors if f"status of {status}" not in error] == []
    count = sum("/presence/" not in error for error in window.errors)
    window.errors.clear()
    return count


def switch_to(page: Page, business: Business) -> None:
    """As by the menu of that window, which is at the inbox."""
    page.evaluate(SWITCH, str(business.id))
    page.reload()


def open_held(window: Any, chat: Conversation) -> Page:
    """Open a chat. Nothing seems to change from then on: a row stays in view that is not there any more."""
    page: Page = window.page
    page.route("**/inbox/live/?*", lambda route: route.fulfill(status=304))
    window.open(f"/admin/inbox/{chat.pk}/")
    return page


def test_a_chat_in_view_that_somebody_deletes_is_said_to_be_gone_and_asked_for_no_more(team: Team):
    amina, bruno = two(team)
    window = team.window("mara@bakery.example")
    page = window.page
    page.locator(".inbox-row", has_text="Amina").click()
    with page.expect_response(lambda answer: "typing" in (answer.request.post_data or "")):
        box(page).fill("Yes, from eight")
    delete(team, amina)
    alert = page.locator("#reply").get_by_role("alert")
    expect(alert).to_contain_text("This chat is not here any more", timeout=LIVE_MS)
    for text in ("Hello?", "Are you there?"):
        team.do(partial(says, bruno, text))
        expect(page.locator(".inbox-row", has_text=text)).to_be_visible(timeout=LIVE_MS)
    assert refused(window, 404) == 1
    box(page).press("Enter")
    expect(page.locator(".is-sending")).to_have_count(0)
    expect(alert).to_contain_text("This chat is not here any more")
    expect(box(page)).to_have_value("Yes, from eight")
    expect(page.locator("#inbox-offline")).to_be_hidden()
    page.locator(".inbox-row", has_text="Bruno").click()
    expect(page.locator(".bubble-in").last).to_contain_text("Are you there?")
    assert refused(window, 404) == 1


def test_a_change_of_a_chat_that_is_gone_says_so(team: Team):
    amina, _ = two(team)
    window = team.window("mara@bakery.example")
    page = open_held(window, amina)
    expect(page.locator(".bubble-in")).to_contain_text("A cake?")
    delete(team, amina)
    page.get_by_role("button", name="Assign to me").click()
    expect(page.locator("#reply").get_by_role("alert")).to_contain_text("This chat is not here any more")
    assert refused(window, 404) == 2


def test_a_template_for_a_chat_that_is_gone_says_so(team: Team):
    amina, _ = two(team)
    team.do(lambda: template_of(team.owner, waba_id=""))
    window = team.window("mara@bakery.example")
    page = open_held(window, amina)
    expect(page.locator("#template-form")).to_contain_text("cake_ready")
    delete(team, amina)
    page.locator("#template-form").get_by_role("button", name="cake_ready").click()
    expect(page.locator("#reply").get_by_role("alert")).to_contain_text("This chat is not here any more")
    assert refused(window, 404) == 2


def test_a_chat_that_is_chosen_and_is_gone_leaves_the_list(team: Team):
    amina, bruno = two(team)
    window = team.window("mara@bakery.example")
    page = open_held(window, bruno)
    expect(page.locator(".bubble-in")).to_contain_text("A loaf?")
    delete(team, amina)
    page.locator(".inbox-row", has_text="Amina").click()
    elsewhere = page.locator("#inbox-elsewhere")
    expect(elsewhere).to_contain_text("Amina This chat is not here any more")
    expect(page.locator(".inbox-row")).to_have_count(1)
    expect(page.locator(".bubble-in")).to_contain_text("A loaf?")
    page.locator(".inbox-row", has_text="Bruno").click()
    expect(elsewhere).to_be_hidden()
    assert refused(window, 404) == 1


def test_a_login_that_may_not_write_any_more_is_told_so(team: Team):
    two(team)
    window = team.window("mara@bakery.example")
    page = window.page
    page.locator(".inbox-row", has_text="Amina").click()
    expect(page.locator(".bubble-in")).to_contain_text("A cake?")
    team.do(lambda: Membership.objects.filter(person__email="mara@bakery.example").update(role="viewer"))
    alert = page.locator("#reply").get_by_role("alert")
    box(page).fill("Yes, from eight")
    box(page).press("Enter")
    expect(alert).to_contain_text("your login may not do this any more")
    page.locator("#reply-problem, [data-part=problem]").evaluate("part => part.replaceChildren()")
    page.get_by_role("button", name="Assign to me").click()
    expect(alert).to_contain_text("your login may not do this any more")
    expect(box(page)).to_have_value("Yes, from eight")
    assert refused(window, 403) == 2


def test_a_login_that_may_not_read_any_more_is_told_so(team: Team):
    """As that of somebody who was removed, which ends the session, and has logged in again in another window."""
    amina, _ = two(team)
    window = team.window("mara@bakery.example")
    page, said = window.page, window.page.locator("#inbox-offline")
    expect(page.locator(".inbox-row")).to_have_count(2)
    mine = Membership.objects.filter(person__email="mara@bakery.example")
    team.do(mine.delete)
    team.do(partial(says, amina, "Hello?"))
    expect(said).to_contain_text("your login may not do this any more", timeout=LIVE_MS)
    assert refused(window, 403) > 0


def test_a_page_of_a_business_that_another_window_has_left_shows_nothing_of_the_next_one(
    stranger: Business, team: Team
):
    chat = team.do(partial(asks, team.owner, "Amina", "A cake?"))
    team.do(partial(asks, stranger, "Zoe", "Roses?"))
    mara = {"person": team.do(lambda: User.objects.get(email="mara@bakery.example")), "role": "agent"}
    team.do(lambda: Membership.objects.create(business=stranger.user, **mara))
    window = team.window("mara@bakery.example")
    page, said = window.page, window.page.locator("#inbox-offline")
    expect(page.locator(".inbox-row", has_text="Amina")).to_be_visible()
    other = page.context.new_page()
    other.goto(f"{team.site}/admin/inbox/")
    switch_to(other, stranger)
    expect(other.locator(".inbox-row", has_text="Zoe")).to_be_visible()
    team.do(partial(says, chat, "Or two?"))
    expect(said).to_contain_text("This was opened for another business", timeout=LIVE_MS)
    expect(page.locator(".inbox-row")).to_have_count(1)
    expect(page.locator(".inbox-row")).to_contain_text("Amina")
    switch_to(other, team.owner)
    expect(page.locator(".inbox-row", has_text="Or two?")).to_be_visible(timeout=2 * LIVE_MS)
    expect(said).to_be_hidden()
    assert refused(window, 409) > 0
