"""The business of a request: kept in the session, read again each time, and never two on a page."""

from typing import Any

import pytest

from conversations.models import Conversation
from leads.models import Lead
from leadsite.accounts.models import Membership, User
from leadsite.accounts.people.workplaces import UnknownBusiness, switch, works_there
from tests.staff import Staff, person_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def both(owner, stranger):
    """An agent of one business who views another; each has a lead."""
    person = person_of(owner, "agent")
    Membership.objects.create(person=person, business=stranger.user, role="viewer")
    owner.has_lead(customer_name="of the bakery")
    stranger.has_lead(customer_name="of the florist")
    return person


def names(people: Staff) -> set[str]:
    return {lead.conversation.customer.name for lead in Lead.objects.filter(pk__in=people.found(Lead))}


def test_a_person_sees_the_rows_of_one_business_and_switches(both, stranger):
    people = Staff(both)
    assert names(people) == {"of the bakery"}
    session = people.client.session
    session["business"] = str(stranger.id)
    session.save()
    assert names(people) == {"of the florist"}
    assert people.found(Conversation) == set(
        Conversation.objects.filter(user=stranger.user).values_list("pk", flat=True)
    )


def test_a_business_that_the_person_does_not_work_for_any_more_is_not_used(both, stranger):
    people = Staff(both)
    session = people.client.session
    session["business"] = str(stranger.id)
    session.save()
    Membership.objects.filter(business=stranger.user).delete()
    assert names(people) == {"of the bakery"}
    Membership.objects.all().delete()
    assert people.get("/admin/overview/").status_code == 200
    assert people.get("/admin/leads/lead/").status_code == 403


def test_only_ones_own_businesses_can_be_chosen(both, owner, stranger):
    memberships = list(Membership.objects.of_person(both.pk))
    session: Any = {}
    assert switch(session, memberships, str(stranger.id)).role == "viewer"
    assert works_there(session, memberships, stranger.id)
    assert not works_there(session, memberships, owner.id)
    assert works_there({}, memberships, owner.id)
    with pytest.raises(UnknownBusiness):
        switch(session, memberships[:1], str(stranger.id))
    assert not works_there({}, [], owner.id)


def test_a_role_counts_where_it_was_given(both, stranger):
    assert both.has_perm("leads.change_lead")
    elsewhere = User.objects.get(pk=both.pk)
    elsewhere.wanted_business = str(stranger.id)
    assert elsewhere.has_perm("leads.view_lead")
    assert not elsewhere.has_perm("leads.change_lead")
