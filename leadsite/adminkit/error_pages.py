"""Pages that say in the admin's skin what went wrong and what to do. They need no database and no session."""

from collections.abc import Mapping
from functools import cache
from typing import Any, Final

from django.contrib import admin
from django.contrib.auth import get_user
from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string
from django.utils.html import format_html
from django.utils.translation import gettext_lazy as _

from leadsite.adminkit import content_policy

# Status -> title, and what happened and what to do.
WORDS: Final[Mapping[int, tuple[Any, Any]]] = {
    400: (_("This request is not valid"), _("Go back, load the page again, and send the form again.")),
    403: (
        _("You may not open this page"),
        _(
            "Your login has no permission for it. The operator of this site can give it to you; you can also log in as"
            " somebody else."
        ),
    ),
    404: (
        _("There is no such page"),
        _(
            "The address is wrong, or what it showed was deleted or belongs to another business. Look for it in"
            " the lists."
        ),
    ),
    405: (
        _("This page cannot be used like that"),
        _("Open it from the menu instead of sending something to its address."),
    ),
    408: (_("The connection was too slow"), _("What you sent did not arrive in time. Go back and send it again.")),
    413: (
        _("This is too large"),
        _("Go back and send less: shorten the text, choose fewer rows, or divide the file into several."),
    ),
    429: (_("Too many attempts"), _("Wait a few minutes, then try again.")),
    500: (
        _("Something went wrong here"),
        _(
            "This is a fault of the site. It has been logged. Go back and try again; if it happens again, tell"
            " the operator"
            " of this site at what time it happened."
        ),
    ),
    503: (
        _("The site is busy"),
        _(
            "Nothing is lost. Wait a few seconds, then load this page again; the browser asks whether to send the form"
            " again."
        ),
    ),
}
CSRF: Final[tuple[Any, Any]] = (
    _("This form has expired"),
    _(
        "Somebody has logged in or out in this browser since it was opened, or the browser keeps no cookies."
        " Open the page again: what you typed is put back. If that does not help, log in again."
    ),
)


def error_page(
    status: int, *, title: Any = "", sentence: Any = "", headers: Mapping[str, str] | None = None
) -> HttpResponse:
    """Return a page with this HTTP status; title and sentence are those of WORDS unless given."""
    usual_title, usual_sentence = WORDS.get(status, WORDS[500])
    words = {"title": title or usual_title, "sentence": sentence or usual_sentence, "status": status}
    # Its own, because the page may answer a request that has not reached the middleware.
    nonce = content_policy.new_nonce()
    try:
        page = render_to_string("errors/page.html", _skin() | words | {"csp_nonce": nonce})
    except Exception:
        page = format_html("<!doctype html><title>{title}</title><h1>{title}</h1><p>{sentence}</p>", **words)
    own = {"Cache-Control": "no-store", content_policy.HEADER: content_policy.page_policy(nonce, evaluates=True)}
    return HttpResponse(page, status=status, headers={**(headers or {}), **own})


@cache
def _skin() -> dict[str, Any]:
    """The context of unfold's layout, for nobody: a page for somebody would query the database."""
    request = HttpRequest()
    request.session = {}  # type: ignore[assignment] # all that get_user reads: of nobody
    request.user = get_user(request)
    request.path = "/admin/"
    request.META["SCRIPT_NAME"] = ""
    return admin.site.each_context(request)
