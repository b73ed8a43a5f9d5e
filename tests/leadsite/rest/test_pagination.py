"""Pagination of lists by a cursor over ids."""

import pytest

from tests.envelope import refused


def test_pages_are_newest_first_without_gaps_or_duplicates(owner, django_assert_num_queries):
    created = [str(owner.has_lead().lead_id) for _ in range(5)]
    seen = []
    url = "/api/leads?page_size=2"
    while url:
        with django_assert_num_queries(2):  # the key, the page with its customers
            page = owner.client.get(url).json()
        assert set(page) == {"next", "previous", "results"}
        seen += [lead["id"] for lead in page["results"]]
        url = page["next"]
    assert sorted(seen) == sorted(created)
    assert seen == sorted(created, reverse=True)


@pytest.mark.parametrize("cursor", ["cD14", "cD0xMjM=", "cD0lMDA=", "\u00e4"])
def test_an_invalid_cursor_is_refused(owner, cursor):
    owner.has_lead()
    assert owner.client.get(f"/api/leads?cursor={cursor}").status_code in (400, 404)


@pytest.mark.parametrize("cursor", ["%00", "====", "bz05OTk5OTk5OTk5OTk5OTk5", "a" * 5000])
def test_a_random_cursor_is_no_server_error(owner, cursor):
    owner.has_lead()
    assert owner.client.get(f"/api/leads?cursor={cursor}").status_code < 500


@pytest.mark.parametrize("page_size", ["0", "-1", "x", "1.5", "9" * 5000, "%00", " 5"])
def test_an_invalid_page_size_is_refused(owner, page_size):
    answer = owner.client.get(f"/api/leads?page_size={page_size}")
    assert refused(answer, 400)["fields"] == {"page_size": ["Must be a number from 1 to 200."]}


def test_a_page_has_at_most_200_rows(owner):
    owner.has_lead()
    assert owner.client.get("/api/leads?page_size=1000").status_code == 200
