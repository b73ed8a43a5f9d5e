"""Services that find the labels of a business and of a conversation, and that create and delete one."""

from collections.abc import Collection, Iterable, Mapping
from typing import Final
from uuid import UUID

from django.contrib.postgres.fields import ArrayField
from django.core.exceptions import ValidationError
from django.db import models, transaction
from django.db.models import F, Func, Value
from django.db.models.functions import Lower
from django.utils.translation import gettext

from conversations.models import MOST_LABELS, Conversation, Label
from conversations.services.change import ConversationRefused
from conversations.services.locking import lock_customers_of
from conversations.visible_text import visible_text
from leadsite.accounts.models import User
from leadsite.core.transactions import retried

AT_ONCE: Final = 1000
_IDS: Final = ArrayField(models.UUIDField())


class UnknownLabel(ConversationRefused):
    """The business has no such label."""


class LabelRefused(ConversationRefused):
    """The label breaks a rule; nothing was written. The message is a sentence for the person."""


def labels_of(user_id: UUID) -> dict[UUID, Label]:
    """Return the labels of the business by their ids, in the order of their names; one statement."""
    rows = Label.objects.filter(user_id=user_id).order_by(Lower("name"))
    return {label.pk: label for label in rows[:MOST_LABELS]}


def chosen_of(labels: Mapping[UUID, Label], ids: Collection[UUID]) -> list[Label]:
    """Return those with these ids, in their order: ids of labels that were deleted are left out."""
    return [label for id_, label in labels.items() if id_ in ids]


def find_labels(*, user_id: UUID, given: Iterable[str]) -> list[UUID]:
    """Return the ids of labels that are given by name, in any case, or by id; one statement. Raises UnknownLabel."""
    labels = labels_of(user_id)
    # The text is not in the error: it may be anything.
    known = {str(id_): id_ for id_ in labels} | {label.name.lower(): id_ for id_, label in labels.items()}
    found = [known.get(one.strip().lower()) for one in given]
    if None in found:
        which = "" if len(found) == 1 else f" as number {found.index(None) + 1} of these"
        raise UnknownLabel(f"There is no such label{which}. GET /api/labels lists them.")
    return [id_ for id_ in found if id_ is not None]


@retried
def create_label(*, user_id: UUID, name: str, colour: str) -> Label:
    """Create a label of the business. Opens the transaction. Raises LabelRefused; django.db.Error."""
    # Two people who create one at the same moment: the second counts, and finds the name of, the first.
    with transaction.atomic():
        User.objects.select_for_update(no_key=True).get(pk=user_id)
        if Label.objects.filter(user_id=user_id).count() >= MOST_LABELS:
            raise LabelRefused(
                gettext("There are %(most)s already, which is the most. Delete one that nobody uses.")
                % {"most": MOST_LABELS}
            )
        label = Label(user_id=user_id, name=visible_text(name).strip(), colour=colour)
        try:
            label.full_clean(exclude=["id", "user", "created_at"])
            label.validate_constraints()
        except ValidationError as error:
            raise LabelRefused(error.messages[0]) from error
        label.save(force_insert=True)
        return label


def delete_label(*, user_id: UUID, label_id: UUID) -> None:
    """Delete a label, and take it from the conversations that have it, deleted ones too. Opens transactions: the label
    is gone after the first, and nothing shows it any more. Raises django.db.Error.
    """
    _delete(user_id, label_id)
    while _take_off(user_id, label_id):
        pass


@retried
def _delete(user_id: UUID, label_id: UUID) -> None:
    with transaction.atomic():
        Label.objects.filter(user_id=user_id, pk=label_id).delete()


@retried
def _take_off(user_id: UUID, label_id: UUID) -> int:
    # Somebody may change the labels of one of them at the same moment: each is changed under the lock of its
    # customer.
    with transaction.atomic():
        theirs = Conversation.all_objects.filter(user_id=user_id, label_ids__contains=[label_id]).exclude(label_ids=[])
        owners = dict(theirs.order_by("pk").values_list("pk", "customer")[:AT_ONCE])
        lock_customers_of(Conversation, "customer", owners)
        rest = Func(F("label_ids"), Value(label_id), function="array_remove", output_field=_IDS)
        return Conversation.all_objects.filter(pk__in=list(owners)).update(label_ids=rest)
