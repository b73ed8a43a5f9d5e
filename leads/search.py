"""Searches leads: by the customer's name and number, the details, and the external id as a whole."""

from typing import Final

from django.db.models import QuerySet

from conversations.search.pages import FoundPages, search
from leads.models import Lead

_CUSTOMER: Final = "conversation__customer__"
_IDS: Final = ("external_id", f"{_CUSTOMER}whatsapp_user_id")


def search_leads(leads: QuerySet[Lead], term: str) -> FoundPages[Lead]:
    """Return the leads that match the term. Raises TooManyWords."""
    return search(leads, term, customer=_CUSTOMER, text="details", exact=_IDS)
