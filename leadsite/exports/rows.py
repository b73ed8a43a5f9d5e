"""The rows of a list of the admin, as its filter and search find them: by the list itself."""

from collections.abc import Iterator, Sequence
from typing import Any, Final
from uuid import UUID

from django.contrib import admin, messages
from django.contrib.admin.options import IS_POPUP_VAR, TO_FIELD_VAR, IncorrectLookupParameters
from django.contrib.admin.views.main import ALL_VAR, ORDER_VAR, PAGE_VAR, SEARCH_VAR
from django.core.exceptions import PermissionDenied, ValidationError
from django.db.models import QuerySet
from django.http import HttpRequest, QueryDict
from django.urls import reverse
from django.utils.translation import gettext, gettext_noop

from conversations.models import Conversation, Customer
from conversations.search.pages import SEARCH_PLANS
from leads.models import DeletedLead, Lead
from leadsite.accounts.models import User
from leadsite.adminkit.chosen_filters import chosen_filters
from leadsite.adminkit.workplace import reader_of
from leadsite.core.postgresql.replica import read_from_replica
from leadsite.core.transactions import custom_plans
from leadsite.exports.columns import RELATED

LISTS: Final = {"lead": Lead, "deletedlead": DeletedLead, "conversation": Conversation, "customer": Customer}
CHUNK: Final = 1000
_IGNORED: Final = (PAGE_VAR, ALL_VAR, IS_POPUP_VAR, TO_FIELD_VAR, "e")


class FilterInvalid(Exception):
    """The list refuses the filter."""


def rows_of(request: HttpRequest, kind: str, query: str) -> QuerySet[Any]:
    """Return the rows of a list with this query string, in its order, for the person of the request.

    Raises PermissionDenied for people who may not change such rows: viewers. FilterInvalid.
    """
    page: Any = admin.site.get_model_admin(LISTS[kind])
    if not page.has_view_or_change_permission(request) or not request.user.has_perm("conversations.change_customer"):
        raise PermissionDenied
    rows = _list_of(request, kind, query, without=_IGNORED).queryset
    return rows.select_related(*RELATED[kind])


def filters_of(request: HttpRequest, kind: str, query: str) -> list[str]:
    """Return the filter and search in the words of the list; none where it refuses them now. Reads no rows."""
    try:
        chosen = chosen_filters(_list_of(request, kind, query, without=(*_IGNORED, ORDER_VAR, SEARCH_VAR), rows=False))
    except FilterInvalid:
        return []
    term = QueryDict(query).get(SEARCH_VAR)
    return [*map(str, chosen), *([f"{gettext('Search')}: {term}"] if term else [])]


def _list_of(request: HttpRequest, kind: str, query: str, *, without: Sequence[str], rows: bool = True) -> Any:
    """The list as the person of the request would open it. Raises FilterInvalid."""
    page: Any = admin.site.get_model_admin(LISTS[kind])
    parameters = QueryDict(query, mutable=True)
    for name in without:
        parameters.pop(name, None)
    asked = HttpRequest()
    asked.method, asked.path = "GET", reverse(f"admin:{page.opts.app_label}_{kind}_changelist")
    asked.GET = parameters  # type: ignore[assignment] # lists of values too
    asked.user = request.user
    asked._messages = _Messages()  # type: ignore[attr-defined] # the list says there what it cannot search for
    asked.without_rows = not rows  # type: ignore[attr-defined] # read by LongList
    try:
        found = page.get_changelist_instance(asked)
    except (ValueError, OverflowError, ValidationError, IncorrectLookupParameters) as error:
        raise FilterInvalid(gettext_noop("There is no such filter.")) from error
    if asked._messages.texts:  # type: ignore[attr-defined]
        raise FilterInvalid(asked._messages.texts[0])  # type: ignore[attr-defined]
    return found


def request_of(person: User, business_id: UUID) -> HttpRequest:
    """A request of a person who works for a business, for a worker. Raises PermissionDenied where they no longer do:
    the list would have the rows of the next business that they work for.
    """
    request = HttpRequest()
    person.wanted_business = str(business_id)
    request.user = person
    if reader_of(request) != business_id:
        raise PermissionDenied
    return request


def newest_first(rows: QuerySet[Any], *, user_id: UUID) -> Iterator[list[Any]]:
    """Yield the rows in chunks, newest id first; each chunk is a statement of its own. Raises django.db.Error."""
    last = None
    ordered = rows.order_by("-pk")
    while True:
        chunk = read_rows(ordered.filter(pk__lt=last)[:CHUNK] if last else ordered[:CHUNK], user_id=user_id)
        if chunk:
            yield chunk
            last = chunk[-1].pk
        if len(chunk) < CHUNK:
            return


def read_rows(rows: QuerySet[Any], *, user_id: UUID) -> list[Any]:
    """Return the rows, from a replica if there is one: Note [Replica]. Raises django.db.Error."""

    def read() -> list[Any]:
        with custom_plans(**SEARCH_PLANS):
            return list(rows.all())

    return read_from_replica(read, user_id=user_id)


class _Messages:
    """Takes the place of Django's messages."""

    def __init__(self) -> None:
        self.texts: list[str] = []

    def add(self, level: int, message: str, extra_tags: str = "") -> None:
        if level >= messages.ERROR:
            self.texts.append(str(message))
