"""Base classes for the admin of customers and of rows that belong to them: phone search, permissions, locking."""

from typing import Any

from django.core.exceptions import ObjectDoesNotExist
from django.db import connection
from django.db.models import Model, QuerySet
from django.http import HttpRequest
from django.utils.html import format_html
from django.utils.safestring import SafeString

from conversations.models import Customer
from conversations.search import phone_fragments
from leadsite.adminkit.owned import OwnedAdmin
from leadsite.adminkit.values import NOTHING, foreign, moment


class PhoneSearchAdmin(OwnedAdmin):
    """Admin pages whose search finds phone numbers. `customer_path`: the lookup prefix from a row to its customer."""

    customer_path: str

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        """Django's search, extended by phone numbers in any spelling."""
        found, doubled = super().get_search_results(request, queryset, search_term)
        for number in phone_fragments(search_term):
            for column in ("phone", "phone_key"):
                found |= queryset.filter(**{f"{self.customer_path}{column}__contains": number})
        return found, doubled


class NoAddOrDeleteAdmin(PhoneSearchAdmin):
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
            customer_id = row.pk if isinstance(row, Customer) else row.customer_id
            try:
                Customer.objects.select_for_update().get(pk=customer_id)
                row.refresh_from_db()
            except ObjectDoesNotExist:
                # The customer has just been merged into another: Django then says that the row does not exist.
                return None
        return row


def marketing_of(customer: Customer) -> SafeString:
    """Whether the customer wants marketing, as far as they have said."""
    if customer.marketing_opted_out_at:
        return format_html("Opted out on {}: send no marketing.", moment(customer.marketing_opted_out_at))
    if customer.marketing_choice_at:
        return format_html("Wanted again since {}.", moment(customer.marketing_choice_at))
    return NOTHING


def name_and_phone(customer: Customer) -> SafeString:
    """Name and phone in one cell of two lines; one line where there is no name."""
    phone = customer.phone or "" if customer.name else ""
    return format_html('{}<span class="text-subtle whitespace-nowrap">{}</span>', foreign(customer), phone)
