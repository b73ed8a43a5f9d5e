"""How large a body may be, by its path: staff may upload files, nobody else may fill memory and disk."""

import re
from http.cookies import CookieError, SimpleCookie
from importlib import import_module
from typing import Final

from django.conf import settings
from django.contrib.auth import SESSION_KEY
from django.db import close_old_connections

# The other fields of a form, and the lines between them.
_FORM_BYTES: Final = 64 * 1024
PATHS: Final = ("/admin/leads/importrun/add",)
# What may_upload asks for, and where it is.
LOGIN_HEADERS: Final = (("cookies", "cookie"), ("authorization", "authorization"))
_ID: Final = "[0-9a-f-]{36}"
# Messages with a file: an answer or a template in the inbox, and requests with an API key.
_FORMS: Final = re.compile(rf"/admin/inbox/(?:new|{_ID}/(?:reply|template))")
_API: Final = re.compile(rf"/api/(?:whatsapp|conversations/{_ID}/messages)")


def limit_of(path: str) -> int:
    """Return the largest body, in bytes, that is accepted from anyone."""
    return int(settings.DATA_UPLOAD_MAX_MEMORY_SIZE) + _FORM_BYTES


def upload_limit_of(path: str) -> int | None:
    """Return the largest body that is accepted from staff or with an API key, where it differs."""
    path = path.rstrip("/")
    if path in PATHS:
        return int(settings.IMPORT_MAX_BYTES) + _FORM_BYTES
    if _FORMS.fullmatch(path):
        return int(settings.FILE_FORM_MAX_BYTES) + _FORM_BYTES
    return int(settings.API_MAX_FILE_BODY_BYTES) if _API.fullmatch(path) else None


def may_upload(path: str, *, cookies: str, authorization: str) -> bool:
    """Whether somebody is logged in who may send such a body there. Queries the database. Raises django.db.Error."""
    if path.startswith("/api/"):
        close_old_connections()
        # Not by an import above: its models need Django's setup, which comes after that of this module.
        return bool(import_module("leadsite.accounts.authentication").is_key(authorization))
    return has_session(cookies)


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
