"""Lists of the admin that stay fast however many rows there are."""

from collections.abc import Mapping
from contextlib import AbstractContextManager, nullcontext
from typing import Any

from django.contrib import admin, messages
from django.contrib.admin.views.main import ORDER_VAR, PAGE_VAR, SEARCH_VAR
from django.db.models import Model, QuerySet
from django.db.models.expressions import OrderBy
from django.http import HttpRequest
from django.utils.translation import gettext
from unfold.views import ChangeList

from leadsite.adminkit.chosen_filters import Chosen, chosen_filters
from leadsite.adminkit.paginator import COUNT_LIMIT
from leadsite.core.transactions import custom_plans
from leadsite.languages.texts import number


class LongList(ChangeList):
    """Sorts by any column as long as there are few rows, and more than COUNT_LIMIT only as an index gives them: to sort
    a million rows by the name of their customer takes seconds for each page.
    """

    def get_queryset(self, request: HttpRequest, exclude_parameters: list[str | None] | None = None) -> QuerySet[Any]:
        rows = super().get_queryset(request, exclude_parameters)
        if ORDER_VAR not in self.params or self._is_by_index(rows) or not _is_long(request, rows):
            return rows
        del self.params[ORDER_VAR]
        words = gettext(
            "This list has over %(count_limit)s rows, too many to sort by that column. Filter or search first."
        ) % {"count_limit": number(COUNT_LIMIT)}
        messages.info(request, words)
        return super().get_queryset(request, exclude_parameters)

    def get_ordering(self, request: HttpRequest, queryset: QuerySet[Any]) -> list[Any]:
        """As an index gives the rows, in both directions. Django has the newest first among rows of the same time, also
        where the oldest time is first: chats without a message have the same, and a million of them were sorted.
        """
        ordering: list[Any] = super().get_ordering(request, queryset)
        first = ordering[0]
        if len(self.params.get(ORDER_VAR, "").split(".")) > 1 or _name(first) not in self.model_admin.sorted_by_index:
            return ordering
        is_newest_first = first.descending if isinstance(first, OrderBy) else first.startswith("-")
        return [first, "-pk" if is_newest_first else "pk"]

    def get_results(self, request: HttpRequest) -> None:
        if getattr(request, "without_rows", False):  # leadsite/exports/rows.py
            return
        super().get_results(request)
        if not self.multi_page:
            # The rows that were counted: Django would search for them once more.
            self.result_list = self.paginator.object_list
        if request.method == "GET":
            len(self.result_list)  # read here, as plans_of_list says

    @property
    def chosen_filters(self) -> list[Chosen]:
        """For admin/change_list.html."""
        return chosen_filters(self)

    def _is_by_index(self, rows: QuerySet[Any]) -> bool:
        return _name(rows.query.order_by[0]) in self.model_admin.sorted_by_index


def _name(ordering: Any) -> Any:
    """What it sorts by, without the direction."""
    return ordering.expression if isinstance(ordering, OrderBy) else str(ordering).removeprefix("-")


def plans_of_list(request: HttpRequest, search: Mapping[str, str]) -> AbstractContextManager[None]:
    """Let PostgreSQL plan the statements of a list for what it is filtered by, and with the settings `search` where it
    is searched. An action opens its own transactions.

    Without a filter one plan suits every business. With one, a prepared statement has a plan for any value after a few
    times: for a state that few messages are in, it read all of the business.
    """
    if request.method != "GET" or not request.GET.keys() - {ORDER_VAR, PAGE_VAR}:
        return nullcontext()
    return custom_plans(**search if request.GET.get(SEARCH_VAR) else {})


def _is_long(request: HttpRequest, rows: QuerySet[Any]) -> bool:
    found = getattr(request, "found_pages", None)  # conversations/admin/customer_rows.py
    number = found.count(COUNT_LIMIT + 1) if found else rows.order_by()[: COUNT_LIMIT + 1].count()
    return bool(number > COUNT_LIMIT)


class RecentValues(admin.AllValuesFieldListFilter):
    """Offers the values of the newest COUNT_LIMIT rows; Django reads those of all rows each time a list is shown."""

    def __init__(
        self, field: Any, request: HttpRequest, params: Any, model: type[Model], page: Any, *, field_path: str
    ) -> None:
        super().__init__(field, request, params, model, page, field_path)
        newest = page.get_queryset(request).order_by("-pk").values("pk")[:COUNT_LIMIT]
        values = model._default_manager.filter(pk__in=newest).values_list(field_path, flat=True)
        self.lookup_choices = values.distinct().order_by(field_path)
