"""The inbox in a language from right to left, in Chromium."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.browser import DESKTOP, PHONE, Window, browser
from tests.factories import Business
from tests.leadsite.inbox.chats import asks
from tests.leadsite.languages.pseudo import RIGHT_TO_LEFT, use
from tests.staff import person_of

PASSWORD = "correct horse battery"
WIDTHS = "[document.documentElement.scrollWidth, window.innerWidth]"

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def agent(owner: Business) -> str:
    person = person_of(owner, "agent")
    person.set_password(PASSWORD)
    person.save()
    asks(owner, "Amina", "Do you bake on Sundays?")
    return person.email


@pytest.mark.parametrize("size", [DESKTOP, PHONE], ids=["desktop", "phone"])
def test_the_inbox_is_mirrored_and_fits(agent: str, size: Any, live_server: Any, settings: Any, tmp_path: Path):
    use(settings, tmp_path, RIGHT_TO_LEFT)
    # Playwright runs an event loop in its thread, where Django refuses the database.
    with ThreadPoolExecutor(1) as thread:
        thread.submit(_look, live_server.url, agent, size).result()


def _look(site: str, email: str, size: Any) -> None:
    with browser() as chromium:
        window = Window(chromium.new_context(viewport=size, locale="he-IL").new_page(), site)
        page = window.page
        window.log_in(email, PASSWORD)
        expect(page.locator("#inbox")).to_be_visible()
        expect(page.locator("html")).to_have_attribute("dir", "rtl")
        _fits(page)
        page.locator(".inbox-row", has_text="Amina").click()
        expect(page.locator("#messages")).to_contain_text("Do you bake on Sundays?")
        _fits(page)
        assert window.errors == []


def _fits(page: Page) -> None:
    whole, seen = page.evaluate(WIDTHS)
    assert whole <= seen
