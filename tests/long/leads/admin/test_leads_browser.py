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
