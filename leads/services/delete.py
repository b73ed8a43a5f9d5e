"""Services that delete a lead and bring it back, with its conversation. Many at a time: leads/bulk/.

A conversation is deleted with its last lead, in the same transaction, and comes back with the first that is restored.
Deleted rows stay in their tables until the worker removes them after DELETED_DAYS: statuses and repeated deliveries
still find their messages. What waits to be sent in a deleted conversation is not sent: Leased in
conversations/models/outgoing/outbox.py.
"""

from typing import NamedTuple
from uuid import UUID

from django.db import IntegrityError, transaction
from django.utils.translation import gettext_noop

from leads.models import Lead
from leads.services.change import check_version, lock_customer_of, unknown_lead
from leads.services.refusals import ExternalIdTaken, refusal_of
from leadsite.core.transactions import retried


class Deletion(NamedTuple):
    lead_id: UUID
    conversation_id: UUID
    conversation_deleted: bool


class Restoration(NamedTuple):
    """`conversation_restored`: it was deleted too. `restored`: False where the lead was not deleted."""

    lead_id: UUID
    conversation_id: UUID
    conversation_restored: bool
    restored: bool


@retried(operation="delete lead")
def delete_lead(*, user_id: UUID, lead_id: UUID, person_id: UUID | None, version: int | None = None) -> Deletion:
    """Delete a lead of the business, and its conversation where it was the last one there. Opens the transaction.

    `person_id`: who deletes it; None where no person is known. `version`: the one that the client read; None accepts
    any. Raises UnknownLead, also where it is deleted already; StaleVersion; django.db.Error.
    """
    # The customer may write at the same moment: who locks the customer's row first decides whether the message joins
    # the conversation, or finds none and opens a new one. See Note [Lock order] in create.py.
    with transaction.atomic():
        lock_customer_of(user_id=user_id, lead_id=lead_id)
        lead = Lead.objects.filter(user_id=user_id, pk=lead_id).first()
        if lead is None:
            raise unknown_lead()
        check_version(lead, version)
        _, emptied = Lead.objects.delete_with_conversations([lead_id], person_id=person_id)
        return Deletion(lead_id, lead.conversation_id, bool(emptied))


def restore_lead(*, user_id: UUID, lead_id: UUID) -> Restoration:
    """Bring a deleted lead of the business back, and its conversation where that is deleted too. A conversation that
    was active is completed now where the customer has another active one, and does not wait for an answer. A lead that
    is not deleted stays as it is.
    Opens the transaction.

    Raises UnknownLead; ExternalIdTaken where another lead has its external id by now; django.db.Error.
    """
    try:
        return _restore_lead(user_id=user_id, lead_id=lead_id)
    except IntegrityError as error:
        # A request has just created a lead with this external id.
        if isinstance(refusal_of(error), ExternalIdTaken):
            raise _taken(None) from error
        raise


@retried(operation="restore lead")
def _restore_lead(*, user_id: UUID, lead_id: UUID) -> Restoration:
    # As in delete_lead: a customer who writes at the same moment opens a conversation before this, or joins this one.
    with transaction.atomic():
        lock_customer_of(user_id=user_id, lead_id=lead_id)
        lead = Lead.all_objects.filter(user_id=user_id, pk=lead_id).first()
        if lead is None:
            raise unknown_lead()
        if lead.deleted_at is None:
            return Restoration(lead_id, lead.conversation_id, False, restored=False)
        restored, brought = Lead.objects.restore_with_conversations([lead_id])
        if not restored:
            raise _taken(lead.external_id)
        return Restoration(lead_id, lead.conversation_id, bool(brought), restored=True)


def _taken(external_id: str | None) -> ExternalIdTaken:
    return ExternalIdTaken(
        gettext_noop(
            "The lead cannot be restored: another lead has its external id “%(external_id)s” by now. Delete that one"
            " first."
        )
        % {"external_id": external_id or ""},
        field="external_id",
        constraint="leads_external_id_unique",
        sqlstate="23505",
    )
