"""The undo of a status step: whose step it is, what comes back, and that an undo is no step."""

import pytest

from leads.models import Lead
from leads.services.change import change_lead, last_steps_of, undo_last_step
from leads.services.refusals import LeadRefused
from leadsite.accounts.models import Membership
from leadsite.core.postgresql.actors import Actor, ActorKind, acting
from tests.factories import Business
from tests.staff import person_of

pytestmark = pytest.mark.django_db


class Mover:
    """A person who moves this lead."""

    def __init__(self, business: Business, lead_id):
        self.business, self.lead_id = business, lead_id

    def move(self, status, **more):
        with self.acts():
            changes = {"status": status, **more}
            change_lead(user_id=self.business.id, lead_id=self.lead_id, changes=changes)

    def undo(self):
        with self.acts():
            undo_last_step(user_id=self.business.id, lead_id=self.lead_id, person_id=self.business.id)
        return self.lead.status

    def offered(self):
        return self.lead_id in last_steps_of([self.lead], person_id=self.business.id)

    @property
    def lead(self):
        return Lead.objects.get(pk=self.lead_id)

    def acts(self):
        return acting(Actor(ActorKind.PERSON, str(self.business.id), "Owner"))


@pytest.fixture
def mover(owner: Business) -> Mover:
    return Mover(owner, owner.has_lead().lead_id)


@pytest.mark.parametrize("way", [["contacted"], ["contacted", "qualified"], ["qualified", "contacted"], ["converted"]])
def test_a_step_comes_back_as_often_as_it_is_made_and_its_undo_does_not(mover: Mover, way: list[str]):
    for status in way[:-1]:
        mover.move(status)
    former = mover.lead.status
    for _ in range(2):
        mover.move(way[-1])
        assert mover.undo() == former
        assert not mover.offered()
        with pytest.raises(LeadRefused):
            mover.undo()


def test_the_former_reason_comes_back(mover: Mover):
    mover.move("lost", lost_reason="Too far")
    mover.move("contacted")
    mover.move("lost", lost_reason="Too dear")
    mover.undo()
    assert mover.lead.lost_reason == "Too far"


def test_what_an_undo_opens_again_does_not_go_to_who_has_left(owner: Business, mover: Mover):
    leaver = person_of(owner, "agent")
    Lead.objects.filter(pk=mover.lead_id).update(assigned_to=leaver)
    mover.move("converted")
    Membership.objects.filter(person=leaver).delete()
    assert mover.undo() == "new"
    assert mover.lead.assigned_to_id is None


def test_steps_of_others_are_not_offered(mover: Mover):
    Lead.objects.filter(pk=mover.lead_id).update(status="contacted")
    assert not mover.offered()
    with pytest.raises(LeadRefused):
        mover.undo()
