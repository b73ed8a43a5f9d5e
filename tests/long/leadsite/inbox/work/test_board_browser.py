"""The board in a window, after another window has switched to another business."""

from functools import partial

import pytest
from playwright.sync_api import expect

from leads.models import Lead
from leadsite.accounts.models import Membership, User
from tests.factories import Business
from tests.leadsite.inbox.chats import asks
from tests.long.leadsite.inbox.test_views_browser import LIVE_MS, Team, team
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


ASKED = """
    const ask = window.fetch;
    window.asked = 0;
    window.fetch = (...all) => { asked += 1; return ask(...all); };
"""


def test_a_card_that_somebody_moves_moves_on_the_open_board_of_another(team: Team):
    team.do(partial(asks, team.owner, "Amina", "A cake?"))
    team.do(partial(asks, team.owner, "Bruno", "A loaf?"))
    mara, ben = (team.window(f"{name}@bakery.example").page for name in ("mara", "ben"))
    for page in (mara, ben):
        page.goto(f"{team.site}/admin/inbox/board/")
    taken, there = ben.locator(".board-card", has_text="Bruno"), ben.locator(".board-column[data-status=contacted]")
    with ben.expect_response("**/live/?board=*", timeout=LIVE_MS):
        taken.focus()
    mara.locator(".board-card", has_text="Amina").press("ArrowRight")
    expect(there).to_contain_text("Amina", timeout=LIVE_MS)
    expect(there.locator(".inbox-count")).to_have_text("1")
    expect(taken).to_be_focused()
    ben.locator(".board-card", has_text="Bruno").press("ArrowRight")
    expect(mara.locator(".board-column[data-status=contacted]")).to_contain_text("Bruno", timeout=LIVE_MS)


def test_a_drag_is_not_disturbed_by_what_others_move(team: Team):
    team.do(partial(asks, team.owner, "Amina", "A cake?"))
    chat = team.do(partial(asks, team.owner, "Bruno", "A loaf?"))
    page = team.window("mara@bakery.example").page
    page.clock.install()
    page.add_init_script(ASKED)
    page.goto(f"{team.site}/admin/inbox/board/")
    card, there = page.locator(".board-card", has_text="Amina"), page.locator(".board-column[data-status=contacted]")
    with page.expect_response("**/board/columns/", timeout=LIVE_MS):
        pass
    card.hover()
    page.mouse.down()
    there.hover()
    there.hover()
    team.do(lambda: Lead.objects.filter(conversation=chat).update(status="qualified", version=2))
    asked = page.evaluate("asked")
    page.clock.run_for(6000)
    assert page.evaluate("asked") == asked
    page.mouse.up()
    expect(there).to_contain_text("Amina")
    expect(page.locator(".board-column[data-status=qualified]")).to_contain_text("Bruno", timeout=LIVE_MS)
