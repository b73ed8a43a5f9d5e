"""An owner invites an agent and a viewer by link; each accepts in their own browser. Screenshots are in tmp_path."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

import pytest
from django.db import connections
from playwright.sync_api import Browser, Page, expect

from leads.models import Lead
from leadsite.accounts.services import create_business
from tests.browser import DESKTOP, Window, browser
from tests.factories import Business
from tests.leadsite.inbox.chats import asks

PASSWORD = "correct horse battery"
LIVE_MS = 12_000
OPTIONS: Any = {"viewport": DESKTOP, "locale": "en-GB", "permissions": ["clipboard-read", "clipboard-write"]}
# What somebody may do who may change a chat and its lead.
CHANGES = "#reply-text, #note-box, #snooze, #labels, #assigned-to, .inbox-steps, .inbox-take, [id^=lost-]"

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@contextmanager
def windows(site: str, chromium: Browser) -> Iterator[list[Window]]:
    """Three people, each in a browser of their own, in which no error comes up and no other host is asked."""
    found = [Window(chromium.new_context(**OPTIONS).new_page(), site) for _ in range(3)]
    yield found
    for window in found:
        assert window.errors == []
        assert window.hosts == {urlsplit(site).netloc}


def invite(page: Page, email: str, role: str) -> str:
    """Invite somebody from the list of people. Returns the link that the owner passes on."""
    page.get_by_role("link", name="Invite somebody").click()
    page.get_by_label("E-mail").fill(email)
    page.get_by_label("Role").select_option(role)
    page.get_by_role("button", name="Save", exact=True).click()
    page.get_by_role("button", name="Copy").click()
    expect(page.get_by_role("button", name="Copied")).to_be_visible()
    link = page.evaluate("navigator.clipboard.readText()")
    assert link == page.locator("code", has_text="/admin/invitation/").text_content()
    return str(link)


def accept(window: Window, link: str, email: str, name: str) -> None:
    """Choose a name and a password, log out, and log in by them."""
    page = window.page
    page.goto(link)
    page.get_by_label("Your name").fill(name)
    page.locator("[name=password1]").fill(PASSWORD)
    page.locator("[name=password2]").fill(PASSWORD)
    page.get_by_role("button", name="Accept").click()
    page.locator("#inbox").wait_for()
    page.context.clear_cookies()
    window.log_in(email, PASSWORD)
    page.locator("#inbox").wait_for()


def is_refused(page: Page, path: str, fields: dict[str, str]) -> bool:
    """Whether the person who has this page open may not send a form that it does not have."""
    (token,) = [cookie["value"] for cookie in page.context.cookies() if cookie["name"] == "csrftoken"]
    site = "{0.scheme}://{0.netloc}".format(urlsplit(page.url))
    answer = page.request.post(site + path, form={**fields, "csrfmiddlewaretoken": token}, max_redirects=0)
    # A form without a token of the session is refused, too, in other words.
    return answer.status == 403 and "expired" not in answer.text()


def see_no_way_to_change(page: Page, chat: UUID, lead: UUID) -> None:
    """The viewer reads the chat, has no control that changes it, and is refused each change that those would send."""
    page.locator(".inbox-row", has_text="Amina").click()
    expect(page.locator(".bubble-in")).to_contain_text("Do you bake on Sundays?")
    expect(page.locator("#customer")).to_contain_text("Nia")
    expect(page.locator(CHANGES)).to_have_count(0)
    at = f"/admin/inbox/{chat}/"
    changes: list[tuple[str, dict[str, str]]] = [
        (f"{at}reply/", {"text": "Hello"}),
        (f"{at}notes/", {"note": "Hello"}),
        (f"{at}snooze/", {"until": "tomorrow"}),
        (f"{at}labels/", {}),
        (f"{at}conversation/", {"assigned_to": ""}),
        (f"{at}lead/{lead}/", {"status": "contacted", "version": "1"}),
        (f"/admin/leads/lead/{lead}/change/", {"status": "contacted"}),
        ("/admin/accounts/invitation/add/", {"email": "more@bakery.example", "role": "owner"}),
    ]
    for path, fields in changes:
        assert is_refused(page, path, fields), path


def test_invited_people_accept_and_do_what_their_roles_allow(owner: Business, live_server: Any, tmp_path: Path):
    create_business(email=owner.user.email, password=PASSWORD, staff=True)
    chat = asks(owner, "Amina", "Do you bake on Sundays?")
    lead = Lead.objects.get(conversation=chat)
    with ThreadPoolExecutor(1) as thread, browser() as chromium, windows(live_server.url, chromium) as people:
        chief, agent, viewer = people
        chief.log_in(owner.user.email, PASSWORD)
        chief.page.locator("#inbox").wait_for()
        for window, role, name in ((agent, "agent", "Nia"), (viewer, "viewer", "Vera")):
            chief.open("/admin/accounts/membership/")
            accept(window, invite(chief.page, f"{role}@bakery.example", role), f"{role}@bakery.example", name)
        chief.open(f"/admin/leads/lead/{lead.pk}/change/")
        chief.page.get_by_label("Assigned to").select_option("Nia")
        chief.page.get_by_role("button", name="Save", exact=True).click()
        chief.page.wait_for_url("**/admin/leads/lead/")
        page = agent.page
        page.locator(".inbox-row", has_text="Amina").click()
        expect(page.locator("#customer")).to_contain_text("Nia", timeout=LIVE_MS)
        page.get_by_role("button", name="Contacted").click()
        expect(page.locator("#customer")).to_contain_text("Qualified")
        expect(page.locator("#reply-text")).to_be_visible()
        page.screenshot(path=tmp_path / "agent.png")
        see_no_way_to_change(viewer.page, chat.pk, lead.pk)
        viewer.page.screenshot(path=tmp_path / "viewer.png")
        thread.submit(lead.refresh_from_db).result()
        thread.submit(connections.close_all).result()
    assert (lead.status, lead.assigned_to and lead.assigned_to.name) == ("contacted", "Nia")
