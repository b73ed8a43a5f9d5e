"""Who must have a second factor."""

from typing import Any

import pytest

from leadsite.accounts.models import User
from leadsite.accounts.second_factor.rules import is_complete, must_have
from leadsite.accounts.sessions.store import SessionStore

WHO = {"business": User(is_staff=True), "operator": User(is_staff=True, is_superuser=True), "program": User()}


@pytest.mark.parametrize(
    ("required", "who"),
    [("optional", []), ("owners", ["business", "operator"]), ("all", ["business", "operator", "program"])],
)
def test_who_must_have_one_is_a_setting(settings: Any, required: str, who: list[str]):
    settings.STAFF_SECOND_FACTOR = required
    assert [name for name, user in WHO.items() if must_have(user)] == who
    assert [name for name, user in WHO.items() if not is_complete(user, SessionStore())] == who
