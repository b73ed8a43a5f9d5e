"""GET /api/leads: filters, search, ordering, and the number of queries."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from leads.models import Lead
from tests.cases import each_case
from tests.envelope import refused


@pytest.fixture
def names(owner, stranger):
    """Returns a function that lists leads and returns the names of their customers, in order."""
    owner.has_lead(customer_name="Amina", customer_phone="+4915123456789", details="A lemon cake", type="order")
    owner.has_lead(customer_name="Bruno", customer_phone="+5215512345678", type="booking", source="import")
    owner.has_lead(customer_name="Carla", details="Croissants", status="lost", type="inquiry")
    stranger.has_lead(customer_name="Somebody else's", details="A lemon cake")
    # The test is one transaction, and rows have the time of their transaction.
    for second, lead in enumerate(Lead.objects.filter(user=owner.user).order_by("pk")):
        Lead.objects.filter(pk=lead.pk).update(created_at=lead.created_at + timedelta(seconds=second))

    def ask(**query):
        answer = owner.client.get("/api/leads", query)
        assert answer.status_code == 200, answer.content
        return [lead["customer_name"] for lead in answer.json()["results"]]

    return ask


def test_each_filter_narrows_the_list(names):
    assert names() == ["Carla", "Bruno", "Amina"]
    assert names(status="new") == ["Bruno", "Amina"]
    assert names(status=["lost", "contacted"]) == ["Carla"]
    assert names(type="booking") == ["Bruno"]
    assert names(type=["booking", "inquiry"], status="lost") == ["Carla"]
    assert names(source="import") == ["Bruno"]
    assert names(conversation=str(Lead.objects.get(details="Croissants").conversation_id)) == ["Carla"]


@pytest.mark.parametrize("phone", ["+5215512345678", "+525512345678", "0052 1 55 1234 5678"])
def test_a_phone_is_found_in_any_spelling(names, phone):
    assert names(customer_phone=phone) == ["Bruno"]


def test_a_plus_sign_that_is_not_encoded_arrives_as_a_space(owner):
    lead = owner.has_lead(customer_phone="+4915123456789")
    for path in ("/api/leads", "/api/conversations"):
        found = owner.client.get(f"{path}?customer_phone=+49 151 23456789").json()["results"]
        assert len(found) == 1
    assert found[0]["id"] == str(lead.conversation_id)


@pytest.mark.parametrize("name", ["created_after", "created_before", "updated_after", "updated_before"])
def test_a_time_whose_plus_sign_was_not_encoded_is_400_and_says_so(owner, name):
    problem = refused(owner.client.get(f"/api/leads?{name}=2026-01-05T00:00:00+01:00"), 400)["fields"]
    assert "%2B" in problem[name][0]
    assert owner.client.get(f"/api/leads?{name}=2026-01-05T00:00:00%2B01:00").status_code == 200


def test_leads_are_found_by_external_id(owner, stranger):
    lead = owner.has_lead(external_id="4711")
    owner.has_lead(external_id="47")
    stranger.has_lead(external_id="4711")
    found = owner.client.get("/api/leads", {"external_id": "4711"}).json()["results"]
    assert [one["id"] for one in found] == [str(lead.lead_id)]
    assert owner.client.get("/api/leads", {"external_id": "5"}).json()["results"] == []


def test_leads_and_conversations_are_found_by_the_person_they_are_assigned_to(owner, stranger):
    mine, nobodys = owner.has_lead(), owner.has_lead()
    answers = [
        owner.client.patch(path, {"assigned_to": str(owner.id)}, format="json")
        for path in (f"/api/leads/{mine.lead_id}", f"/api/conversations/{mine.conversation_id}")
    ]
    assert [answer.json()["assigned_to"] for answer in answers] == [str(owner.id)] * 2
    for path, attribute in (("/api/leads", "lead_id"), ("/api/conversations", "conversation_id")):
        for person, expected in ((owner.id, [mine]), ("none", [nobodys]), (stranger.id, [])):
            found = owner.client.get(path, {"assigned_to": str(person)}).json()["results"]
            assert [one["id"] for one in found] == [str(getattr(lead, attribute)) for lead in expected]
        assert list(refused(owner.client.get(path, {"assigned_to": "me"}), 400)["fields"]) == ["assigned_to"]


def test_leads_are_found_by_their_last_change(names):
    Lead.objects.filter(type="booking").update(updated_at="2020-03-01T00:00:00Z")
    assert names(updated_before="2021-01-01T00:00:00Z") == ["Bruno"]
    assert names(updated_after="2020-03-01T00:00:00Z", updated_before="2020-03-01T00:00:01Z") == ["Bruno"]
    assert names(updated_after="2020-03-01T00:00:01Z") == ["Carla", "Amina"]


def test_created_after_and_before_are_a_half_open_interval(names):
    middle = Lead.objects.get(type="booking").created_at.isoformat()
    assert names(created_after=middle) == ["Carla", "Bruno"]
    assert names(created_before=middle) == ["Amina"]


@pytest.mark.parametrize(
    ("words", "found"),
    [
        ("lemon", ["Amina"]),
        ("LEMON CAKE", ["Amina"]),
        ("bru", ["Bruno"]),
        ("0151 2345", ["Amina"]),
        ("+52 55 1234", ["Bruno"]),
        ("am", ["Amina"]),
        ("nobody", []),
        ("%", []),
        ("_", []),
    ],
)
def test_q_searches_details_name_and_number(names, words, found):
    assert names(q=words) == found


@pytest.mark.parametrize("moment", ["9999-12-31T23:59:59-14:00", "0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59Z"])
def test_the_first_and_last_times_of_the_calendar_are_accepted(owner, moment):
    owner.has_lead()
    for name in ("created_after", "created_before"):
        assert owner.client.get("/api/leads", {name: moment}).status_code == 200


def test_a_lead_is_found_by_created_at_and_not_by_the_time_in_its_id(names):
    Lead.objects.filter(type="booking").update(created_at="2020-03-01T00:00:00Z")
    assert names(created_after="2020-01-01T00:00:00Z", created_before="2021-01-01T00:00:00Z") == ["Bruno"]


def test_the_list_can_be_ordered_oldest_first(names):
    assert names(ordering="created_at") == ["Amina", "Bruno", "Carla"]
    assert names(ordering="-created_at") == ["Carla", "Bruno", "Amina"]


def test_pages_keep_their_filter_and_order(owner):
    for number in range(7):
        owner.has_lead(customer_name=f"{number}", status="new" if number % 2 else "lost")
    url, seen = "/api/leads?status=lost&ordering=created_at&page_size=2", []
    while url:
        page = owner.client.get(url).json()
        seen += [lead["customer_name"] for lead in page["results"]]
        url = page["next"]
    assert seen == ["0", "2", "4", "6"]


@each_case(
    ("parameter", "value"),
    [
        *(("status", value) for value in ["done", "new,lost", "%00"]),
        ("type", "cake"),
        ("source", "fax"),
        *(("customer_phone", value) for value in ["12", "x"]),
        *(("conversation", value) for value in ["1", "x"]),
        *(("created_after", value) for value in ["yesterday", "99999-01-01", "2026-13-01T00:00:00Z"]),
        ("created_before", "0"),
        ("ordering", "details"),
        ("q", "x" * 201),
        ("q", "a\0b"),
    ],
)
def test_an_invalid_value_is_400(owner, parameter, value):
    assert list(refused(owner.client.get("/api/leads", {parameter: value}), 400)["fields"]) == [parameter]


def test_the_number_of_queries_does_not_depend_on_the_number_of_rows(owner, django_assert_num_queries):
    for _ in range(12):
        owner.has_lead(details="A lemon cake")
    with django_assert_num_queries(2):  # the key, the page with its customers
        owner.client.get("/api/leads")
    # Also a transaction, and in it the planner options. A search asks first where the newest leads end.
    for query, statements in (({"customer_phone": "+4915123456789"}, 5), ({"status": "new", "q": "lemon"}, 6)):
        with django_assert_num_queries(statements):
            owner.client.get("/api/leads", query)


def test_a_choice_sorts_no_rows_to_leave_out_doubles(owner):
    """All leads that match would be read and sorted for one page."""
    with CaptureQueriesContext(connection) as asked:
        owner.client.get("/api/leads?status=new&status=lost&type=order&source=api")
    assert len(asked) > 0
    assert not any("DISTINCT" in query["sql"] for query in asked.captured_queries)
