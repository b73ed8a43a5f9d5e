"""DELETE /api/leads/<id>, restore, and what deleted leads are in every list of the API."""

import pytest

from conversations.models import Message
from leads.models import Lead
from leadsite.description.guide import guide
from tests.factories import Business
from tests.whatsapp import meta
from tests.whatsapp.inbox import Inbox


def test_delete_and_restore(owner: Business) -> None:
    made = owner.post_lead(external_id="A-1").json()
    path = f"/api/leads/{made['lead_id']}"
    before = owner.client.get(path).json()
    assert before["deleted_at"] is None
    answer = owner.client.delete(path)
    assert (answer.status_code, answer.content) == (204, b"")
    assert [owner.client.delete(path).status_code, owner.client.get(path).status_code] == [404, 404]
    assert owner.client.patch(path, {"status": "contacted"}, format="json").status_code == 404
    assert owner.client.get("/api/leads").json()["results"] == []
    (deleted,) = owner.client.get("/api/leads?deleted=true").json()["results"]
    assert deleted["deleted_at"] is not None
    restored = owner.client.post(f"{path}/restore")
    assert restored.status_code == 200
    same = before.keys() - {"version", "updated_at"}
    assert {name: restored.json()[name] for name in same} == {name: before[name] for name in same}
    assert restored.headers["ETag"] == '"3"'
    assert owner.client.post(f"{path}/restore").json() == restored.json()


def test_changes_are_copied_as_the_guide_says(owner: Business) -> None:
    """By two lists with `updated_after`: a deleted lead is in the second, a renamed one in the first."""
    made = [owner.post_lead(customer_phone=f"+4915100000{n:03}").json()["lead_id"] for n in range(3)]
    Lead.objects.update(updated_at="2020-03-01T00:00:00Z")
    assert owner.client.delete(f"/api/leads/{made[0]}").status_code == 204
    assert owner.client.patch(f"/api/leads/{made[1]}", {"customer_name": "Amina"}, format="json").status_code == 200
    found = {}
    for deleted in ("false", "true"):
        answer = owner.client.get("/api/leads", {"updated_after": "2021-01-01T00:00:00Z", "deleted": deleted})
        found[deleted] = [lead["id"] for lead in answer.json()["results"]]
    assert found == {"false": [made[1]], "true": [made[0]]}
    assert "`GET /api/leads?deleted=true&updated_after=…`" in guide()


def test_restoring_is_refused_where_the_external_id_is_taken(owner: Business) -> None:
    lead_id = owner.post_lead(external_id="A-1").json()["lead_id"]
    owner.client.delete(f"/api/leads/{lead_id}")
    again = owner.post_lead(external_id="A-1")
    assert again.status_code == 201
    assert again.json()["lead_id"] != lead_id
    refused = owner.client.post(f"/api/leads/{lead_id}/restore")
    assert (refused.status_code, refused.json()["code"]) == (409, "external_id_taken")
    assert "Delete that one first." in refused.json()["error"]


def test_another_business_finds_nothing_to_delete_or_restore(owner: Business, stranger: Business) -> None:
    path = f"/api/leads/{owner.has_lead().lead_id}"
    assert stranger.client.delete(path).status_code == 404
    assert owner.client.delete(path).status_code == 204
    assert stranger.client.post(f"{path}/restore").status_code == 404
    assert stranger.client.get("/api/leads?deleted=true").json()["results"] == []


def test_if_match_refuses_to_delete_what_was_changed(owner: Business) -> None:
    path = f"/api/leads/{owner.has_lead().lead_id}"
    owner.client.patch(path, {"status": "contacted"}, format="json")
    assert owner.client.delete(path, headers={"If-Match": '"1"'}).json()["code"] == "stale_version"
    assert owner.client.delete(path, headers={"If-Match": '"2"'}).status_code == 204


@pytest.mark.parametrize("query", ["status=new", "type=order", "q=cake", "external_id=A-1", "source=api", ""])
def test_filters_work_on_deleted_leads_and_on_the_others(owner: Business, query: str) -> None:
    kept = owner.post_lead(details="A cake", external_id="A-1").json()["lead_id"]
    owner.client.delete(f"/api/leads/{kept}")
    new = owner.post_lead(details="A cake", external_id="A-1").json()["lead_id"]
    for deleted, lead_id in (("true", kept), ("false", new)):
        (found,) = owner.client.get(f"/api/leads?deleted={deleted}&{query}".rstrip("&")).json()["results"]
        assert found["id"] == lead_id


def test_an_unknown_value_of_the_filter_is_named(owner: Business) -> None:
    answer = owner.client.get("/api/leads?deleted=maybe")
    assert (answer.status_code, list(answer.json()["fields"])) == (400, ["deleted"])


def test_nothing_of_a_deleted_lead_is_in_any_answer(owner: Business) -> None:
    inbox = Inbox(owner)
    inbox.gets(meta.text("A lemon cake"))
    lead, message = inbox.leads[0], Message.objects.get()
    paths = [
        "/api/leads",
        "/api/leads?q=lemon",
        f"/api/leads?conversation={lead.conversation_id}",
        "/api/conversations",
    ]
    paths += ["/api/conversations?waiting=true", "/api/conversations?ordering=created_at"]
    ones = [f"/api/leads/{lead.pk}", f"/api/conversations/{lead.conversation_id}", f"/api/messages/{message.pk}"]
    ones += [f"/api/conversations/{lead.conversation_id}/messages"]
    assert [len(owner.client.get(path).json()["results"]) for path in paths] == [1] * len(paths)
    assert {owner.client.get(path).status_code for path in ones} == {200}
    assert owner.client.delete(f"/api/leads/{lead.pk}").status_code == 204
    assert [owner.client.get(path).json()["results"] for path in paths] == [[]] * len(paths)
    assert {owner.client.get(path).status_code for path in ones} == {404}
    writes = [("post", f"{ones[1]}/messages", {"message": "Hi"}), ("patch", ones[1], {"status": "archived"})]
    for method, path, body in writes:
        assert getattr(owner.client, method)(path, body, format="json").status_code == 404
