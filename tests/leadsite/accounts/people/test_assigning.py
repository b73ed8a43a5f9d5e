"""Work is assigned to the people of the business, by the API and in the admin."""

from uuid import uuid4

import pytest

from conversations.models import Conversation
from leads.models import Lead
from leadsite.accounts.models import User
from tests.cases import each_case
from tests.staff import address, person_of, staff_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def rows(owner):
    created = owner.has_lead()
    return {"leads": created.lead_id, "conversations": created.conversation_id}


def assign(business, kind, row, person):
    return business.client.patch(f"/api/{kind}/{row}", {"assigned_to": str(person)}, format="json")


@each_case("kind", ["leads", "conversations"])
@each_case("role", ["owner", "agent"])
def test_a_client_assigns_to_anybody_of_the_business(owner, rows, kind, role):
    person = person_of(owner, role)
    answer = assign(owner, kind, rows[kind], person.pk)
    assert (answer.status_code, answer.json()["assigned_to"]) == (200, str(person.pk))


@each_case("kind", ["leads", "conversations"])
def test_unknown_people_those_of_others_locked_ones_and_viewers_are_an_error_at_the_field(owner, stranger, rows, kind):
    locked = person_of(owner, "agent")
    User.objects.filter(pk=locked.pk).update(is_active=False)
    theirs, viewer = person_of(stranger, "agent"), person_of(owner, "viewer")
    for person in (uuid4(), stranger.id, theirs.pk, locked.pk, viewer.pk):
        answer = assign(owner, kind, rows[kind], person)
        assert answer.status_code == 400
        assert "GET /api/people" in answer.json()["fields"]["assigned_to"][0]


@each_case("kind", ["leads", "conversations"])
def test_who_has_left_may_keep_what_they_have(owner, rows, kind):
    person = person_of(owner, "agent")
    assign(owner, kind, rows[kind], person.pk)
    person.memberships.all().delete()
    assert assign(owner, kind, rows[kind], person.pk).status_code == 200


@each_case("model", [Lead, Conversation])
def test_the_form_offers_those_of_the_business_who_can_answer(owner, stranger, rows, model):
    person, theirs = person_of(owner, "agent"), person_of(stranger, "agent", "agent@florist.example")
    person_of(owner, "viewer")
    page = staff_of(owner).get(address("change", model.objects.get()))
    offered = set(page.context["adminform"].form.fields["assigned_to"].queryset)
    assert offered == {owner.user, person}
    assert theirs.email not in page.content.decode()


def test_the_inbox_and_the_list_of_leads_offer_nobody_who_cannot_answer(owner, rows):
    agent, viewer = (person_of(owner, role, f"{role}@bakery.example") for role in ("agent", "viewer"))
    staff = staff_of(owner)
    chat = staff.get(f"/admin/inbox/{rows['conversations']}/").content.decode()
    actions = staff.list(Lead)
    for page in (chat, actions):
        assert str(agent.pk) in page or agent.pk.hex in page
        assert str(viewer.pk) not in page
        assert viewer.pk.hex not in page
