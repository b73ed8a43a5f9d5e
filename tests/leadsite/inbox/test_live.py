"""What an open inbox asks: 304 where nothing has changed, and one statement for a session that is known."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from leadsite.accounts.models import Membership
from leadsite.inbox import live
from tests.factories import Business
from tests.leadsite.inbox.chats import asks, says
from tests.staff import Staff, person_of

PATH = "/admin/inbox/live/"


def statements(person: Staff, **query: str) -> int:
    with CaptureQueriesContext(connection) as queries:
        assert person.client.get(PATH, query).status_code == 200
    return len(queries)


def test_nothing_new_is_304(owner: Business):
    person = Staff(person_of(owner, "agent"))
    chat = asks(owner, "Amina")
    query = {"tab": "waiting", "chat": str(chat.pk), "business": str(owner.id)}
    for _ in range(2):  # not known, known
        first = person.client.get(PATH, query)
        same = person.client.get(PATH, query, headers={"If-None-Match": first.headers["ETag"]})
        assert (same.status_code, same.content) == (304, b"")
    says(chat, "More")
    assert person.client.get(PATH, query, headers={"If-None-Match": first.headers["ETag"]}).status_code == 200


def test_a_known_session_takes_one_statement_for_a_while(owner: Business, monkeypatch: pytest.MonkeyPatch):
    person = Staff(person_of(owner, "agent"))
    query = {"business": str(owner.id)}
    assert statements(person, **query) > 1
    assert statements(person, **query) == 1
    monkeypatch.setattr(live, "uptime", lambda: 1e12)
    assert statements(person, **query) > 1


def test_a_page_of_another_business_is_not_answered_from_memory(owner: Business, stranger: Business):
    person = Staff(person_of(owner, "agent"))
    asks(stranger, "Theirs")
    query = {"business": str(owner.id)}
    assert statements(person, **query) > 1
    assert person.client.get(PATH, {"business": str(stranger.id)}).json()["counts"]["waiting"] == 0


def test_who_is_removed_learns_nothing_after_a_while(owner: Business, monkeypatch: pytest.MonkeyPatch):
    somebody = person_of(owner, "agent")
    person = Staff(somebody)
    statements(person, business=str(owner.id))
    Membership.objects.filter(person=somebody).delete()
    assert person.get("/admin/inbox/").status_code == 403
    monkeypatch.setattr(live, "uptime", lambda: 1e12)
    assert person.client.get(PATH, {"business": str(owner.id)}).status_code == 403
