"""How large a body may be, by its path: staff may upload files, nobody else may fill memory and disk."""

from http.cookies import CookieError, SimpleCookie
from importlib import import_module
from typing import Final

from django.conf import settings
from django.contrib.auth import SESSION_KEY
from django.db import close_old_connections

# The other fields of a form, and the lines between them.
_FORM_BYTES: Final = 64 * 1024
PATHS: Final = ("/admin/leads/importrun/add",)


def limit_of(path: str) -> int:
    """Return the largest body, in bytes, that is accepted from anyone."""
    return int(settings.DATA_UPLOAD_MAX_MEMORY_SIZE) + _FORM_BYTES


def upload_limit_of(path: str) -> int | None:
    """Return the largest body that is accepted from staff, where it differs."""
    return settings.IMPORT_MAX_BYTES + _FORM_BYTES if path.rstrip("/") in PATHS else None


def has_session(cookies: str) -> bool:
    """Whether somebody is logged in with these cookies. Whether he may upload, the page decides.

    Queries the database. Raises django.db.Error.
    """
    try:
        morsel = SimpleCookie(cookies).get(settings.SESSION_COOKIE_NAME)
    except CookieError:
        return False
    if morsel is None:
        return False
    close_old_connections()
    store = import_module(settings.SESSION_ENGINE).SessionStore(morsel.value)
    return SESSION_KEY in store
