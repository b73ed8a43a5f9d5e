"""PATCH /api/leads/<id>: fields, status transitions and versions."""

import json

import pytest

from conversations.models import Customer
from leads.models import Lead
from leads.services.change import StaleVersion, change_lead
from tests.cases import each_case
from tests.envelope import refused
from tests.factories import Business
from tests.sessions import processes
from tests.staff import operator

UNKNOWN_ID = "01a20e4e-5f63-7d2b-8978-25877e6c373b"


class Patched:
    """A lead of this business that the tests change through the API."""

    def __init__(self, business: Business, **fields):
        self.business = business
        self.id = business.has_lead(**fields).lead_id
        self.path = f"/api/leads/{self.id}"

    def patch(self, body=None, *, headers=None, **fields):
        return self.business.client.patch(self.path, fields if body is None else body, format="json", headers=headers)

    def row(self):
        return Lead.objects.get(pk=self.id)


@pytest.fixture
def lead(owner) -> Patched:
    return Patched(owner)


@pytest.mark.django_db
class TestFields:
    def test_given_fields_are_changed_and_the_others_stay(self, lead):
        answer = lead.patch(details="A lemon cake", type="booking", customer_name="Amina")
        assert answer.status_code == 200
        body = answer.json()
        assert (body["details"], body["type"], body["customer_name"]) == ("A lemon cake", "booking", "Amina")
        assert (body["status"], body["source"], body["version"]) == ("new", "manual", 2)
        assert body == lead.business.client.get(lead.path).json()
        assert Customer.objects.get().name == "Amina"

    def test_an_empty_body_changes_nothing(self, lead):
        before = Lead.objects.values().get()
        assert lead.patch({}).status_code == 200
        assert lead.patch(status="new", details=before["details"]).json()["version"] == 1
        assert Lead.objects.values().get() == before

    @each_case(
        ("field", "value"),
        [
            *(("status", value) for value in ["done", 5, None, "\ud800"]),
            *(("type", value) for value in ["cake", None]),
            *(("details", value) for value in ["x" * 10_001, 5, "a\0"]),
            *(("customer_name", value) for value in ["", " ", "x" * 201, None, 5]),
            *(("lost_reason", value) for value in ["x" * 1001, 5]),
            *(("assigned_to", value) for value in ["me", 5, UNKNOWN_ID]),
            *(("version", value) for value in [0, -1, "1", 1.0, True, 10**20]),
        ],
    )
    def test_an_invalid_field_is_named_and_nothing_is_changed(self, lead, field, value):
        before = Lead.objects.values().get()
        body = json.dumps({"details": "Newer", field: value})
        answer = lead.business.client.patch(lead.path, body, content_type="application/json")
        assert list(refused(answer, 400)["fields"]) == [field]
        assert Lead.objects.values().get() == before

    def test_a_lead_can_be_assigned_to_the_business_or_unassigned(self, lead):
        assert lead.patch(assigned_to=str(lead.business.id)).json()["assigned_to"] == str(lead.business.id)
        assert lead.patch(assigned_to=None).json()["assigned_to"] is None

    def test_an_assignment_by_the_operator_can_be_kept(self, lead):
        person = operator()
        person.act("assign_to_me", lead.row())
        assignee = str(lead.row().assigned_to_id)
        assert lead.patch(assigned_to=assignee, details="Newer").json()["assigned_to"] == assignee

    def test_a_lead_of_another_business_is_404(self, lead, stranger):
        refused(stranger.client.patch(lead.path, {"details": "mine now"}, format="json"), 404)
        refused(lead.business.client.patch(f"/api/leads/{UNKNOWN_ID}", {"details": "x"}, format="json"), 404)
        assert lead.row().details != "mine now"


@pytest.mark.django_db
class TestVersions:
    def test_a_change_to_the_current_version_succeeds(self, lead):
        read = lead.business.client.get(lead.path)
        assert (read.headers["ETag"], read.json()["version"]) == ('"1"', 1)
        changed = lead.patch(details="Newer", headers={"If-Match": read.headers["ETag"]})
        assert (changed.status_code, changed.headers["ETag"]) == (200, '"2"')
        assert lead.patch(details="Newest", version=2).status_code == 200

    @pytest.mark.parametrize(
        "how", [{"version": 1}, {"headers": {"If-Match": '"1"'}}, {"headers": {"If-Match": 'W/"1"'}}]
    )
    def test_a_change_to_an_older_version_is_409(self, lead, how):
        lead.patch(details="Somebody else was faster")
        body = refused(lead.patch(details="Mine", **how), 409)
        assert body["code"] == "stale_version"
        assert lead.row().details == "Somebody else was faster"

    def test_of_two_new_names_for_one_version_the_second_is_409(self, lead):
        renamed = lead.patch(customer_name="Amina", version=1)
        assert (renamed.json()["version"], renamed.headers["ETag"]) == (2, '"2"')
        assert refused(lead.patch(customer_name="Anna", version=1), 409)["code"] == "stale_version"
        assert Customer.objects.get().name == "Amina"
        assert lead.patch(customer_name="Amina").json()["version"] == 2
        history = lead.business.client.get(f"{lead.path}/history").json()["results"]
        assert [entry["action"] for entry in history] == ["insert"]

    def test_two_versions_that_differ_are_400(self, lead):
        answer = lead.patch(details="a", version=3, headers={"If-Match": '"1"'})
        assert list(refused(answer, 400)["fields"]) == ["version"]
        assert lead.patch(details="a", version=1, headers={"If-Match": '"1"'}).status_code == 200

    def test_any_version_is_changed_without_a_version_or_with_a_star(self, lead):
        assert lead.patch(details="a").status_code == 200
        assert lead.patch(details="b", headers={"If-Match": "*"}).status_code == 200

    @pytest.mark.parametrize("header", ["", "1", '"x"', '"1", "2"', '"' + "9" * 50 + '"'])
    def test_an_invalid_if_match_header_is_400(self, lead, header):
        assert list(refused(lead.patch(details="a", headers={"If-Match": header}), 400)["fields"]) == ["If-Match"]

    def test_every_writer_increments_the_version(self, lead):
        Lead.objects.filter(pk=lead.id).update(details="by SQL")
        operator().act("mark_contacted", lead.row())
        assert lead.row().version == 3


def change_version_1(business, lead_id, number):
    try:
        change_lead(user_id=business, lead_id=lead_id, changes={"details": f"by {number}"}, version=1)
    except StaleVersion:
        return None
    return number


@pytest.mark.django_db(transaction=True)
def test_of_concurrent_changes_to_one_version_one_succeeds(owner):
    lead = Patched(owner)
    with processes(4) as pool:
        attempts = [pool.submit(change_version_1, owner.id, lead.id, number) for number in range(16)]
        succeeded = [number for each in attempts if (number := each.result()) is not None]
    assert [f"by {number}" for number in succeeded] == [lead.row().details]
    assert lead.row().version == 2
