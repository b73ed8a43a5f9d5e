"""Bulk assignments and their undos give no open lead to somebody who has left the business meanwhile."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from leads.bulk import changes, chunks
from leads.models import BulkChange, Lead
from leads.services.release import release_work
from leadsite.accounts.models import User
from tests.factories import Business
from tests.sessions import session, waiting
from tests.site import until
from tests.staff import operator, person_of

pytestmark = pytest.mark.django_db
LEFT = "This person does not work for the business any more."


@pytest.fixture(autouse=True)
def small_chunks(monkeypatch):
    monkeypatch.setattr(chunks, "CHUNK_SIZE", 2)


@pytest.fixture
def person(owner: Business) -> User:
    return person_of(owner, "agent")


def start(owner: Business, **values) -> BulkChange:
    theirs = Lead.objects.filter(user=owner.user)
    return changes.start_bulk_change(person_id=owner.id, leads=theirs, values=values)


def leave(owner: Business, person: User) -> None:
    person.memberships.all().delete()
    release_work(business_id=owner.id, person_id=person.pk)


def undo(change: BulkChange) -> None:
    changes.undo_bulk_change(change=change)
    chunks.process_at_once(change=change)


def test_the_leads_that_are_left_when_the_assignee_leaves_stay_as_they_are(owner, person):
    for _ in range(4):
        owner.has_lead()
    change = start(owner, assigned_to_id=person.pk)
    chunks.process_chunk(change_id=change.pk)
    leave(owner, person)
    chunks.process_at_once(change=change)
    assert (change.state, change.error, change.changed) == ("failed", LEFT, 2)
    assert not Lead.objects.exclude(assigned_to=None).exists()


def test_an_undo_gives_open_leads_of_who_has_left_to_nobody_and_closed_ones_keep_the_name(owner, person):
    for status in ("new", "converted"):
        owner.has_lead(status=status)
    Lead.objects.update(assigned_to=person)
    change = start(owner, assigned_to_id=None)
    chunks.process_at_once(change=change)
    leave(owner, person)
    undo(change)
    assert (change.state, change.restored, change.remaining) == ("undone", 2, 0)
    assert {lead.status: lead.assigned_to for lead in Lead.objects.all()} == {"new": None, "converted": person}


def test_an_undo_that_opens_a_lead_again_leaves_it_to_nobody_if_its_person_has_left(owner, person):
    owner.has_lead()
    Lead.objects.update(assigned_to=person)
    change = start(owner, status="converted")
    chunks.process_at_once(change=change)
    leave(owner, person)
    undo(change)
    lead = Lead.objects.get()
    assert (lead.status, lead.assigned_to) == ("new", None)


def test_a_lead_that_is_opened_again_is_left_to_nobody_if_its_person_has_left(owner, person):
    for status in ("lost", "converted"):
        owner.has_lead(status=status)
    Lead.objects.update(assigned_to=person)
    leave(owner, person)
    change = start(owner, status="contacted")
    chunks.process_at_once(change=change)
    assert dict(Lead.objects.values_list("status", "assigned_to")) == {"contacted": None, "converted": person.pk}


def test_operators_assign_leads_of_any_business_to_themselves(owner, stranger):
    operator()
    superuser = User.objects.get(is_superuser=True)
    for business in (owner, stranger):
        business.has_lead()
    mine = changes.start_bulk_change(
        person_id=superuser.pk, leads=Lead.objects.all(), values={"assigned_to_id": superuser.pk}
    )
    chunks.process_at_once(change=mine)
    assert (mine.state, mine.changed) == ("finished", 2)
    nobody = changes.start_bulk_change(
        person_id=superuser.pk, leads=Lead.objects.all(), values={"assigned_to_id": None}
    )
    chunks.process_at_once(change=nobody)
    undo(nobody)
    assert Lead.objects.filter(assigned_to=superuser).count() == 2


@pytest.mark.django_db(transaction=True)
def test_a_chunk_waits_for_a_removal_that_has_begun(owner, person):
    owner.has_lead()
    change = start(owner, assigned_to_id=person.pk)
    with session() as removal, session() as observer, ThreadPoolExecutor(1) as pool:
        removal.execute("DELETE FROM memberships WHERE person_id = %s", [person.pk])

        def commit() -> None:
            until(lambda: waiting(observer) == 1)
            removal.commit()

        committed = pool.submit(commit)
        chunks.process_at_once(change=change)
        committed.result()
    assert (change.error, Lead.objects.get().assigned_to) == (LEFT, None)
