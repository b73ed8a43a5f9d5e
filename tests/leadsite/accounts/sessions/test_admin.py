"""Operators see and end the sessions of all."""

from leadsite.accounts.models import Session
from leadsite.accounts.sessions.store import SessionStore
from tests.factories import Business
from tests.staff import address, operator, staff_of


def test_an_operator_sees_and_ends_sessions(owner: Business, stranger: Business):
    lost, kept, person = staff_of(owner), staff_of(stranger), operator()
    unfinished = SessionStore()
    unfinished["something"] = 1
    unfinished.save()
    page = person.list(Session)
    assert owner.user.email in page
    assert page.count("This session") == 1
    assert len(person.found(Session)) == 3
    assert len(person.found(Session, q="bakery")) == 1
    (row,) = Session.objects.filter(user=owner.id)
    assert person.get(address("change", row)).status_code == 200
    assert person.client.post(address("delete", row), {"post": "yes"}).status_code == 302
    assert lost.get("/admin/overview/").status_code == 302
    assert kept.get("/admin/overview/").status_code == 200
    (row,) = Session.objects.filter(user=stranger.id)
    chosen = {"action": "delete_selected", "_selected_action": [row.pk], "post": "yes"}
    assert person.client.post(address("changelist", Session), chosen).status_code == 302
    assert kept.get("/admin/overview/").status_code == 302


def test_staff_do_not_see_them(owner: Business):
    assert staff_of(owner).get(address("changelist", Session)).status_code == 403
