"""The page of a person's own account in a real browser. Screenshots are in tmp_path."""

from pathlib import Path

import pytest

from leadsite.accounts.models import Session
from leadsite.accounts.services import create_business
from tests.browser import assert_fits_a_phone, assert_readable_in_both_themes, open_window
from tests.factories import Business
from tests.sessions import database_url
from tests.site import serving

PASSWORD = "correct horse battery"

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def test_sessions_are_seen_and_ended(owner: Business, tmp_path: Path) -> None:
    email = owner.user.email
    create_business(email=email, password=PASSWORD, staff=True)
    for number, browser in enumerate(["Firefox/145.0 Windows", "Chrome/142.0 Android", "python-requests/2.34"]):
        Session.objects.create(
            session_key=f"other-{number}",
            user=owner.user,
            browser=browser,
            address=["192.0.2.7", "2001:db8:85a3:8d3:1319:8a2e:370:7348", ""][number],
            expire_date="2099-01-01T00:00:00Z",
        )
    with serving(database_url(), tmp_path) as site, open_window(site.address) as window:
        page = window.page
        window.log_in(email, PASSWORD)
        page.wait_for_url("**/admin/inbox/")
        assert_readable_in_both_themes(window, "/admin/account/", tmp_path, "account", ".account p, .account button")
        assert_fits_a_phone(window, tmp_path, "/admin/account/")
        page.get_by_role("button", name="End", exact=True).first.click()
        page.get_by_text("1 session ended.").wait_for()
        page.get_by_role("button", name="End all other sessions").click()
        page.get_by_text("2 sessions ended.").wait_for()
        page.screenshot(path=tmp_path / "ended.png", full_page=True)
        assert page.get_by_text("This session").count() == 1
        assert window.errors == []
