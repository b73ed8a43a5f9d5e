"""Which business a person works for now: Note [The business of a request].

A person works for the business that the session says, as long as he is a member of it; otherwise for his own, where he
is one himself; otherwise for the one that he joined first. The memberships are read again for each request, so who is
removed sees nothing from then on, and a new role counts at once. A cookie keeps the choice for the next login in this
browser: a form that was open when the session ended is not sent for another business.

Every page, list, action, autocomplete and download asks leadsite/adminkit/workplace.py, which asks here.
"""

from collections.abc import Sequence
from typing import Any, Final
from uuid import UUID

from django.conf import settings
from django.contrib.sessions.backends.base import SessionBase
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.utils.translation import gettext_noop

from leadsite.accounts.people.models import Membership

SESSION_KEY: Final = "business"
COOKIE: Final = "workplace"


def choose(memberships: Sequence[Membership], wanted: str) -> Membership | None:
    """Return the membership in the wanted business, or the first; None where there is none."""
    fitting = (one for one in memberships if str(one.business_id) == wanted)
    return next(fitting, memberships[0] if memberships else None)


def wanted_by(session: SessionBase) -> str:
    return str(session.get(SESSION_KEY, ""))


class UnknownBusiness(Exception):
    """The person does not work for this business."""


def switch(session: SessionBase, memberships: Sequence[Membership], business_id: Any) -> Membership:
    """Work for another business from now on, in this session. Raises UnknownBusiness."""
    chosen = next((one for one in memberships if str(one.business_id) == str(business_id)), None)
    if chosen is None:
        raise UnknownBusiness(gettext_noop("You do not work for this business any more. Reload the page."))
    session[SESSION_KEY] = str(chosen.business_id)
    return chosen


def keep_choice(response: HttpResponseBase, chosen: Membership) -> None:
    """Keep the business that the person has switched to for the next login."""
    response.set_cookie(
        COOKIE,
        f"{chosen.person_id}.{chosen.business_id}",
        max_age=settings.SESSION_COOKIE_AGE,
        path="/admin/",
        secure=settings.SESSION_COOKIE_SECURE,
        httponly=True,
        samesite="Lax",
    )


def restore_choice(request: HttpRequest, person_id: UUID) -> None:
    """Work in the new session for the business that this person has chosen in this browser before."""
    person, _, business = request.COOKIES.get(COOKIE, "").partition(".")
    if person == str(person_id):
        request.session[SESSION_KEY] = business  # where the person is no member of it: `choose`


def works_there(data: dict[str, Any], memberships: Sequence[Membership], business_id: UUID) -> bool:
    """Whether a session with this content is one in the business."""
    chosen = choose(memberships, str(data.get(SESSION_KEY, "")))
    return chosen is not None and chosen.business_id == business_id
