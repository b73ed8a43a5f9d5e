"""Paths of the previous system are answered with 410."""

import pytest

from tests.envelope import refused


@pytest.mark.parametrize("path", ["/api/conversation", "/api/leads/create-with-conversation"])
@pytest.mark.parametrize("method", ["get", "post", "put", "patch", "delete"])
def test_the_old_paths_name_the_path_to_use_instead(anonymous, path, method):
    body = refused(getattr(anonymous, method)(path), 410)
    assert "/api/leads" in body["error"]
