"""The business of a request, as pages ask for it."""

from django.test import RequestFactory

from leads.models import Lead
from leadsite.accounts.models import Membership, User
from leadsite.adminkit.workplace import business_of, role_of, rows_of_business
from tests.staff import operator, person_of


def test_rows_are_those_of_the_business_that_the_person_works_for(owner, stranger, rf: RequestFactory):
    both = person_of(owner, "agent")
    Membership.objects.create(person=both, business=stranger.user, role="viewer")
    owner.has_lead()
    stranger.has_lead()
    request = rf.get("/")
    request.user = both
    assert (business_of(request), role_of(request)) == (owner.id, "agent")
    assert {lead.user_id for lead in rows_of_business(request, Lead.objects.all())} == {owner.id}
    request.user = User.objects.get(pk=stranger.id)  # works for nobody
    assert (business_of(request), role_of(request)) == (None, "")
    assert not rows_of_business(request, Lead.objects.all())
    operator()
    request.user = User.objects.get(is_superuser=True)
    assert rows_of_business(request, Lead.objects.all()).count() == 2
