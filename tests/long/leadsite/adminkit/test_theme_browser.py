"""Each page of the admin in Chromium, in light and dark, on a screen and on a phone with a finger: axe-core finds
nothing serious, a phone need not be scrolled sideways, and what is tapped is 44 pixels high and wide.
"""

from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Page

from leadsite.accounts.models import User
from tests.browser import DESKTOP, PHONE, Window, browser, serious, small_targets
from tests.factories import Business
from tests.leadsite.admin_paths import all_paths
from tests.leadsite.two_businesses import rows_of
from tests.staff import staff_of

OPERATOR, PASSWORD = "operator@leadsite.example", "correct horse battery"
SHAPES: dict[str, dict[str, Any]] = {
    "desktop": {"viewport": DESKTOP},
    "phone": {"viewport": PHONE, "has_touch": True, "is_mobile": True},
}
# Of the inbox with a query: its lists are empty for the one, filled for the other.
QUERIES = ("tab=mine", "tab=unassigned", "tab=all", "tab=snoozed", "tab=mentions", "tab=all&q=alert")

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def paths(owner: Business) -> list[str]:
    User.objects.create_superuser(OPERATOR, PASSWORD)
    staff_of(owner)
    person = User.objects.get(pk=owner.id)
    person.set_password(PASSWORD)
    person.save()
    found = all_paths(rows_of(owner, "the bakery's").of)
    return [path for path in found if "logout" not in path] + [f"/admin/inbox/?{query}" for query in QUERIES]


def shown(page: Page, paths: list[str], site: str) -> Iterator[str]:
    """Open each address that is a page of its own for this person."""
    seen: set[str] = set()
    for path in paths:
        answer = page.request.get(site + path)
        kind = answer.headers.get("content-type", "")
        whole = kind.startswith("text/html") and "</html>" in answer.text()
        if answer.ok and whole and answer.url not in seen:
            seen.add(answer.url)
            page.goto(answer.url)
            yield path


@pytest.mark.parametrize("person", ["owner", "operator"])
@pytest.mark.parametrize("shape", SHAPES)
def test_nothing_serious_for_axe_and_targets_for_fingers(shape, person, owner: Business, paths, live_server):
    found: list[str] = []
    opened = 0
    with browser() as chromium:
        options = {"locale": "en-GB", "reduced_motion": "reduce", **SHAPES[shape]}
        page = chromium.new_context(**options).new_page()
        Window(page, live_server.url).log_in(owner.user.email if person == "owner" else OPERATOR, PASSWORD)
        for path in shown(page, paths, live_server.url):
            opened += 1
            for theme in ("light", "dark"):
                page.evaluate("theme => { document.documentElement.className = theme; }", theme)
                found += [f"{path} {theme}: {problem}" for problem in serious(page, "html")]
            if shape == "phone":
                found += [f"{path} small: {target}" for target in small_targets(page, "body")]
                if page.evaluate("document.documentElement.scrollWidth") > PHONE["width"]:
                    found.append(f"{path} is wider than a phone")
    assert opened > 50
    assert found == [], "\n".join(found)
