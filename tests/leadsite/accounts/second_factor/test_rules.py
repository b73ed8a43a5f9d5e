"""Who must have a second factor."""

from typing import Any

import pytest

from leadsite.accounts.models import Membership, User
from leadsite.accounts.second_factor.rules import is_complete, must_have
from leadsite.accounts.sessions.store import SessionStore
from tests.staff import person_of


@pytest.mark.parametrize(
    ("required", "who"),
    [
        ("optional", []),
        ("owners", ["owner", "owner elsewhere", "operator"]),
        ("all", ["owner", "owner elsewhere", "operator", "agent", "viewer", "program"]),
    ],
)
def test_who_must_have_one_is_a_setting(settings: Any, owner: Any, stranger: Any, required: str, who: list[str]):
    """An owner also while working for a business as something else."""
    elsewhere = person_of(owner, "agent", "elsewhere@bakery.example")
    Membership.objects.create(person=elsewhere, business=stranger.user, role="owner")
    people = {
        "owner": person_of(owner, "owner"),
        "owner elsewhere": elsewhere,
        "operator": User(is_staff=True, is_superuser=True),
        "agent": person_of(owner, "agent"),
        "viewer": person_of(owner, "viewer"),
        "program": stranger.user,
    }
    settings.STAFF_SECOND_FACTOR = required
    assert [name for name, user in people.items() if must_have(user)] == who
    assert [name for name, user in people.items() if not is_complete(user, SessionStore())] == who
