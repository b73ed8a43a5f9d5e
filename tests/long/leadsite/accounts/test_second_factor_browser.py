"""The second factor in a real browser: set up, asked for at the login. Screenshots are in tmp_path."""

from pathlib import Path

import pytest
from playwright.sync_api import ViewportSize

from leadsite.accounts.services import create_business
from tests.browser import DESKTOP, PHONE, Window, open_window
from tests.factories import Business
from tests.leadsite.accounts.second_factor.phone import code_of
from tests.sessions import database_url
from tests.site import manage, serving

PASSWORD = "correct horse battery"

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def shoot(window: Window, folder: Path, name: str) -> None:
    """In both themes, and on a phone, where nothing is cut off."""
    page = window.page
    for theme in ("light", "dark"):
        # Without loading the page again: recovery codes are shown once.
        page.evaluate("dark => document.documentElement.classList.toggle('dark', dark)", theme == "dark")
        page.screenshot(path=folder / f"{name}-{theme}.png", full_page=True)
    page.set_viewport_size(ViewportSize(width=PHONE["width"], height=PHONE["height"]))
    page.screenshot(path=folder / f"{name}-phone.png", full_page=True)
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"], name
    page.set_viewport_size(ViewportSize(width=DESKTOP["width"], height=DESKTOP["height"]))


def test_it_is_set_up_and_asked_for(owner: Business, tmp_path: Path) -> None:
    email = owner.user.email
    create_business(email=email, password=PASSWORD, staff=True)
    with serving(database_url(), tmp_path) as site, open_window(site.address) as window:
        page = window.page
        page.set_default_timeout(20_000)
        window.log_in(email, PASSWORD)
        page.wait_for_url("**/admin/inbox/")
        window.open("/admin/account/")
        page.get_by_role("link", name="Set up").click()
        page.locator(".qr-code svg").wait_for()
        shoot(window, tmp_path, "set-up")
        secret = (page.locator("code.select-all").text_content() or "").replace(" ", "")
        page.get_by_label("Code").fill(code_of(secret))
        page.get_by_label("Your password").fill(PASSWORD)
        page.get_by_role("button", name="Turn on").click()
        page.locator(".recovery-codes").wait_for()
        shoot(window, tmp_path, "recovery-codes")
        recovery_code = page.locator(".recovery-codes code").first.text_content() or ""
        page.get_by_role("link", name="I have stored them").click()
        page.get_by_text("10 recovery codes left").wait_for()
        shoot(window, tmp_path, "account")
        page.context.clear_cookies()
        window.log_in(email, PASSWORD)
        page.wait_for_url("**/login/code/")
        shoot(window, tmp_path, "code")
        page.get_by_label("Code").fill("12345")
        page.get_by_role("button", name="Log in", exact=True).click()
        page.get_by_text("This code is not right").wait_for()
        shoot(window, tmp_path, "wrong-code")
        page.get_by_label("Code").fill(recovery_code)
        page.get_by_role("button", name="Log in", exact=True).click()
        page.wait_for_url("**/admin/inbox/")
        assert window.errors == []


def test_a_password_is_reset(owner: Business, tmp_path: Path) -> None:
    email, mails = owner.user.email, tmp_path / "mails"
    create_business(email=email, password=PASSWORD, staff=True)
    variables = {"EMAIL_URL": f"filemail:///{mails}", "PUBLIC_URL": "https://leads.example.com"}
    with serving(database_url(), tmp_path, **variables) as site, open_window(site.address) as window:
        page = window.page
        page.set_default_timeout(20_000)
        window.open("/admin/login/")
        shoot(window, tmp_path, "login")
        page.get_by_role("link", name="Forgotten your password?").click()
        page.get_by_label("E-mail").fill(email)
        shoot(window, tmp_path, "forgotten")
        page.get_by_role("button", name="Send me a link").click()
        page.get_by_text("a mail with a link is on its way").wait_for()
        shoot(window, tmp_path, "sent")
        link = manage("reset_password", "--email", email, env=site._environment).stdout
        window.open(link.strip().removeprefix("https://leads.example.com"))
        shoot(window, tmp_path, "new")
        page.locator("[name=password1]").fill("another long password")
        page.locator("[name=password2]").fill("another long password")
        page.get_by_role("button", name="Set the password").click()
        page.get_by_text("Your new password is set").wait_for()
        shoot(window, tmp_path, "done")
        page.get_by_role("link", name="Log in").click()
        page.get_by_label("E-mail").fill(email)
        page.get_by_label("Password").fill("another long password")
        page.get_by_role("button", name="Log in").click()
        page.wait_for_url("**/admin/inbox/")
        assert window.errors == []


def test_where_it_is_required_it_is_set_up_at_the_login(owner: Business, tmp_path: Path) -> None:
    email = owner.user.email
    create_business(email=email, password=PASSWORD, staff=True)
    with (
        serving(database_url(), tmp_path, STAFF_SECOND_FACTOR="all") as site,
        open_window(site.address) as window,
    ):
        page = window.page
        window.log_in(email, PASSWORD)
        page.wait_for_url("**/login/second-factor/")
        shoot(window, tmp_path, "required")
        secret = (page.locator("code.select-all").text_content() or "").replace(" ", "")
        page.get_by_label("Code").fill(code_of(secret))
        page.get_by_role("button", name="Turn on").click()
        page.locator(".recovery-codes").wait_for()
        shoot(window, tmp_path, "required-codes")
        page.get_by_role("link", name="I have stored them").click()
        page.wait_for_url("**/admin/inbox/")
        assert window.errors == []
