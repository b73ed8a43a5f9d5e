"""The board in a window, after another window has switched to another business."""

from functools import partial

import pytest
from playwright.sync_api import expect

from leads.models import Lead
from leadsite.accounts.models import Membership, User
from tests.factories import Business
from tests.leadsite.inbox.chats import asks
from tests.long.leadsite.inbox.test_views_browser import Team, team
from tests.long.leadsite.inbox.test_views_gone_browser import refused, switch_to

__all__ = ["team"]
pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def test_a_lead_is_not_moved_from_the_board_of_another_business(stranger: Business, team: Team):
    team.do(partial(asks, team.owner, "Amina", "A cake?"))
    mara = {"person": team.do(lambda: User.objects.get(email="mara@bakery.example")), "role": "agent"}
    team.do(lambda: Membership.objects.create(business=stranger.user, **mara))
    window = team.window("mara@bakery.example")
    page = window.page
    page.goto(f"{team.site}/admin/inbox/board/")
    other = page.context.new_page()
    other.goto(f"{team.site}/admin/inbox/board/")
    switch_to(other, stranger)
    card = page.locator(".board-card", has_text="Amina")
    card.focus()
    page.keyboard.press("ArrowRight")
    alert = page.locator("#board-columns").get_by_role("alert")
    expect(alert).to_contain_text("This was opened for another business", timeout=10_000)
    expect(alert).to_be_visible()
    assert refused(window, 409) == 1
    switch_to(other, team.owner)
    card.focus()
    page.keyboard.press("ArrowRight")
    expect(page.locator(".board-column[data-status=contacted]")).to_contain_text("Amina")
    expect(alert).to_have_count(0)
    assert team.do(lambda: Lead.objects.get().status) == "contacted"
