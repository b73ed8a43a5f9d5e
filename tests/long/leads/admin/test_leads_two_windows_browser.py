"""The admin's pages of leads in a real browser. Screenshots are in tmp_path (pytest --basetemp keeps them)."""

from pathlib import Path
from urllib.parse import urlsplit

import pytest

from leads.models import Lead
from leadsite.accounts.services import create_business
from tests.browser import Window, open_window
from tests.factories import Business

PASSWORD = "correct horse battery"

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def business(owner) -> Business:
    """A business whose staff can log in."""
    return Business(create_business(email=owner.user.email, password=PASSWORD, staff=True))


def add_lead(window: Window) -> None:
    window.page.get_by_role("link", name="Add lead").first.click()
    window.page.get_by_label("Customer phone").fill("0049 (151) 234-56789")
    window.page.get_by_label("Customer name").fill("Amina Yılmaz")
    window.page.get_by_label("Details").fill("A lemon cake\nfor 40 guests")
    window.page.get_by_role("button", name="Save", exact=True).click()


def test_staff_add_a_lead_find_it_and_change_it_in_two_windows(business, live_server, tmp_path: Path):
    with open_window(live_server.url) as window:
        page = window.page
        window.log_in(business.user.email, PASSWORD)
        window.page.wait_for_url("**/admin/inbox/")
        window.open("/admin/overview/")
        page.get_by_role("heading", name="Newest leads").wait_for()
        page.screenshot(path=tmp_path / "first-page.png")
        add_lead(window)
        page.get_by_placeholder("Name, phone number").fill("+49 151-234")
        page.keyboard.press("Enter")
        page.get_by_text("1 found").wait_for()
        page.screenshot(path=tmp_path / "list.png")
        page.get_by_role("link", name="Amina Yılmaz").click()
        other = page.context.new_page()
        other.goto(page.url)

        other.get_by_label("Status").select_option("Contacted")
        other.get_by_role("button", name="Save", exact=True).click()
        page.get_by_label("Type").select_option("Booking")
        page.screenshot(path=tmp_path / "lead.png", full_page=True)
        page.get_by_role("button", name="Save and continue editing").click()

        assert page.get_by_label("Status").input_value() == "contacted"
        assert window.hosts == {urlsplit(live_server.url).netloc}
        assert window.errors == []

    lead = Lead.objects.get()
    assert (lead.user, lead.source, lead.type, lead.status) == (business.user, "admin", "booking", "contacted")
    assert lead.details == "A lemon cake\nfor 40 guests"
    assert {image.name for image in tmp_path.glob("*.png")} == {"first-page.png", "list.png", "lead.png"}
