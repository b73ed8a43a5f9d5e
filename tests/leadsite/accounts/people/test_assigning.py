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
@each_case("role", ["owner", "agent", "viewer"])
def test_a_client_assigns_to_anybody_of_the_business(owner, rows, kind, role):
    person = person_of(owner, role)
    answer = assign(owner, kind, rows[kind], person.pk)
    assert (answer.status_code, answer.json()["assigned_to"]) == (200, str(person.pk))


@each_case("kind", ["leads", "conversations"])
def test_unknown_people_of_others_and_locked_ones_are_an_error_at_the_field(owner, stranger, rows, kind):
    locked = person_of(owner, "agent")
    User.objects.filter(pk=locked.pk).update(is_active=False)
    theirs = person_of(stranger, "agent")
    for person in (uuid4(), stranger.id, theirs.pk, locked.pk):
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
def test_the_form_offers_the_people_of_the_business(owner, stranger, rows, model):
    person, theirs = person_of(owner, "agent"), person_of(stranger, "agent", "agent@florist.example")
    page = staff_of(owner).get(address("change", model.objects.get()))
    offered = set(page.context["adminform"].form.fields["assigned_to"].queryset)
    assert offered == {owner.user, person}
    assert theirs.email not in page.content.decode()
