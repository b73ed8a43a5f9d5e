"""Labels of conversations by REST: GET /api/labels, the field `labels`, and the filter."""

from uuid import UUID

import pytest

from conversations.models import Conversation, Label
from leadsite.audit.models import AuditEntry
from tests.envelope import refused
from tests.factories import Business


@pytest.fixture
def labels(owner: Business) -> list[Label]:
    return [Label.objects.create(user=owner.user, name=name) for name in ("Wedding", "Büro")]


def patch(business: Business, conversation_id: UUID, given: object):
    return business.client.patch(f"/api/conversations/{conversation_id}", {"labels": given}, format="json")


def test_a_client_reads_the_labels_of_its_business(owner, stranger, labels):
    Label.objects.create(user=stranger.user, name="Theirs")
    wanted = [{"id": str(label.pk), "name": label.name, "colour": "grey"} for label in reversed(labels)]
    assert owner.client.get("/api/labels").json() == {"next": None, "previous": None, "results": wanted}


@pytest.mark.parametrize("given", [["wedding", "BÜRO"], ["Wedding", "wedding", " Büro "]])
def test_labels_are_given_by_name(owner, labels, given):
    row = owner.has_lead().conversation_id
    answer = patch(owner, row, given)
    assert (answer.status_code, answer.json()["labels"]) == (200, ["Büro", "Wedding"])
    assert Conversation.objects.get().label_ids == sorted(label.pk for label in labels)
    assert patch(owner, row, []).json()["labels"] == []


def test_labels_are_given_by_id(owner, labels):
    row = owner.has_lead().conversation_id
    assert patch(owner, row, [str(labels[0].pk).upper()]).json()["labels"] == ["Wedding"]


def test_the_same_labels_again_change_nothing(owner, labels):
    row = owner.has_lead().conversation_id
    first = patch(owner, row, ["Wedding", "Büro"]).json()
    assert patch(owner, row, ["Büro", "Wedding"]).json() == first
    assert AuditEntry.objects.filter(row_id=row, action="update").count() == 1
    (entry,) = owner.client.get(f"/api/conversations/{row}/history?ordering=-at&page_size=1").json()["results"]
    assert list(entry["changes"]) == ["label_ids"]


@pytest.mark.parametrize("given", [["Other"], "Wedding", [5], [None], None, ["\0"], ["x" * 37], ["Wedding"] * 51])
def test_other_labels_are_refused_and_nothing_is_written(owner, stranger, labels, given):
    Label.objects.create(user=stranger.user, name="Other")
    row = owner.has_lead().conversation_id
    assert "labels" in refused(patch(owner, row, given), 400)["fields"]
    assert Conversation.objects.get(pk=row).label_ids == []


def test_a_label_of_another_business_is_not_there(owner, stranger, labels):
    theirs = stranger.has_lead().conversation_id
    refused(patch(stranger, theirs, [str(labels[0].pk)]), 400)
    refused(stranger.client.get("/api/conversations", {"label": str(labels[0].pk)}), 400)
    refused(patch(stranger, owner.has_lead().conversation_id, []), 404)


def test_a_deleted_label_is_not_shown(owner, labels):
    row = owner.has_lead().conversation_id
    patch(owner, row, ["Wedding", "Büro"])
    Label.objects.filter(name="Wedding").delete()
    assert owner.client.get(f"/api/conversations/{row}").json()["labels"] == ["Büro"]


def test_a_list_is_filtered_and_needs_one_statement_for_all_names(owner, labels, django_assert_num_queries):
    rows = [owner.has_lead().conversation_id for _ in range(4)]
    for row in rows[:3]:
        patch(owner, row, ["Wedding"])
    with django_assert_num_queries(3):
        found = owner.client.get("/api/conversations").json()["results"]
    assert sorted(map(len, (one["labels"] for one in found))) == [0, 1, 1, 1]
    for given in ("wedding", str(labels[0].pk)):
        found = owner.client.get("/api/conversations", {"label": given}).json()["results"]
        assert {one["id"] for one in found} == {str(row) for row in rows[:3]}
    assert owner.client.get("/api/conversations", {"label": "Büro"}).json()["results"] == []
    refused(owner.client.get("/api/conversations", {"label": "None of ours"}), 400)
