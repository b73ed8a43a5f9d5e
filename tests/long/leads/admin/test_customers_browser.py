"""Two customers are compared, told apart, merged and separated by keyboard; axe-core on each page, in light and dark,
on a screen and a phone. Screenshots are in tmp_path.
"""

from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from conversations.models import Customer, Note
from leads.merging.distinct import tell_apart
from leadsite.accounts.services import create_business
from tests.browser import assert_accessible, open_window, tab_to
from tests.factories import Business
from tests.staff import address

PASSWORD = "correct horse battery"

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def people(owner: Business) -> Business:
    """A business whose staff can log in."""
    return Business(create_business(email=owner.user.email, password=PASSWORD, staff=True))


@pytest.fixture
def pair(people: Business) -> tuple[Customer, Customer]:
    """Two with one name, of whom one hides the number; and another who is not the same as the first."""
    lead = people.has_lead(customer_name="Ana Silva", customer_phone="+4915123440001", details="A cake")
    numbered = Customer.objects.get()
    Note.objects.create(user=people.user, conversation_id=lead.conversation_id, author=people.user, text="Likes lemon")
    hidden = Customer.objects.create(user=people.user, name="Ana Silva", whatsapp_user_id="DE.1")
    return numbered, hidden


def press(page: Page, name: str, to: str) -> None:
    """Reach an element by Tab, press Enter, and wait for the page that follows."""
    tab_to(page, name)
    with page.expect_navigation(url=f"**{to}*"):
        page.keyboard.press("Enter")


def test_by_keyboard(people: Business, pair: tuple[Customer, Customer], live_server: Any):
    numbered, hidden = pair
    customers, duplicates = address("changelist", Customer), address("duplicates", Customer)
    with open_window(live_server.url) as window:
        page = window.page
        window.log_in(people.user.email, PASSWORD)
        window.open(customers)
        press(page, "Possible duplicates", duplicates)
        press(page, "Not the same person", duplicates)
        expect(page.locator("#content")).to_contain_text("None.")
        window.open(address("change", hidden))
        expect(page.locator("#content")).to_contain_text("is not the same person, says")
        press(page, "Take back", address("change", hidden))
        press(page, "Compare and merge", address("merge", hidden))
        press(page, "The other one stays", address("merge", numbered))
        press(page, "Merge", address("change", numbered))
        press(page, "Undo the merge", address("change", hidden))
        expect(page.locator("#content")).to_contain_text("may be the same person")
        assert window.errors == []


def test_nothing_serious_for_axe_and_targets_for_fingers(
    people: Business, pair: tuple[Customer, Customer], live_server: Any, tmp_path: Path
):
    numbered, hidden = pair
    third = Customer.objects.create(user=people.user, name="Ana S.", phone="+4915123440009")
    tell_apart(user_id=people.id, ids=(numbered.pk, third.pk), person_id=people.id)
    other = f"?with={hidden.pk}"
    paths = {
        "duplicates": (address("duplicates", Customer), "#content"),
        "merge": (address("merge", numbered) + other, "#content"),
        "customer": (address("change", numbered), ".person"),
        "privacy": (address("change", numbered), "#privacy"),
    }
    with open_window(live_server.url) as window:
        window.log_in(people.user.email, PASSWORD)
        for name, (path, inside) in paths.items():
            assert_accessible(window, path, inside, tmp_path, name)
        window.open(address("merge", numbered) + other)
        window.page.get_by_role("button", name="Merge", exact=True).click()
        window.page.get_by_role("button", name="Undo the merge").wait_for()
        assert_accessible(window, address("change", numbered), ".person", tmp_path, "merged")
        assert window.errors == []
