"""Who must have a second factor, and whether a session has come past it: the one place that says so."""

from typing import Final

from django.conf import settings
from django.contrib.sessions.backends.base import SessionBase

from leadsite.accounts.models import User

_MARK: Final = "second_factor"


def is_owner(user: User) -> bool:
    """Whether somebody answers for a business. Each login is that of a business itself, or an operator's."""
    return user.is_staff or user.is_superuser


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
