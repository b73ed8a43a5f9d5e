"""Viewers change nothing: whatever form they send to the admin is refused, also to pages that ask for no permission."""

from typing import Final

from django.http import HttpRequest

from leadsite.accounts.people.models import Role
from leadsite.adminkit.workplace import role_of, sees_all

_SAFE: Final = ("GET", "HEAD", "OPTIONS")
# What is a person's own, and not the business's; also the switch to another business.
PERSONAL: Final = (
    "/admin/login/",
    "/admin/logout/",
    "/admin/password",
    "/admin/account/",
    "/admin/invitation/",
    "/admin/business/",
)
# The same in a business.
_OWN: Final = (*PERSONAL, "/admin/inbox/preferences/", "/admin/inbox/views/")
# That somebody looks at a chat, which their colleagues see.
_PRESENCE: Final = "/presence/"


def changes_forbidden(request: HttpRequest) -> bool:
    """Whether a viewer sends something that may change the business. Raises django.db.Error."""
    if request.method in _SAFE or not request.path.startswith("/admin/") or request.path.startswith(_OWN):
        return False
    if request.path.startswith("/admin/inbox/") and request.path.endswith(_PRESENCE):
        return False
    return not sees_all(request) and role_of(request) == Role.VIEWER
