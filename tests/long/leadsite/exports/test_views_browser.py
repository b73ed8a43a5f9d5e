"""The pages of exports by keyboard, and for axe-core in light and dark, on a screen and a phone. Screenshots are in
tmp_path.
"""

from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import expect

from leads.models import Lead
from leadsite.accounts.services import create_business
from leadsite.exports.models import Export
from leadsite.exports.services import process_export, start_export
from tests.browser import assert_accessible, open_window, tab_to
from tests.factories import Business
from tests.staff import address

PASSWORD = "correct horse battery"
EXPORTS = "/admin/exports/"

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def people(owner: Business) -> Business:
    """A business with leads, whose staff can log in."""
    people = Business(create_business(email=owner.user.email, password=PASSWORD, staff=True))
    for n in range(3):
        people.has_lead(customer_name=f"Ana {n}", customer_phone=f"+491512344000{n}", details="A cake")
    return people


def export(people: Business, query: str = "status=new") -> Export:
    person, names = people.id, ["created_at", "customer_name"]
    return start_export(
        person_id=person, business_id=person, kind="lead", query=query, columns=names, file_format="csv", total=3
    )


def test_what_a_list_finds_is_exported_by_keyboard(people: Business, live_server: Any, tmp_path: Path):
    with open_window(live_server.url) as window:
        page = window.page
        window.log_in(people.user.email, PASSWORD)
        window.open(f"{address('changelist', Lead)}?q=Ana+1")
        tab_to(page, "Export")
        with page.expect_navigation(url="**/exports/new/lead/*"):
            page.keyboard.press("Enter")
        expect(page.locator("#export_form")).to_contain_text("Leads: 1")
        page.get_by_label("CSV").press("Space")
        page.get_by_label("Details").press("Space")
        tab_to(page, "Export")
        with page.expect_download() as download:
            page.keyboard.press("Enter")
        assert download.value.suggested_filename.endswith(".csv")
        text = Path(download.value.path()).read_text(encoding="utf-8-sig")
        assert "Ana 1" in text
        assert "Ana 0" not in text
        assert "A cake" not in text
        assert window.errors == []


def test_nothing_serious_for_axe_and_targets_for_fingers(people: Business, live_server: Any, tmp_path: Path):
    waiting, finished, failed = export(people), export(people), export(people, "status=lost")
    process_export(finished.pk, should_stop=lambda: False)
    Export.objects.filter(pk=failed.pk).update(state=Export.State.FAILED, error="You may not see these rows any more.")
    with open_window(live_server.url) as window:
        window.log_in(people.user.email, PASSWORD)
        for name, path in (
            ("new", f"{EXPORTS}new/lead/?status=new"),
            ("list", EXPORTS),
            ("waiting", f"{EXPORTS}{waiting.pk}/"),
            ("finished", f"{EXPORTS}{finished.pk}/"),
            ("failed", f"{EXPORTS}{failed.pk}/"),
        ):
            assert_accessible(window, path, "#content", tmp_path, name)
        assert window.errors == []
