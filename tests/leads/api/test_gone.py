"""Paths of the previous system are answered with 410."""

from tests.cases import each_case
from tests.envelope import refused


@each_case("path", ["/api/conversation", "/api/leads/create-with-conversation"])
@each_case("method", ["get", "post", "put", "patch", "delete"])
def test_the_old_paths_name_the_path_to_use_instead(anonymous, path, method):
    body = refused(getattr(anonymous, method)(path), 410)
    assert "/api/leads" in body["error"]
