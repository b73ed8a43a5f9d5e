"""The list of an open inbox while it is used: the focus, and the tab and filters that were chosen last."""

from functools import partial

import pytest
from django.utils import timezone
from playwright.sync_api import Page, expect

from conversations.models import Conversation, Customer
from leadsite.accounts.models import User
from leadsite.inbox.models import SavedView
from tests.browser import PHONE, hold
from tests.leadsite.inbox.chats import asks, says
from tests.leadsite.inbox.writing.test_templates import template_of
from tests.long.leadsite.inbox.test_views_browser import LIVE_MS, Team, team

__all__ = ["team"]
pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def refresh(team: Team, page: Page, chat: Conversation, text: str) -> None:
    """Have the list of the page read again: a customer writes."""
    team.do(lambda: says(chat, text))
    expect(page.locator(".inbox-row", has_text=text)).to_be_visible(timeout=LIVE_MS)


def test_the_list_keeps_the_focus_when_it_is_read_again(team: Team):
    chat = team.do(lambda: asks(team.owner, "Amina", "A cake?"))
    mara = team.do(lambda: User.objects.get(email="mara@bakery.example"))
    team.do(lambda: SavedView.objects.create(person=mara, user=team.owner.user, name="Mine", filters={"tab": "mine"}))
    page = team.window("mara@bakery.example").page
    page.locator("#filters > summary").click()
    name = page.get_by_label("Keep this list as")
    name.press_sequentially("Week")
    refresh(team, page, chat, "First")
    page.keyboard.type("end")
    expect(name).to_have_value("Weekend")
    places = ("#filters select[name=type]", "#filters > summary", "[data-tab=all]", "[data-tab][data-query]")
    for number, place in enumerate((*places, ".inbox-forget", ".inbox-row")):
        page.locator(place).first.focus()
        refresh(team, page, chat, f"Number {number}")
        expect(page.locator(place).first, place).to_be_focused(timeout=LIVE_MS)
    name.focus()
    name.press("Enter")
    expect(page.locator(".inbox-view")).to_have_count(2)


def test_the_tab_that_was_chosen_last_stays_whatever_comes_later(team: Team):
    team.do(lambda: asks(team.owner, "Amina", "A cake?"))
    page = team.window("mara@bakery.example").page
    mine = "**/list/?*tab=mine*"
    held = hold(page, mine)
    with page.expect_request(mine):
        page.locator("[data-tab=mine]").click()
    page.locator(".inbox-tabs [data-tab=all]").click()
    expect(page.locator(".inbox-row")).to_have_count(1)
    with page.expect_response(mine):
        held[0].continue_()
    with page.expect_response("**/live/?*"):  # for the tab that is in view then
        pass
    expect(page.locator(".inbox-tabs [aria-current]")).to_have_attribute("data-tab", "all", timeout=LIVE_MS)
    expect(page.locator(".inbox-row")).to_have_count(1, timeout=LIVE_MS)


def test_back_leads_to_the_new_chat_and_to_its_templates_again(team: Team):
    amina = team.do(lambda: asks(team.owner, "Amina", "A cake?"))
    team.do(lambda: asks(team.owner, "Bruno", "A loaf?"))
    team.do(lambda: template_of(team.owner, waba_id=""))
    page = team.window("mara@bakery.example").page
    for path, place in (("new/", "#new-chat"), (f"{amina.pk}/template/", "#template-form")):
        page.goto(f"{team.site}/admin/inbox/{path}")
        page.locator(".inbox-row", has_text="Bruno").click()
        expect(page.locator(".bubble-in")).to_contain_text("A loaf?")
        page.go_back()
        expect(page.locator(place)).to_be_visible(timeout=LIVE_MS)
        expect(page.locator(".bubble-in", has_text="A loaf?")).to_have_count(0)


def test_a_filter_outlasts_opening_a_chat_and_loading_the_page(team: Team):
    team.do(lambda: asks(team.owner, "Amina", "A cake?"))
    bruno = team.do(lambda: asks(team.owner, "Bruno", "A loaf?"))
    mara = team.do(lambda: User.objects.get(email="mara@bakery.example"))
    team.do(lambda: Conversation.objects.filter(pk=bruno.pk).update(assigned_to=mara))
    page = team.window("mara@bakery.example").page

    def filter_by(assignee: str) -> None:
        page.locator("#filters > summary").click()
        page.locator("#filters select[name=assignee]").select_option(assignee)
        page.get_by_role("button", name="Filter the list").click()

    def loaded(name: str) -> None:
        expect(page.locator(".inbox-row")).to_have_count(1)
        page.reload()
        expect(page.locator(".inbox-row")).to_have_count(1)
        expect(page.locator(".inbox-row")).to_contain_text(name)

    filter_by("nobody")
    loaded("Amina")
    page.locator(".inbox-row").click()
    expect(page.locator(".bubble-in")).to_contain_text("A cake?")
    loaded("Amina")
    filter_by("me")
    loaded("Bruno")
    expect(page.locator(".bubble-in")).to_contain_text("A cake?")
    page.set_viewport_size(PHONE)  # type: ignore[arg-type] # a plain dict
    page.get_by_role("link", name="Back to the list").click()
    loaded("Bruno")


def test_a_change_of_every_row_in_view_is_seen(team: Team):
    """Below the first screen, too, after somebody has scrolled there."""
    chats = team.do(lambda: [asks(team.owner, f"Customer {n}", minutes_ago=n) for n in range(60)])
    page = team.window("mara@bakery.example", viewport={"width": 1280, "height": 2400}).page
    for number, size in ((19, 2400), (44, 800)):
        page.set_viewport_size({"width": 1280, "height": size})
        row = page.locator(f".inbox-row[data-chat='{chats[number].pk}']")
        page.locator(".inbox-row").last.scroll_into_view_if_needed()
        row.scroll_into_view_if_needed()
        for _ in range(2):  # the second question is after the scrolling; the list has been read again
            with page.expect_response(lambda answer: "/live/" in answer.url and answer.status == 304, timeout=LIVE_MS):
                pass
        expect(row).to_be_in_viewport()
        customer = Customer.objects.filter(pk=chats[number].customer_id)
        team.do(partial(customer.update, name="Amina", updated_at=timezone.now()))  # which changes no count
        expect(row).to_contain_text("Amina", timeout=LIVE_MS)
