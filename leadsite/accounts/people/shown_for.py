"""For which business a page was shown. A person of several, with two windows, may work for another one when its form is
sent, or may have left that one, and it would be written there.

The tag `csrf_token`, which each form has, adds the business; a script that reads parts of its page again, or sends
something itself, has it in a header: the parts would be the other business's. What comes back for another is refused by
leadsite/middleware.py before any view. A page of a row needs neither: the other business has none with that id.
"""

from typing import Any, Final

from django import template
from django.http import HttpRequest, HttpResponse
from django.template.base import Parser, Token
from django.template.context import Context
from django.template.defaulttags import CsrfTokenNode
from django.utils.html import format_html
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from leadsite.accounts.people.viewers import PERSONAL
from leadsite.adminkit.error_pages import error_page
from leadsite.adminkit.workplace import business_of

FIELD: Final = "shown_for"
HEADER: Final = "X-Shown-For"
_REFUSED: Final = _(
    "This form was opened for another business: nothing was changed. Switch back to that business in the menu and open"
    " the page again: what you typed is put back."
)
# A library of tags that each template has: TEMPLATES in leadsite/adminkit/theme.py.
register = template.Library()


class _FormNode(CsrfTokenNode):
    def render(self, context: Context) -> str:
        request: Any = getattr(context, "request", None)
        here = business_of(request) if hasattr(request, "user") else None
        field = format_html('<input type="hidden" name="{}" value="{}">', FIELD, here) if here else ""
        return super().render(context) + field


@register.tag
def csrf_token(parser: Parser, token: Token) -> _FormNode:
    """Django's tag, with the business."""
    return _FormNode()


def refuse_other_business(request: HttpRequest) -> HttpResponse | None:
    """Return a page where the request comes from one of another business than the person works for now.

    Raises django.db.Error.
    """
    if not request.path.startswith("/admin/") or request.path.startswith(PERSONAL):
        return None
    shown_for = request.headers.get(HEADER) or request.POST.get(FIELD)
    # Most pages are asked for without it, and need no workplace here.
    here = getattr(request.user, "workplace", None) if shown_for is not None else None
    if here is None or shown_for == str(here.business_id):
        return None
    title = gettext("You work for %(business)s now.") % {"business": here.business}
    return error_page(409, title=title, sentence=_REFUSED)
