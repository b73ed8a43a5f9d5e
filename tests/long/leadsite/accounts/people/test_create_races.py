"""Two commands create the login of one e-mail at the same moment."""

from uuid import UUID

import pytest

from leadsite.accounts.models import User
from leadsite.accounts.people.create import create_person
from tests.factories import Business
from tests.sessions import processes, session, waiting
from tests.site import until

pytestmark = pytest.mark.django_db(transaction=True)


def join(business_id: UUID, role: str) -> UUID:
    business = User.objects.get(pk=business_id)
    person = create_person(email="nia@bakery.example", business=business, role=role, name="Nia", password="kale-7-Sun")
    assert person is not None
    return person.pk


def test_it_is_one_login_that_works_for_both(owner: Business, stranger: Business) -> None:
    with processes(2) as pool, session() as gate:
        gate.execute("LOCK TABLE users IN SHARE MODE")
        made = [pool.submit(join, business.id, "agent") for business in (owner, stranger)]
        until(lambda: waiting(gate) == 2, lambda: f"{waiting(gate)} processes wait")
        gate.rollback()
        ids = {one.result() for one in made}
    person = User.objects.get(email="nia@bakery.example")
    assert ids == {person.pk}
    assert {membership.business_id for membership in person.memberships.all()} == {owner.id, stranger.id}
