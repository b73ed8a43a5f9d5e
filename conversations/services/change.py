"""Service that changes conversations."""

from collections.abc import Collection, Mapping
from typing import Any, Final
from uuid import UUID

import psycopg
from django.db import IntegrityError, transaction
from django.utils.translation import gettext_noop

from conversations.models import Conversation, Customer
from conversations.services.waiting import note_status
from leadsite.accounts.people.assigning import UNKNOWN_PERSON, may_be_assigned, stays_with_leaver
from leadsite.core import clock
from leadsite.core.transactions import retried

NO_CONVERSATION: Final = gettext_noop("There is no such conversation.")


class ConversationRefused(Exception):
    """The change is not allowed; nothing was written."""


class UnknownConversation(ConversationRefused):
    """The business has no such conversation."""


class ValueRefused(ConversationRefused):
    """This value of a field is not possible: an assignee of another business, a snooze of what is closed."""

    def __init__(self, field: str, words: str) -> None:
        super().__init__(words)
        self.field, self.message = field, words


class AnotherActive(ConversationRefused):
    """The customer has another active conversation, and can have one only."""


def change_conversation(
    *,
    user_id: UUID,
    conversation_id: UUID,
    changes: Mapping[str, Any],
    may_assign: bool = False,
    labels_seen: Collection[UUID] | None = None,
) -> Conversation:
    """Change a conversation and return it. Opens the transaction.

    `changes`: new values of status, assigned_to_id, snoozed_until, label_ids. `may_assign`: the caller has checked the
    assignee; otherwise it can be assigned to a person of the business. The caller has found the labels among those of
    the business. `labels_seen`: those that the person saw when choosing; what others have put on or taken off since
    then stays so. Completing or archiving ends the snooze.
    Raises UnknownConversation, ValueRefused, AnotherActive; django.db.Error.
    """
    try:
        return _change_conversation(user_id, conversation_id, changes, may_assign, labels_seen)
    except IntegrityError as error:
        cause = error.__cause__
        if isinstance(cause, psycopg.Error) and cause.diag.constraint_name == "conversations_one_active":
            raise AnotherActive(
                gettext_noop("This customer has another active conversation: complete that one first.")
            ) from error
        raise


@retried
def _change_conversation(
    user_id: UUID,
    conversation_id: UUID,
    changes: Mapping[str, Any],
    may_assign: bool,
    labels_seen: Collection[UUID] | None,
) -> Conversation:
    # The customer may write at the same moment: the lock of the customer's row orders closing and reopening.
    with transaction.atomic():
        customer = Customer.objects.lock_owner_of(user_id=user_id, conversations=conversation_id)
        conversation = Conversation.objects.select_related("customer").filter(pk=conversation_id).first()
        if customer is None or conversation is None:
            raise UnknownConversation(NO_CONVERSATION)
        changes = _completed(changes, conversation, labels_seen)
        changed = {column: value for column, value in changes.items() if getattr(conversation, column) != value}
        if not may_assign:
            _check_assignee(user_id, conversation, changed)
        for column, value in changed.items():
            setattr(conversation, column, value)
        if changed:
            conversation.updated_at = clock.now()
            conversation.save(update_fields=[*changed, "updated_at"])
        if "status" in changed:
            note_status(conversation=conversation)
        return conversation


def _completed(
    changes: Mapping[str, Any], conversation: Conversation, labels_seen: Collection[UUID] | None
) -> Mapping[str, Any]:
    """Return the changes with what follows from them. Raises ValueRefused."""
    if "label_ids" in changes:
        wanted = set(changes["label_ids"])
        if labels_seen is not None:
            seen = set(labels_seen)
            wanted = (set(conversation.label_ids) | wanted - seen) - (seen - wanted)
        changes = {**changes, "label_ids": sorted(wanted)}
    if changes.get("status", conversation.status) == Conversation.Status.ACTIVE:
        opens = conversation.status != Conversation.Status.ACTIVE
        if opens and stays_with_leaver(conversation.user_id, conversation.assigned_to_id, changes):
            return {**changes, "assigned_to_id": None}
        return changes
    if changes.get("snoozed_until"):
        raise ValueRefused("snoozed_until", "Only an active conversation can be snoozed.")
    return {**changes, "snoozed_until": None} if "status" in changes else changes


def _check_assignee(user_id: UUID, conversation: Conversation, changed: Mapping[str, Any]) -> None:
    """Raises ValueRefused."""
    person = changed.get("assigned_to_id")
    present = conversation.assigned_to_id
    if person is not None and not may_be_assigned(business_id=user_id, person_id=person, present=present):
        raise ValueRefused("assigned_to", UNKNOWN_PERSON)
