"""A session that ends while somebody types, in a real browser. Screenshots are in tmp_path."""

from pathlib import Path
from typing import Any

import psycopg
import pytest

from leadsite.accounts.models import Membership
from leadsite.accounts.services import create_business
from tests.browser import Window, assert_fits_a_phone, assert_readable_in_both_themes, open_window
from tests.factories import Business
from tests.sessions import database_url
from tests.site import serving
from whatsapp.models import Channel

PASSWORD = "correct horse battery"
TYPED = "Three-tier lemon cake\nfor Saturday"

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def end_sessions(url: str) -> None:
    with psycopg.connect(url) as session:
        session.execute("DELETE FROM sessions")


def log_in_again(window: Window, email: str) -> None:
    window.page.get_by_label("E-mail").fill(email)
    window.page.get_by_label("Password").fill(PASSWORD)
    window.page.get_by_role("button", name="Log in").click()
    window.page.wait_for_url("**/change/**")


def test_typed_text_is_back_after_the_login(owner: Business, tmp_path: Path) -> None:
    email, url = owner.user.email, database_url()
    create_business(email=email, password=PASSWORD, staff=True)
    lead = owner.has_lead(details="as it was")
    path = f"/admin/leads/lead/{lead.lead_id}/change/"
    with serving(url, tmp_path) as site, open_window(site.address) as window:
        page = window.page
        window.log_in(email, PASSWORD)
        page.wait_for_url("**/admin/inbox/")
        window.open(path)
        details, notice = page.locator("textarea[name=details]"), page.locator(".typed-notice")
        assert details.input_value() == "as it was"
        details.fill(TYPED)
        end_sessions(url)
        page.locator("[name=_save]").click()
        page.wait_for_url("**/login/**")
        page.screenshot(path=tmp_path / "login.png")
        log_in_again(window, email)
        notice.wait_for()
        assert details.input_value() == TYPED
        page.screenshot(path=tmp_path / "typed.png")
        # Saved: nothing is put back any more, nor after another login.
        page.locator("[name=_save]").click()
        page.wait_for_url("**/admin/leads/lead/")
        end_sessions(url)
        window.open(path)
        log_in_again(window, email)
        assert details.input_value() == TYPED
        assert not notice.count()
        # Discarded.
        details.fill("not meant")
        end_sessions(url)
        window.open(path)
        log_in_again(window, email)
        page.get_by_role("button", name="Discard it").click()
        notice.wait_for(state="detached")
        assert details.input_value() == TYPED
        assert window.errors == []


def test_a_typed_reply_is_back_after_the_login(owner: Business, tmp_path: Path) -> None:
    email, url = owner.user.email, database_url()
    create_business(email=email, password=PASSWORD, staff=True)
    Channel.objects.create(user=owner.user, phone_number_id="100000000000001", display_number="+49 30 1")
    lead = owner.has_lead()
    path = f"/admin/conversations/conversation/{lead.conversation_id}/change/"
    with serving(url, tmp_path) as site, open_window(site.address) as window:
        window.log_in(email, PASSWORD)
        window.page.wait_for_url("**/admin/inbox/")
        window.open(path)
        text = window.page.locator("#reply textarea")
        text.fill(TYPED)
        end_sessions(url)
        window.page.locator("#reply [type=submit]").first.click()
        window.page.wait_for_url("**/login/**")
        log_in_again(window, email)
        window.page.locator(".typed-notice").wait_for()
        window.page.screenshot(path=tmp_path / "reply.png", full_page=True)
        assert text.input_value() == TYPED


def test_nobody_else_gets_the_text(owner: Business, stranger: Business, tmp_path: Path) -> None:
    url = database_url()
    for business in (owner, stranger):
        create_business(email=business.user.email, password=PASSWORD, staff=True)
    with serving(url, tmp_path) as site, open_window(site.address) as window:
        window.log_in(owner.user.email, PASSWORD)
        window.page.wait_for_url("**/admin/inbox/")
        window.open("/admin/leads/lead/add/")
        window.page.locator("textarea[name=details]").fill("a secret")
        end_sessions(url)
        window.open("/admin/leads/lead/add/")
        window.page.get_by_label("E-mail").fill(stranger.user.email)
        window.page.get_by_label("Password").fill(PASSWORD)
        window.page.get_by_role("button", name="Log in").click()
        window.page.wait_for_url("**/lead/add/")
        assert window.page.locator("textarea[name=details]").input_value() == ""
        assert not window.page.evaluate("JSON.stringify(sessionStorage)").count("secret")


def switch(page: Any, business: Business) -> None:
    page.locator(".business-menu summary").click()
    page.locator(".business-menu button", has_text=str(business.user)).click()
    page.locator(".business-menu summary", has_text=str(business.user)).wait_for()


def test_what_was_typed_for_a_business_that_one_has_left_in_another_window_comes_back_there(
    owner: Business, stranger: Business, tmp_path: Path
) -> None:
    email, url, path = owner.user.email, database_url(), "/admin/leads/lead/add/"
    create_business(email=email, password=PASSWORD, staff=True)
    Membership.objects.create(person=owner.user, business=stranger.user, role="agent")

    with serving(url, tmp_path) as site, open_window(site.address) as window:
        page, details = window.page, window.page.locator("textarea[name=details]")
        window.log_in(email, PASSWORD)
        page.wait_for_url("**/admin/inbox/")
        window.open(path)
        details.fill(TYPED)
        other = page.context.new_page()
        other.goto(site.address + path)
        switch(other, stranger)
        page.locator("[name=_save]").click()
        page.get_by_text(f"You work for {stranger.user} now.").wait_for()
        window.open(path)
        assert details.input_value() == ""
        switch(page, owner)
        window.open(path)
        page.locator(".typed-notice").wait_for()
        assert details.input_value() == TYPED


def test_so_does_a_new_chat(owner: Business, stranger: Business, tmp_path: Path) -> None:
    email, url, path = owner.user.email, database_url(), "/admin/inbox/new/"
    create_business(email=email, password=PASSWORD, staff=True)
    Membership.objects.create(person=owner.user, business=stranger.user, role="agent")
    with serving(url, tmp_path) as site, open_window(site.address) as window:
        page, number = window.page, window.page.locator("#new-chat [name=to]")
        window.log_in(email, PASSWORD)
        window.open(path)
        page.locator("[name=kind][value=text]").check()
        page.locator("#new-chat [name=text]").fill(TYPED)
        other = page.context.new_page()
        other.goto(site.address + path)
        switch(other, stranger)
        with page.expect_response(lambda answer: answer.status == 409):
            number.fill("+4915123440001")
        page.get_by_role("alert").get_by_text("This was opened for another business").wait_for()
        page.locator("#new-chat [name=send]").click()
        page.get_by_text(f"You work for {stranger.user} now.").wait_for()
        window.open("/admin/")
        switch(page, owner)
        window.open(path)
        page.locator(".typed-notice").wait_for()
        assert (number.input_value(), page.locator("#new-chat [name=text]").input_value()) == ("+4915123440001", TYPED)


def test_error_pages_are_readable(owner: Business, tmp_path: Path) -> None:
    with serving(database_url(), tmp_path) as site, open_window(site.address) as window:
        assert_readable_in_both_themes(window, "/no/such/page", tmp_path, "missing", "main p")
        assert_fits_a_phone(window, tmp_path, "/no/such/page", "/admin/login/")
