"""What the pages of rows share that belong to a customer: search by phone number, no making by hand, the lock."""

from typing import Any

from django.core.exceptions import ObjectDoesNotExist
from django.db import connection
from django.db.models import Model, QuerySet
from django.http import HttpRequest
from django.utils.html import format_html
from django.utils.safestring import SafeString

from conversations.models import Customer
from conversations.search import sought_numbers
from leadsite.adminkit.owned import OwnedAdmin
from leadsite.adminkit.values import foreign


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


class MadeWithALead(FoundByPhone):
    """Rows that nobody makes or deletes by hand: they come with a lead or from WhatsApp, and stay with it."""

    def has_add_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False


class CustomerLocked(MadeWithALead):
    """Pages whose change takes the customer's row first. See Note [Lock order] in leads/services/create.py."""

    def get_object(self, request: HttpRequest, object_id: str, from_field: str | None = None) -> Any:
        """The row; for a change, locked with its customer and as it is then, so that the form checks what holds."""
        row = super().get_object(request, object_id, from_field)
        if row is not None and request.method == "POST" and connection.in_atomic_block:
            customer_id = row.pk if isinstance(row, Customer) else row.customer_id
            try:
                Customer.objects.select_for_update().get(pk=customer_id)
                row.refresh_from_db()
            except ObjectDoesNotExist:
                # Merged with another meanwhile (merge_customers.sql): Django says that it is not there any more.
                return None
        return row


def name_and_phone(customer: Customer) -> SafeString:
    """A cell of two lines; one where the phone stands for the name."""
    phone = customer.phone or "" if customer.name else ""
    return format_html('{}<span class="text-subtle whitespace-nowrap">{}</span>', foreign(customer), phone)
