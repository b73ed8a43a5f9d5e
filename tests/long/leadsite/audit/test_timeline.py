"""The timeline of a lead in a real browser, in both themes and on a phone. Screenshots are in tmp_path."""

from pathlib import Path

import pytest

from leads.models import Lead
from leadsite.accounts.services import create_business
from leadsite.core.postgresql.actors import Actor, ActorKind, acting
from tests.browser import assert_fits_a_phone, assert_readable_in_both_themes, open_window
from tests.factories import Business
from tests.sessions import database_url
from tests.site import serving

PASSWORD = "correct horse battery"

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def test_who_changed_what_is_readable(owner: Business, tmp_path: Path) -> None:
    create_business(email=owner.user.email, password=PASSWORD, staff=True)
    with acting(Actor(ActorKind.IMPORT, name="june.csv")):
        lead_id = owner.has_lead(source="import").lead_id
    changes: list[dict[str, object]] = [
        {"status": "contacted"},
        {"assigned_to": owner.user},
        {"details": "Wants a cake for forty guests, with roses, and somebody who brings it on Saturday at ten."},
        {"status": "qualified", "type": "booking"},
        {"assigned_to": None},
        {"lost_reason": "Too expensive", "status": "lost"},
    ]
    for number, change in enumerate(changes):
        kind = (ActorKind.PERSON, ActorKind.KEY)[number % 2]
        with acting(Actor(kind, id="1", name=("Anna Schneider", "Web shop")[number % 2])):
            Lead.objects.filter(pk=lead_id).update(**change)
    page = f"/admin/leads/lead/{lead_id}"
    with serving(database_url(), tmp_path) as site, open_window(site.address) as window:
        window.log_in(owner.user.email, PASSWORD)
        window.page.wait_for_url("**/admin/inbox/")
        words = ".timeline-sentence, .timeline-time, .timeline-text summary"
        assert_readable_in_both_themes(window, f"{page}/change/", tmp_path, "lead", words)
        assert_readable_in_both_themes(window, f"{page}/history/", tmp_path, "history", words)
        window.page.locator(".timeline-text summary").first.click()
        window.page.screenshot(path=tmp_path / "open.png", full_page=True)
        assert_fits_a_phone(window, tmp_path, f"{page}/change/", f"{page}/history/")
        assert window.page.locator(".timeline-line").count() == len(changes) + 1
        assert window.errors == []
