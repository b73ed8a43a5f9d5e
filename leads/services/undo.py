"""Services that undo an import: remove the leads that it created, and give back what it changed in others.

What has been changed since by somebody else stays. Of a lead that the import changed, ImportChange has the former
values of the changed fields; a field that still has the value which the import wrote gets the former one back.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from django.db import transaction
from django.db.models import Exists, OuterRef

from conversations.models import Conversation, Customer, Message, Note
from conversations.services.locking import lock_customers_of
from leads.models import ImportChange, Lead, LeadContents
from leads.services.import_rows import wait_for_whole_file
from leadsite.core import clock
from leadsite.core.statements import delete_rows
from leadsite.core.transactions import end_if_idle, retried

# The columns of a lead that an import changes.
_CONTENTS: Final = LeadContents._fields[1:]
_CUSTOMER: Final = "conversation__customer_id"


@dataclass(frozen=True, slots=True)
class UndoStep:
    """The last lead or customer processed (None: there are no more), how many were undone, and how many stay."""

    last_id: UUID | None = None
    undone: int = 0
    remaining: int = 0


@dataclass(slots=True)
class Undone:
    """What an undo has done: leads removed, leads and names of customers given back, and those that stay because they
    have been changed since (of created leads also those that have new messages).
    """

    removed: int = 0
    left: int = 0
    restored: int = 0
    kept_changes: int = 0
    names_restored: int = 0
    names_kept: int = 0

    @property
    def remaining(self) -> int:
        return self.left + self.kept_changes + self.names_kept


@retried
def undo_leads(*, user_id: UUID, run_id: UUID, before: UUID | None, limit: int) -> UndoStep:
    """Remove the untouched ones among a run's newest `limit` leads before the id `before`. Opens the transaction.

    The lead's conversation is removed with it if it was created with it and is empty then, and the customer likewise.
    A lead is touched if it was changed since by anything but the run, or if the conversation created with it has
    messages or private notes, or was closed, assigned, labelled or snoozed. Newest first, so that a conversation's own
    lead is processed after the leads that joined it.

    Raises django.db.Error.
    """
    # The customer may write, and staff may change the lead, at the same moment: each waits for the customer's row.
    with transaction.atomic():
        end_if_idle()
        wait_for_whole_file(user_id=user_id)
        newest = Lead.objects.filter(import_run_id=run_id).order_by("-pk")
        if before is not None:
            newest = newest.filter(pk__lt=before)
        owners = dict(newest.values_list("pk", _CUSTOMER)[:limit])
        if not owners:
            return UndoStep()
        customers = lock_customers_of(Lead, _CUSTOMER, owners)
        changes = ImportChange.objects.filter(run=run_id)
        own_changes = {change.lead_id: change for change in changes.filter(lead__in=list(owners))}
        renamed_at = dict(changes.filter(customer__in=list(customers)).values_list("customer_id", "updated_at"))
        leads = _locked(list(owners))
        written = _written_in(leads)
        untouched = [lead for lead in leads if _is_untouched(lead, own_changes.get(lead.pk), written)]
        _remove(untouched)
        emptied = {lead.conversation_id for lead in untouched if _brought_conversation(lead, own_changes.get(lead.pk))}
        _remove_emptied(customers, emptied, renamed_at)
        return UndoStep(list(owners)[-1], len(untouched), len(owners) - len(untouched))


@retried
def restore_leads(*, user_id: UUID, run_id: UUID, after: UUID | None, limit: int) -> UndoStep:
    """Give back what a run changed in the next `limit` leads after the id `after`. Opens the transaction.

    A field that has been changed since stays, and its lead counts as remaining. Leads that the run created are those of
    undo_leads. Raises django.db.Error.
    """
    # Staff may change the lead at the same moment: both wait for the customer's row.
    with transaction.atomic():
        end_if_idle()
        wait_for_whole_file(user_id=user_id)
        recorded = ImportChange.objects.filter(run=run_id, lead__isnull=False).order_by("lead")
        if after is not None:
            recorded = recorded.filter(lead__gt=after)
        changes = {change.lead_id: change for change in recorded[:limit] if change.lead_id is not None}
        if not changes:
            return UndoStep()
        chosen = Lead.objects.filter(pk__in=list(changes)).exclude(import_run=run_id)
        lock_customers_of(Lead, _CUSTOMER, dict(chosen.values_list("pk", _CUSTOMER)))
        leads = list(chosen.order_by("pk").select_for_update(of=("self",)))
        restored = Lead.objects.rewrite([_former(lead, changes[lead.pk]) for lead in leads])
        kept = {lead.pk for lead in leads if _is_changed(lead, changes[lead.pk])}
        _forget([change for lead_id, change in changes.items() if lead_id not in kept])
        return UndoStep(max(changes), len(restored), len(kept))


@retried
def restore_names(*, user_id: UUID, run_id: UUID, after: UUID | None, limit: int) -> UndoStep:
    """As restore_leads, for the names of customers. Opens the transaction. Raises django.db.Error."""
    # A colleague may rename the customer at the same moment: the customer's row is locked.
    with transaction.atomic():
        end_if_idle()
        wait_for_whole_file(user_id=user_id)
        recorded = ImportChange.objects.filter(run=run_id, customer__isnull=False).order_by("customer")
        if after is not None:
            recorded = recorded.filter(customer__gt=after)
        changes = {change.customer_id: change for change in recorded[:limit] if change.customer_id is not None}
        if not changes:
            return UndoStep()
        customers = Customer.objects.lock(set(changes))
        same = {customer.pk for customer in customers if customer.name == changes[customer.pk].after["name"]}
        Customer.objects.rename({customer_id: changes[customer_id].before["name"] for customer_id in same})
        _forget([changes[customer_id] for customer_id in same])
        return UndoStep(max(changes), len(same), len(changes) - len(same))


def _former(lead: Lead, change: ImportChange) -> LeadContents:
    """The lead with the former values of those fields that have not been changed since."""
    values = {name: getattr(lead, name) for name in _CONTENTS}
    values |= {name: change.before[name] for name, value in change.after.items() if values[name] == value}
    return LeadContents(lead.pk, **values)


def _is_changed(lead: Lead, change: ImportChange) -> bool:
    return any(getattr(lead, name) != value for name, value in change.after.items())


def _forget(changes: Collection[ImportChange]) -> None:
    """Delete the records of what has been given back, so that an interrupted call can be repeated."""
    delete_rows(ImportChange.objects.filter(pk__in=[change.pk for change in changes]))


def _locked(lead_ids: Sequence[UUID]) -> list[Lead]:
    """Lock leads with their conversations: who writes a note locks no customer, and is waited for here."""
    leads = Lead.objects.filter(pk__in=lead_ids).select_related("conversation")
    return list(leads.order_by("pk").select_for_update(of=("self", "conversation")))


def _written_in(leads: Sequence[Lead]) -> set[UUID]:
    """Those of the leads' conversations that have messages or notes. A separate statement, after they are locked: it
    sees what was committed by those that were waited for.
    """
    own = OuterRef("pk")
    texts = Exists(Message.objects.filter(conversation=own)) | Exists(Note.objects.filter(conversation=own))
    ids = {lead.conversation_id for lead in leads}
    return set(Conversation.objects.filter(texts, pk__in=ids).values_list("pk", flat=True))


def _remove(leads: Collection[Lead]) -> None:
    rows = Lead.all_objects.filter(pk__in=[lead.pk for lead in leads])
    # Marked first, because integrators have been told of them: the mark writes the event lead.deleted.
    now = clock.now()
    rows.update(deleted_at=now, updated_at=now)
    delete_rows(rows)


def _brought_conversation(lead: Lead, change: ImportChange | None) -> bool:
    """Lead and conversation were inserted in one transaction: both times are its start.

    Not the lead's created_at, which may be a date of the file; only for a lead that nobody but the run has changed.
    Where a later batch of the run has, the time before that (`change`) is the lead's first one.
    """
    return lead.conversation.created_at == (lead.updated_at if change is None else change.lead_updated_at)


def _is_untouched(lead: Lead, change: ImportChange | None, written: Collection[UUID]) -> bool:
    """`change`: what the run has changed in the lead after it had created it, None where it has changed nothing.
    `written`: the conversations with messages or notes.
    """
    # Each change counts the version, so there is one more than the run's where somebody else has changed the lead too.
    if lead.version != 1 + (0 if change is None else change.times):
        return False
    thread = lead.conversation
    return not _brought_conversation(lead, change) or (thread.pk not in written and not _is_worked_on(thread, lead))


def _is_worked_on(thread: Conversation, lead: Lead) -> bool:
    """Whether somebody has closed, labelled, snoozed or assigned the conversation of a lead that nobody has changed."""
    # A lead that is somebody's in turn has given the conversation its assignee, in the transaction that opened it.
    is_assigned = thread.assigned_to_id != lead.assigned_to_id and thread.updated_at != thread.created_at
    is_open = thread.status == Conversation.Status.ACTIVE
    return not is_open or is_assigned or bool(thread.label_ids) or thread.snoozed_until is not None


def _remove_emptied(
    customers: dict[UUID, Customer], conversation_ids: Collection[UUID], renamed_at: Mapping[UUID, datetime]
) -> None:
    """Remove those conversations that are empty, and the customers that were created with them and not changed since.

    `renamed_at`: when the run has last changed the names of customers.
    """
    own = OuterRef("pk")
    emptied = list(
        Conversation.objects.filter(pk__in=conversation_ids).exclude(
            Exists(Lead.all_objects.filter(conversation=own)) | Exists(Message.objects.filter(conversation=own))
        )
    )
    delete_rows(Conversation.objects.filter(pk__in=[conversation.pk for conversation in emptied]))
    created_with_them = [
        customer.pk
        for conversation in emptied
        if (customer := customers.get(conversation.customer_id)) is not None
        and customer.created_at == conversation.created_at
        and customer.updated_at == renamed_at.get(customer.pk, customer.created_at)
    ]
    has_another = Exists(Conversation.all_objects.filter(customer=own))
    delete_rows(Customer.objects.filter(pk__in=created_with_them).exclude(has_another))
