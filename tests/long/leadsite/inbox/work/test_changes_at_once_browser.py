"""Choices in the third pane that are changes themselves: whom a chat is assigned to, and its labels."""

import pytest
from playwright.sync_api import Page, expect

from conversations.models import Conversation, Label
from tests.browser import hold
from tests.leadsite.inbox.chats import asks
from tests.long.leadsite.inbox.test_views_browser import LIVE_MS, Team, team

__all__ = ["team"]
pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def begin(team: Team) -> Page:
    def rows() -> None:
        asks(team.owner, "Amina", "Do you bake on Sundays?")
        for name in ("Cake", "VIP"):
            Label.objects.create(user=team.owner.user, name=name, colour="purple")

    team.do(rows)
    page = team.window("mara@bakery.example").page
    page.locator(".inbox-row", has_text="Amina").click()
    expect(page.locator("#assigned-to")).to_be_visible()
    return page


def assigned(team: Team) -> str:
    person = team.do(lambda: Conversation.objects.get().assigned_to)
    return person.email if person else ""


def test_choosing_a_person_assigns_the_chat_and_says_so(team: Team):
    page = begin(team)
    expect(page.get_by_role("button", name="Assign", exact=True)).to_have_count(0)
    page.locator("#assigned-to").select_option(label="Ben")
    expect(page.locator("#inbox-said")).to_have_text("Assigned to Ben")
    assert assigned(team) == "ben@bakery.example"
    expect(page.locator(".inbox-row .inbox-assignee")).to_contain_text("Ben", timeout=LIVE_MS)
    expect(page.locator("#assigned-to option:checked")).to_have_text("Ben")


def test_a_person_who_was_not_assigned_does_not_stay_chosen(team: Team):
    page = begin(team)
    page.route("**/inbox/*/conversation/", lambda route: route.abort())
    page.locator("#assigned-to").select_option(label="Ben")
    expect(page.locator(".inbox-problem")).to_contain_text("Not changed")
    expect(page.locator("#assigned-to option:checked")).to_have_text("Nobody")
    team.windows[0].errors.clear()  # of the request that was stopped


def test_a_tick_sets_a_label_and_the_next_one_waits_for_it(team: Team):
    page = begin(team)
    page.get_by_text("Labels …").click()
    expect(page.get_by_role("button", name="Set the labels")).to_have_count(0)
    held = hold(page, "**/labels/")
    with page.expect_request("**/labels/"):
        page.get_by_role("checkbox", name="VIP").check()
    page.get_by_role("checkbox", name="Cake").check()
    held[0].continue_()
    expect(page.locator(".inbox-head .inbox-label")).to_have_text(["Cake", "VIP"])
    page.get_by_role("checkbox", name="VIP").uncheck()
    expect(page.locator(".inbox-head .inbox-label")).to_have_text(["Cake"])
    expect(page.locator("#inbox-said")).to_have_text("Labels of this chat Cake")
    expect(page.locator("#labels")).to_have_attribute("open", "")
