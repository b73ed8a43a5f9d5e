"""GET /api/leads/<id>/history, and the same of conversations."""

from typing import Any

import pytest

from conversations.models import Conversation, Customer
from leads.models import Lead
from leadsite.core.postgresql.actors import Actor, ActorKind, acting
from tests.factories import Business

pytestmark = pytest.mark.django_db


def history(business: Business, path: str, **parameters: Any) -> Any:
    answer = business.client.get(f"/api/{path}/history", parameters)
    assert answer.status_code == 200, answer.content
    return answer.json()


def test_a_lead_says_who_changed_what_newest_first(owner: Business):
    lead_id = owner.post_lead().json()["lead_id"]
    owner.client.patch(f"/api/leads/{lead_id}", {"status": "contacted", "details": "Two cakes"}, format="json")
    page = history(owner, f"leads/{lead_id}")
    changed, created = page["results"]
    assert changed["action"] == "update"
    assert changed["actor"] == {"kind": "key", "name": "create_business"}
    assert changed["changes"] == {
        "status": ["new", "contacted"],
        "details": ["Customer wants to place an order", "Two cakes"],
    }
    assert changed["at"] > created["at"]
    assert created["action"] == "insert"
    assert created["changes"]["status"] == [None, "new"]
    assert not {"id", "user_id", "external_id"} & set(created["changes"]), "known, or without a value"
    assert page["next"] is None


def test_pages_go_back_to_the_first_change(owner: Business):
    lead_id = owner.has_lead().lead_id
    for number in range(4):
        Lead.objects.filter(pk=lead_id).update(details=f"Cake {number}")
    page, seen = history(owner, f"leads/{lead_id}", page_size=2), []
    while page:
        seen += [change["changes"]["details"][1] for change in page["results"]]
        page = owner.client.get(page["next"]).json() if page["next"] else None
    assert seen == ["Cake 3", "Cake 2", "Cake 1", "Cake 0", "Wants a cake"]
    assert history(owner, f"leads/{lead_id}", ordering="at")["results"][0]["action"] == "insert"
    for parameters in ({"cursor": "x"}, {"ordering": "id"}, {"page_size": "0"}, {"since": "1"}):
        assert owner.client.get(f"/api/leads/{lead_id}/history", parameters).status_code == 400


def test_deleting_and_restoring_have_names_of_their_own(owner: Business):
    made = owner.has_lead()
    with acting(Actor(ActorKind.PERSON, id="1", name="Anna")):
        Lead.objects.filter(pk=made.lead_id).update(deleted_at="2026-01-01T00:00Z")
        assert history(owner, f"leads/{made.lead_id}")["results"][0]["action"] == "delete"
        Lead.all_objects.filter(pk=made.lead_id).update(deleted_at=None)
    newest = history(owner, f"leads/{made.lead_id}")["results"][0]
    assert (newest["action"], newest["actor"]) == ("restore", {"kind": "person", "name": "Anna"})


def test_conversations_and_customers_have_one_too(owner: Business):
    made = owner.has_lead(customer_name="Ada")
    customer = Customer.objects.get()
    Customer.objects.rename({customer.pk: "Ada L."})
    assert history(owner, f"customers/{customer.pk}")["results"][0]["changes"] == {"name": ["Ada", "Ada L."]}
    Conversation.objects.filter(pk=made.conversation_id).update(status="completed")
    newest = history(owner, f"conversations/{made.conversation_id}")["results"][0]
    assert newest["changes"] == {"status": ["active", "completed"]}


def test_the_history_of_another_business_is_not_found(owner: Business, stranger: Business):
    made = owner.has_lead()
    for path in (
        f"leads/{made.lead_id}",
        f"conversations/{made.conversation_id}",
        f"customers/{Customer.objects.get().pk}",
    ):
        answer = stranger.client.get(f"/api/{path}/history")
        assert (answer.status_code, answer.json()["code"]) == (404, "not_found")
