"""The admin's pages of leads in a real browser. Screenshots are in tmp_path (pytest --basetemp keeps them)."""

from pathlib import Path

import pytest

from conversations.models import Conversation, Message
from leads.models import Lead
from leadsite.accounts.services import create_business
from tests.browser import CONTRAST, PHONE, open_window
from tests.factories import Business
from tests.staff import address

PASSWORD = "correct horse battery"

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def people(owner) -> Business:
    """A business whose staff can log in."""
    return Business(create_business(email=owner.user.email, password=PASSWORD, staff=True))


def test_pages_fit_a_phone_and_statuses_are_readable_in_light_and_dark_theme(people, live_server, tmp_path: Path):
    for status in Lead.Status.values:
        lead = people.has_lead(status=status, customer_name="W" * 200, details="w" * 300)
    conversation = Conversation.objects.get(pk=lead.conversation_id)
    fields = {"direction": "out", "status": "failed", "content": "w" * 300, "error": "w" * 300}
    message = Message.objects.create(user=people.user, conversation=conversation, **fields)
    rows = [Lead.objects.get(pk=lead.lead_id), conversation, message, conversation.customer]
    paths = ["/admin/overview/", address("add", Lead), *(address("changelist", type(row)) for row in rows)]
    paths += [address("change", row) for row in rows]

    with open_window(live_server.url, viewport=PHONE) as window:
        page = window.page
        window.log_in(people.user.email, PASSWORD)
        for number, path in enumerate(paths):
            window.open(path)
            page.screenshot(path=tmp_path / f"phone-{number}.png", full_page=True)
            assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"], path
        for theme in ("light", "dark"):
            page.emulate_media(color_scheme=theme)
            window.open("/admin/overview/")
            page.locator(f"html{'.dark' if theme == 'dark' else ':not(.dark)'}").wait_for()
            badges = page.locator("#content span.font-semibold.rounded").all()
            assert len(badges) == 2 * len(Lead.Status.values)
            for badge in badges:
                assert badge.evaluate(CONTRAST) >= 4.5, (theme, badge.text_content())
        assert window.errors == []


def test_the_panel_of_filters_stays_open_for_the_next_choice(people, live_server):
    with open_window(live_server.url) as window:
        page = window.page
        window.log_in(people.user.email, PASSWORD)
        window.open(address("changelist", Lead))
        panel = page.locator("#changelist-filter")
        page.locator("#changelist a", has_text="Filters").click()
        panel.get_by_role("link", name="Lost").click()
        page.locator(".filter-chip", has_text="Status: Lost").wait_for()
        panel.get_by_role("link", name="Booking").click()
        page.locator(".filter-chip", has_text="Type: Booking").wait_for()
        assert page.locator(".filter-chip").count() == 2
        panel.locator("ul").first.wait_for(state="visible")
        window.open(address("changelist", Lead))
        panel.wait_for(state="hidden")
        assert window.errors == []
