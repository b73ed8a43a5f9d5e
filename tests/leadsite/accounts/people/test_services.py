"""Who works for a business: roles, removal, the last owner."""

from threading import Barrier, Thread

import pytest
from django.db import OperationalError, connection
from django.test import Client
from procrastinate.contrib.django.models import ProcrastinateJob
from procrastinate.exceptions import ConnectorException
from procrastinate.jobs import JobDeferrer

from conversations.models import Conversation
from leads.models import Lead
from leads.tasks import release_work
from leadsite.accounts.models import Invitation, Membership, Person, Session, User
from leadsite.accounts.people import services
from tests.leadsite.accounts.people.inviting import NEW, invited, send
from tests.staff import Staff, address, messages_of, operator, person_of, staff_of

LEADS = address("changelist", Lead)

pytestmark = pytest.mark.django_db


def membership_of(business, person) -> Membership:
    return Membership.objects.get(business=business.user, person=person)


def test_an_owner_changes_a_role_and_it_counts_at_once(owner):
    person, chief = person_of(owner, "agent"), staff_of(owner)
    people = Staff(person)
    assert people.get("/admin/leads/lead/add/").status_code == 200
    assert chief.fill(address("change", membership_of(owner, person)), role="viewer").status_code == 302
    assert people.get("/admin/leads/lead/add/").status_code == 403
    assert people.get("/admin/leads/lead/").status_code == 200


def test_who_is_removed_is_logged_out_at_once_and_the_open_work_is_unassigned(owner, stranger):
    person, chief = person_of(owner, "agent"), staff_of(owner)
    Membership.objects.create(person=person, business=stranger.user, role="agent")
    here, there = Staff(person), Staff(person)
    session = there.client.session
    session["business"] = str(stranger.id)
    session.save()
    for status in ("new", "converted"):
        lead = owner.has_lead(status=status)
        Lead.objects.filter(pk=lead.lead_id).update(assigned_to=person)

    gone = membership_of(owner, person)
    assert chief.send(address("delete", gone), {}, post="yes").status_code == 302

    assert here.get(LEADS).status_code == 302
    assert there.get(LEADS).status_code == 200
    assert Session.objects.filter(user=person).count() == 1
    release_work(business_id=str(owner.id), person_id=str(person.pk))
    assert {lead.status: lead.assigned_to for lead in Lead.objects.all()} == {"new": None, "converted": person}
    assert membership_of(stranger, person)


@pytest.mark.parametrize("change", ["by an owner", "by another invitation"])
def test_the_open_work_of_who_becomes_a_viewer_is_unassigned(owner, change):
    """A viewer cannot answer: it would belong to nobody who works on it."""
    person = person_of(owner, "agent")
    for status in ("new", "converted"):
        lead = owner.has_lead(status=status)
        Lead.objects.filter(pk=lead.lead_id).update(assigned_to=person)
    Conversation.objects.update(assigned_to=person)
    if change == "by an owner":
        path = address("change", membership_of(owner, person))
        assert staff_of(owner).fill(path, role="viewer").status_code == 302
    else:
        services.join_business(person=person, business_id=owner.id, role="viewer")
    for job in ProcrastinateJob.objects.filter(task_name=release_work.name):
        release_work(**job.args)
    assert {lead.status: lead.assigned_to for lead in Lead.objects.all()} == {"new": None, "converted": person}
    assert not Conversation.objects.exclude(assigned_to=None).exists()
    assert membership_of(owner, person).role == "viewer"


def end_by_removal(chief: Staff, business, person) -> None:
    assert chief.send(address("delete", membership_of(business, person)), {}, post="yes").status_code == 302


def end_by_demotion(chief: Staff, business, person) -> None:
    assert chief.fill(address("change", membership_of(business, person)), role="agent").status_code == 302


def end_by_lock(chief: Staff, business, person) -> None:
    assert operator().fill(address("change", Person(pk=person.pk)), is_active=None).status_code == 302


@pytest.mark.parametrize("end", [end_by_removal, end_by_demotion, end_by_lock])
def test_who_is_no_owner_any_more_has_left_no_way_back(end, owner):
    """By an invitation of their own to another address of theirs, or one that was open when they joined."""
    chief, person = staff_of(owner), person_of(owner, "owner", "second@bakery.example")
    link = invited(Staff(person), "second@private.example", "owner")
    kept = invited(chief, "third@bakery.example")
    end(chief, owner, person)
    assert send(Client(), link, **NEW).status_code == 400
    assert send(Client(), kept, **NEW).status_code == 302
    assert not User.objects.filter(email="second@private.example").exists()


@pytest.mark.parametrize("end", [end_by_removal, end_by_demotion, end_by_lock])
def test_one_that_was_sent_at_the_moment_of_the_removal_is_not_accepted(end, owner):
    chief, person = staff_of(owner), person_of(owner, "owner", "second@bakery.example")
    link = invited(Staff(person), "second@private.example", "owner")
    Invitation.objects.update(invited_by=None)  # as if it were not there yet
    end(chief, owner, person)
    Invitation.objects.update(invited_by=person)
    assert send(Client(), link, **NEW).status_code == 400
    assert not User.objects.filter(email="second@private.example").exists()


def test_who_is_removed_does_not_come_back_by_an_invitation_of_before(owner):
    chief = staff_of(owner)
    link = invited(chief, "nia@bakery.example", "owner")
    person = person_of(owner, "agent", "nia@bakery.example")
    end_by_removal(chief, owner, person)
    assert send(Staff(person).client, link).status_code == 400
    assert not Membership.objects.filter(person=person).exists()


def test_the_last_owner_stays_and_says_why(owner):
    chief = staff_of(owner)
    last = membership_of(owner, owner.user)
    path = address("change", last)
    assert chief.fill(path, role="agent").status_code == 302
    assert "last owner" in messages_of(chief.get(path))[0]
    chief.send(address("delete", last), {}, post="yes")
    assert "last owner" in messages_of(chief.get(address("changelist", Membership)))[0]
    assert membership_of(owner, owner.user).role == "owner"

    second = person_of(owner, "owner", "second@bakery.example")
    assert chief.send(address("delete", membership_of(owner, second)), {}, post="yes").status_code == 302
    assert not Membership.objects.filter(person=second).exists()


@pytest.mark.django_db(transaction=True)
def test_of_two_owners_who_remove_each_other_at_once_one_stays(owner):
    people = [person_of(owner, "owner", f"{name}@bakery.example") for name in ("one", "two")]
    start, refused = Barrier(2), []

    def remove(person, by):
        start.wait()
        try:
            services.remove_person(membership=membership_of(owner, person), by=by.pk)
        except services.LastOwner as refusal:
            refused.append(str(refusal))
        finally:
            connection.close()

    threads = [Thread(target=remove, args=pair) for pair in (people, people[::-1])]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (len(refused), Membership.objects.filter(role="owner").count()) == (1, 1)


def test_a_removal_whose_job_cannot_be_queued_is_the_database_s_failure_and_undone(owner, monkeypatch):
    def fail(*_: object, **__: object) -> None:
        raise ConnectorException

    monkeypatch.setattr(JobDeferrer, "defer", fail)
    membership = membership_of(owner, person_of(owner, "agent"))
    with pytest.raises(OperationalError):
        services.remove_person(membership=membership, by=owner.id)
    assert Membership.objects.filter(pk=membership.pk).exists()
