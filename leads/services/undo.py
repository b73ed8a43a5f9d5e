"""Service that removes leads that an import created and that have not been changed since."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import Exists, OuterRef, QuerySet

from conversations.models import Conversation, Customer, Message
from leads.models import Lead
from leadsite.core.transactions import end_if_idle, retried


@dataclass(frozen=True, slots=True)
class UndoStep:
    """The last lead processed (None: there are no more), and how many were removed and kept."""

    last_id: UUID | None = None
    removed: int = 0
    remaining: int = 0


@retried
def undo_leads(*, run_id: UUID, before: UUID | None, limit: int) -> UndoStep:
    """Remove the untouched ones among a run's newest `limit` leads before the id `before`. Opens the transaction.

    The lead's conversation is removed with it if it was created with it and is empty then, and the customer likewise.
    A lead is touched if it was changed, or if the conversation created with it has messages or was closed. Newest
    first, so that a conversation's own lead is processed after the leads that joined it.

    Raises django.db.Error.
    """
    # The customer may write, and staff may change the lead, at the same moment: each waits for the customer's row.
    with transaction.atomic():
        end_if_idle()
        newest = Lead.objects.filter(import_run_id=run_id).order_by("-pk")
        if before is not None:
            newest = newest.filter(pk__lt=before)
        owners = dict(newest.values_list("pk", "conversation__customer_id")[:limit])
        if not owners:
            return UndoStep()
        customers = {customer.pk: customer for customer in Customer.objects.lock(set(owners.values()))}
        untouched = [lead for lead in _locked(list(owners)) if _is_untouched(lead)]
        _delete(Lead.objects.filter(pk__in=[lead.pk for lead in untouched]))
        _remove_emptied(customers, {lead.conversation_id for lead in untouched if _brought_conversation(lead)})
        return UndoStep(list(owners)[-1], len(untouched), len(owners) - len(untouched))


def _locked(lead_ids: Sequence[UUID]) -> list[Lead]:
    has_messages = Exists(Message.objects.filter(conversation=OuterRef("conversation")))
    leads = Lead.objects.filter(pk__in=lead_ids).select_related("conversation").annotate(has_messages=has_messages)
    return list(leads.order_by("pk").select_for_update(of=("self",)))


def _brought_conversation(lead: Lead) -> bool:
    """Lead and conversation were inserted in one transaction: both times are its start.

    Not the lead's created_at, which may be a date of the file; only for a lead that has not been changed since.
    """
    return lead.conversation.created_at == lead.updated_at


def _is_untouched(lead: Lead) -> bool:
    if lead.version != 1:
        return False
    is_open = lead.conversation.status == Conversation.Status.ACTIVE
    return not _brought_conversation(lead) or (is_open and not lead.has_messages)  # type: ignore[attr-defined] # see _locked


def _remove_emptied(customers: dict[UUID, Customer], conversation_ids: Collection[UUID]) -> None:
    """Remove those conversations that are empty, and the customers that were created with them."""
    own = OuterRef("pk")
    emptied = list(
        Conversation.objects.filter(pk__in=conversation_ids).exclude(
            Exists(Lead.objects.filter(conversation=own)) | Exists(Message.objects.filter(conversation=own))
        )
    )
    _delete(Conversation.objects.filter(pk__in=[conversation.pk for conversation in emptied]))
    created_with_them = [
        customer.pk
        for conversation in emptied
        if (customer := customers.get(conversation.customer_id)) is not None
        and customer.created_at == conversation.created_at == customer.updated_at
    ]
    has_another = Exists(Conversation.objects.filter(customer=own))
    _delete(Customer.objects.filter(pk__in=created_with_them).exclude(has_another))


def _delete(rows: QuerySet[Any]) -> None:
    """Delete rows by one statement. Django's delete() runs one for each hundred, and queries for references, which the
    foreign keys check anyway.
    """
    rows._raw_delete(rows.db)
