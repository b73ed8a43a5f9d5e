"""The admin's search finds a customer's rows by phone number, however that is spelled."""

from typing import Any

from django.db.models import QuerySet
from django.http import HttpRequest

from conversations.search import sought_numbers
from leadsite.adminkit.owned import OwnedAdmin


class FoundByPhone(OwnedAdmin):
    """Pages of rows that belong to a customer. `customer_path`: the way from a row to its customer, as in a lookup."""

    customer_path: str

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        """As Django searches, and by phone number in any spelling."""
        found, doubled = super().get_search_results(request, queryset, search_term)
        for number in sought_numbers(search_term):
            for column in ("phone", "phone_key"):
                found |= queryset.filter(**{f"{self.customer_path}{column}__contains": number})
        return found, doubled
