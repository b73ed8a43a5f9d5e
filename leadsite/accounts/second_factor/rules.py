"""Who must have a second factor, and whether a session has come past it: the one place that says so."""

from typing import Final

from django.conf import settings
from django.contrib.sessions.backends.base import SessionBase

from leadsite.accounts.models import User
from leadsite.accounts.people.models import Role

_MARK: Final = "second_factor"


def is_owner(user: User) -> bool:
    """Whether somebody answers for a business, also for another one than that of this session, or is an operator."""
    return user.is_superuser or any(place.role == Role.OWNER for place in user.workplaces)


def must_have(user: User) -> bool:
    if settings.STAFF_SECOND_FACTOR == "owners":
        return is_owner(user)
    return bool(settings.STAFF_SECOND_FACTOR == "all")


def is_complete(user: User, session: SessionBase) -> bool:
    """Whether this session may be used: its login had a second step, with the second factor of now, or needed none."""
    if user.second_factor_at is None:
        return not must_have(user)
    return bool(session.get(_MARK) == user.second_factor_at.isoformat())


def mark_complete(user: User, session: SessionBase) -> None:
    """After the second step."""
    if user.second_factor_at is not None:
        session[_MARK] = user.second_factor_at.isoformat()
