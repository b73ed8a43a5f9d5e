"""Paths of before the REST API."""

import pytest

from tests.envelope import refused


@pytest.mark.parametrize("path", ["/api/conversation", "/api/leads/create-with-conversation"])
@pytest.mark.parametrize("method", ["get", "post", "put", "patch", "delete"])
def test_the_old_paths_say_where_to_go(anonymous, path, method):
    body = refused(getattr(anonymous, method)(path), 410)
    assert "/api/leads" in body["error"]
