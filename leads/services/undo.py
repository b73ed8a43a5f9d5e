"""Service that takes back what an import has made and nobody has touched since."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from uuid import UUID

from django.db import transaction
from django.db.models import Exists, OuterRef

from conversations.models import Conversation, Customer, Message
from leads.models import Lead
from leadsite.core.transactions import retried


@dataclass(frozen=True, slots=True)
class UndoStep:
    """The last lead that was looked at (None: there are no more), and how many were removed and left."""

    last_id: UUID | None = None
    removed: int = 0
    remaining: int = 0


@retried
def undo_leads(*, run_id: UUID, before: UUID | None, most: int) -> UndoStep:
    """Remove of a run's newest `most` leads before `before` those that nobody has touched. Opens the transaction.

    A lead goes with its conversation where that came with it and nothing else is in it, and with the customer where
    that came with it too and has nothing else. Touched: the lead was changed, or its own conversation has messages or
    was closed. The newest first, so that a conversation goes with the lead by which it came, after those that joined.

    Raises django.db.Error.
    """
    # A customer may write at this moment, and staff may open the lead: each waits for the customer's row.
    with transaction.atomic():
        newest = Lead.objects.filter(import_run_id=run_id).order_by("-pk")
        if before is not None:
            newest = newest.filter(pk__lt=before)
        owners = dict(newest.values_list("pk", "conversation__customer_id")[:most])
        if not owners:
            return UndoStep()
        customers = {customer.pk: customer for customer in Customer.objects.lock(set(owners.values()))}
        untouched = [lead for lead in _locked(list(owners)) if _is_untouched(lead)]
        Lead.objects.filter(pk__in=[lead.pk for lead in untouched]).delete()
        _remove_emptied(customers, {lead.conversation_id for lead in untouched if _brought_conversation(lead)})
        return UndoStep(list(owners)[-1], len(untouched), len(owners) - len(untouched))


def _locked(lead_ids: Sequence[UUID]) -> list[Lead]:
    has_messages = Exists(Message.objects.filter(conversation=OuterRef("conversation")))
    leads = Lead.objects.filter(pk__in=lead_ids).select_related("conversation").annotate(has_messages=has_messages)
    return list(leads.order_by("pk").select_for_update(of=("self",)))


def _brought_conversation(lead: Lead) -> bool:
    """Both are of one transaction, whose time both bear."""
    return lead.conversation.created_at == lead.created_at


def _is_untouched(lead: Lead) -> bool:
    if lead.version != 1:
        return False
    is_open = lead.conversation.status == Conversation.Status.ACTIVE
    return not _brought_conversation(lead) or (is_open and not lead.has_messages)  # type: ignore[attr-defined] # see _locked


def _remove_emptied(customers: dict[UUID, Customer], conversation_ids: Collection[UUID]) -> None:
    """Remove those of the conversations that have nothing in them, and the customers who came with them."""
    own = OuterRef("pk")
    emptied = list(
        Conversation.objects.filter(pk__in=conversation_ids).exclude(
            Exists(Lead.objects.filter(conversation=own)) | Exists(Message.objects.filter(conversation=own))
        )
    )
    Conversation.objects.filter(pk__in=[conversation.pk for conversation in emptied]).delete()
    came_with_them = [
        customer.pk
        for conversation in emptied
        if (customer := customers.get(conversation.customer_id)) is not None
        and customer.created_at == conversation.created_at == customer.updated_at
    ]
    has_another = Exists(Conversation.objects.filter(customer=own))
    Customer.objects.filter(pk__in=came_with_them).exclude(has_another).delete()
