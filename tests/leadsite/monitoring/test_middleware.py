"""Requests are counted by route, never by path."""

import pytest

from leadsite.core import metrics
from leadsite.monitoring.middleware import UNMATCHED, route_of, source_of
from tests.factories import Business


@pytest.mark.parametrize(
    ("pattern", "route"),
    [
        ("api/leads", "/api/leads"),
        ("api/leads/", "/api/leads"),
        ("api/leads/<uuid:lead_id>", "/api/leads/{lead_id}"),
        ("admin/leads/lead/<path:object_id>/change/", "/admin/leads/lead/{object_id}/change"),
        ("", "/"),
    ],
)
def test_a_pattern_is_shown_as_a_route(pattern: str, route: str) -> None:
    assert route_of(pattern) == route


@pytest.mark.parametrize(
    ("path", "source"),
    [("/api/leads", "api"), ("/api/webhooks/whatsapp", "whatsapp"), ("/admin/leads/lead/add/", "admin")],
)
def test_where_the_work_came_in(path: str, source: str) -> None:
    assert source_of(path) == source


@pytest.mark.django_db
def test_requests_are_counted_by_route_and_status(owner: Business) -> None:
    paths = {"/api/leads": ("/api/leads", 200), "/api/nothing/4915112345678": (UNMATCHED, 404)}
    for path, (route, status) in paths.items():
        counter = metrics.REQUESTS.labels(route, str(status))
        before = counter._value.get()
        owner.client.get(path)
        assert counter._value.get() == before + 1
