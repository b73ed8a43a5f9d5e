"""What the timeline of a customer says about merges: with whom, by the name as it was, or is."""

from collections.abc import Collection, Mapping
from typing import Any
from uuid import UUID

from django.utils.translation import gettext

from conversations.models import Customer
from leads.models import CustomerMerge
from leadsite.audit.history import MERGED_INTO
from leadsite.audit.sentences import say_field


def _names(ids: Collection[UUID]) -> dict[UUID, str]:
    """Those of customers who are there, and the former ones of those who are part of another."""
    former = {merge.source_id: str(merge) for merge in CustomerMerge.objects.filter(source_id__in=ids).order_by("pk")}
    return former | {customer.pk: str(customer) for customer in Customer.objects.filter(pk__in=ids)}


def _into(before: Any, after: Any, names: Mapping[str, str]) -> str:
    words = gettext("merged it into “%(customer)s”") if after else gettext("undid the merge into “%(customer)s”")
    return words % {"customer": _name(after or before, names)}


def _from(before: Any, after: Any, names: Mapping[str, str]) -> str:
    words = gettext("merged “%(customer)s” into it") if after else gettext("undid the merge of “%(customer)s”")
    return words % {"customer": _name(after or before, names)}


def _name(customer_id: str, names: Mapping[str, str]) -> str:
    # Who was erased has no name any more.
    return names.get(customer_id) or gettext("(deleted)")


say_field(MERGED_INTO, _into, naming=_names)
say_field("merged_from", _from, naming=_names)
