"""What somebody presses twice, in a browser: it is sent once, and no one is told of a change of their own."""

import pytest
from playwright.sync_api import Locator, Page, expect

from conversations.models import Message, Note
from leads.models import Lead
from tests.browser import hold
from tests.leadsite.inbox.chats import asks
from tests.long.leadsite.inbox.test_views_browser import Team, team
from tests.long.leadsite.inbox.test_writing_browser import closed

__all__ = ["team"]
pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


# By a script: Playwright's own presses wait until a page that loads is there.
PRESS_TWICE = """button => [() => button.click(), () => button.click(), () => console.log("pressed twice")]
    .forEach((step, number) => setTimeout(step, 300 * number))"""


def press_twice(page: Page, button: Locator, address: str) -> None:
    """Press a button again while the answer to the first press is on its way: nothing is sent again."""
    posts: list[str] = []
    page.on("request", lambda request: posts.append(request.url) if request.method == "POST" else None)
    held = hold(page, address)
    with page.expect_console_message(lambda message: message.text == "pressed twice"):
        button.evaluate(PRESS_TWICE)
    assert posts.count(held[0].request.url) == 1
    held[0].continue_()


def test_changes_of_a_chat(team: Team):
    chat = team.do(lambda: asks(team.owner, "Amina", "Do you bake on Sundays?"))
    page = team.window("mara@bakery.example").page
    page.locator(".inbox-row", has_text="Amina").click()
    page.locator("#note-box > summary").click()
    page.locator("#note-new").fill("Call her")
    press_twice(page, page.get_by_role("button", name="Save the note"), "**/notes/")
    expect(page.locator(".note")).to_contain_text("Call her")
    press_twice(page, page.get_by_role("button", name="Contacted"), "**/lead/**")
    expect(page.locator(".inbox-lead .inbox-lead-top")).to_contain_text("Contacted")
    expect(page.get_by_role("alert").filter(has_text="meanwhile")).to_have_count(0)
    assert team.do(lambda: (Note.objects.count(), Lead.objects.get(conversation=chat).version)) == (1, 2)


def test_moves_on_the_board(team: Team):
    team.do(lambda: asks(team.owner, "Amina", "Do you bake on Sundays?"))
    page = team.window("mara@bakery.example").page
    page.goto(f"{team.site}/admin/inbox/board/")
    page.get_by_text("Move …").click()
    press_twice(page, page.get_by_role("button", name="Contacted"), "**/board/*-*/")
    expect(page.locator("#board-said")).to_have_text("Moved to Contacted")
    expect(page.locator('.board-column[data-status="contacted"]')).to_contain_text("Amina")


def test_a_template(team: Team):
    team.do(lambda: closed(team))
    page = team.window("mara@bakery.example").page
    page.locator(".inbox-row", has_text="Amina").click()
    form = page.locator("#template-form")
    form.get_by_role("button", name="cake_ready").click()
    for label, value in (("Text 1 in the header", "12"), ("Text 2", "cake")):
        page.get_by_label(label).fill(value)
    page.locator("[name='field:body.1']").fill("Amina")
    expect(form.locator(".inbox-preview")).to_contain_text("Hello Amina, your cake is ready")
    send = form.get_by_role("button", name="Send template")
    press_twice(page, send, "**/template/**")
    expect(page.locator("#messages .bubble-out")).to_contain_text("Hello Amina, your cake is ready")
    assert team.do(lambda: Message.objects.filter(direction="out").count()) == 1


def test_a_form_that_loads_a_page(team: Team):
    page = team.window("mara@bakery.example").page
    page.get_by_role("link", name="New chat").click()
    page.get_by_label("Number").fill("0049 151 234-56789")
    expect(page.locator("#new-chat")).to_contain_text("is new here.")
    with page.expect_response("**/new/"):  # about the number, which loses the focus
        page.locator("[name=kind][value=text]").check()
    page.locator("[name=text]").fill("Hello Amina")
    press_twice(page, page.locator("#new-chat [name=send]"), "**/new/")
    expect(page.locator("#messages .bubble-out")).to_contain_text("Hello Amina")
    assert team.do(lambda: Message.objects.filter(direction="out").count()) == 1
