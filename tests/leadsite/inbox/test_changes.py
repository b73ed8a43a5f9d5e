"""Changes of a chat: who is given it is given its open leads, too."""

import pytest

from conversations.models import Conversation
from leads.models import Lead
from tests.factories import Business
from tests.staff import person_of, staff_of

pytestmark = pytest.mark.django_db
PHONE = "+4915123440001"


def assign(owner: Business, person_id: object) -> None:
    chat = Conversation.objects.get(user=owner.user)
    answer = staff_of(owner).client.post(f"/admin/inbox/{chat.pk}/conversation/", {"assigned_to": str(person_id or "")})
    assert answer.status_code == 302


def assignees() -> dict[str, object]:
    return dict(Lead.objects.values_list("status", "assigned_to_id"))


@pytest.fixture
def leads(owner: Business) -> None:
    for status in ("new", "contacted", "converted"):
        owner.has_lead(customer_phone=PHONE, status=status)


@pytest.mark.usefixtures("leads")
def test_the_open_leads_that_nobody_has_go_along(owner: Business):
    carla = person_of(owner, "agent")
    version = Lead.objects.get(status="new").version
    assign(owner, carla.pk)
    assert assignees() == {"new": carla.pk, "contacted": carla.pk, "converted": None}
    lead = Lead.objects.get(status="new")
    assert lead.version == version + 1
    history = owner.client.get(f"/api/leads/{lead.pk}/history").json()["results"]
    assert history[0]["changes"]["assigned_to"][1] == str(carla.pk)


@pytest.mark.usefixtures("leads")
def test_those_of_who_had_the_chat_are_handed_over_and_those_of_others_stay(owner: Business):
    carla, bella = person_of(owner, "agent", "carla@bakery.example"), person_of(owner, "agent", "bella@bakery.example")
    assign(owner, bella.pk)
    Lead.objects.filter(status="contacted").update(assigned_to=owner.id)
    assign(owner, carla.pk)
    assert assignees() == {"new": carla.pk, "contacted": owner.id, "converted": None}
    assign(owner, None)
    assert assignees() == {"new": None, "contacted": owner.id, "converted": None}


@pytest.mark.usefixtures("leads")
def test_nothing_is_given_to_who_cannot_have_it(owner: Business):
    viewer = person_of(owner, "viewer")
    chat = Conversation.objects.get()
    form = {"assigned_to": str(viewer.pk)}
    assert staff_of(owner).client.post(f"/admin/inbox/{chat.pk}/conversation/", form).status_code == 422
    assert set(assignees().values()) == {None}
