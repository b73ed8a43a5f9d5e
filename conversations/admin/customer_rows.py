"""Base classes for the admin of customers and of rows that belong to them: search, permissions, locking."""

from typing import Any

from django.contrib import messages
from django.db import connection
from django.db.models import Model, QuerySet
from django.http import HttpRequest
from django.utils.functional import cached_property
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext

from conversations.models import Customer
from conversations.search.pages import SEARCH_PLANS, FoundPages, search
from conversations.search.queries import TooManyWords
from leadsite.adminkit.owned import OwnedAdmin
from leadsite.adminkit.page import search_problem
from leadsite.adminkit.paginator import BoundedPaginator
from leadsite.adminkit.values import NOTHING, foreign, moment
from leadsite.languages.texts import shown


class SearchPaginator(BoundedPaginator):
    """Pages of FoundPages. They are counted up to fewer than other lists: to count matches is to read them."""

    limit = 1_000

    @cached_property
    def count(self) -> int:
        pages: Any = self.object_list
        ids = pages.ids(self.limit)
        if len(ids) < self.limit:
            # All of them: a page of these needs no second search.
            self.object_list = pages.of(ids)
        return len(ids)


class CustomerSearchAdmin(OwnedAdmin):
    """Admin pages with the search of the API (conversations/search/queries.py): by the customer, and what a page adds.

    `customer_path`: the lookup prefix from a row to its customer.
    """

    customer_path: str
    # Django shows the search field where there are some; `search` reads others.
    search_fields = ["pk"]
    search_plans = SEARCH_PLANS

    def search(self, rows: QuerySet[Any], term: str) -> FoundPages[Any]:
        """Return the rows that match the term. Raises TooManyWords."""
        return search(rows, term, customer=self.customer_path, exact=[f"{self.customer_path}whatsapp_user_id"])

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        if not search_term.strip():
            return queryset, False
        if too_long := search_problem(search_term):
            messages.error(request, too_long)
            return queryset.none(), False
        try:
            found = self.search(queryset, search_term)
        except TooManyWords as error:
            messages.error(request, shown(error))
            return queryset.none(), False
        # Ordered already, by ChangeList.get_queryset.
        request.found_pages = found  # type: ignore[attr-defined] # read by get_paginator
        return found.all(), False

    def get_paginator(
        self, request: HttpRequest, queryset: QuerySet[Any], per_page: int, *args: Any, **options: Any
    ) -> Any:
        """Read the pages of a search by FoundPages. Actions read the queryset, which finds the same rows."""
        if pages := getattr(request, "found_pages", None):
            return SearchPaginator(pages, per_page)
        return super().get_paginator(request, queryset, per_page, *args, **options)


class NoAddOrDeleteAdmin(CustomerSearchAdmin):
    """Rows that cannot be added or deleted here: they are created with a lead or by a WhatsApp message."""

    def has_add_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False


class CustomerLockingAdmin(NoAddOrDeleteAdmin):
    """Admin pages that lock the customer's row before a change. See Note [Lock order] in leads/services/create.py."""

    def get_object(self, request: HttpRequest, object_id: str, from_field: str | None = None) -> Any:
        """Return the row. For a change, lock its customer first, so that the form validates current values."""
        row = super().get_object(request, object_id, from_field)
        if row is not None and request.method == "POST" and connection.in_atomic_block:
            its = {"pk": row.pk} if isinstance(row, Customer) else {"conversations": row.pk}
            if Customer.objects.lock_owner_of(user_id=row.user_id, **its) is None:
                # The customer has just been merged into another: Django then says that the row does not exist.
                return None
            row.refresh_from_db()
            if getattr(row, "deleted_at", None):
                return None
        return row


def marketing_of(customer: Customer) -> SafeString:
    """Whether the customer wants marketing, as far as they have said."""
    if customer.marketing_opted_out_at:
        return format_html(gettext("Opted out on {}: send no marketing."), moment(customer.marketing_opted_out_at))
    if customer.marketing_choice_at:
        return format_html(gettext("Wanted again since {}."), moment(customer.marketing_choice_at))
    return NOTHING


def name_and_phone(customer: Customer) -> SafeString:
    """Name and phone in one cell of two lines; one line where there is no name."""
    phone = customer.phone or "" if customer.name else ""
    return format_html('{}<span class="text-subtle whitespace-nowrap">{}</span>', foreign(customer), phone)
