"""Viewers read. Every address of the admin: tests/long/leadsite/accounts/people/test_viewers_everywhere.py."""

import pytest

from leads.models import Lead
from tests.staff import address, member_of

pytestmark = pytest.mark.django_db


def test_a_viewer_reads_and_sends_nothing(owner):
    lead_id = owner.has_lead().lead_id
    people, lead = member_of(owner, "viewer"), Lead.objects.get(pk=lead_id)
    page = people.get(address("change", lead))
    assert page.status_code == 200
    assert 'name="_save"' not in page.content.decode()
    for path in (address("change", lead), address("changelist", Lead), "/admin/jsi18n/", "/admin/no-such-page/"):
        assert people.client.post(path, {"status": "lost", "action": "assign_to_me"}).status_code in (403, 404)
    assert Lead.objects.get(pk=lead_id).status == "new"


def test_a_viewer_logs_out_switches_and_changes_the_own_password(owner):
    people = member_of(owner, "viewer")
    assert people.client.post("/admin/password_change/", {}).status_code == 200
    assert people.client.post("/admin/business/", {"business": str(owner.id)}).status_code == 302
    assert people.client.post("/admin/logout/").status_code in (200, 302)
