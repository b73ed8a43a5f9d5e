"""Ctrl+K on a page that is not there, in a real browser."""

from typing import Any

import pytest
from playwright.sync_api import expect

from leadsite.accounts.services import create_business
from tests.browser import open_window
from tests.factories import Business

PASSWORD = "correct horse battery"

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def test_ctrl_k_leads_from_an_error_page_to_the_search(owner: Business, live_server: Any):
    create_business(email=owner.user.email, password=PASSWORD, staff=True)
    with open_window(live_server.url) as window:
        window.log_in(owner.user.email, PASSWORD)
        window.page.locator("#inbox").wait_for()
        window.open("/admin/no/such/page/")
        expect(window.page.get_by_text("There is no such page").first).to_be_visible()
        window.page.keyboard.press("Control+k")
        window.page.wait_for_url("**/admin/inbox/*")
        expect(window.page.locator("#inbox-search")).to_be_focused()
        # The browser itself notes the status of the page.
        assert all("404" in error for error in window.errors)
