"""Service that deletes labels."""

from typing import Final
from uuid import UUID

from django.contrib.postgres.fields import ArrayField
from django.db import models, transaction
from django.db.models import F, Func, Value

from conversations.models import Conversation, Label
from leadsite.core.transactions import retried

AT_ONCE: Final = 1000
_IDS: Final = ArrayField(models.UUIDField())


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
    # Somebody may change the labels of one of them at the same moment: each is changed under its lock.
    with transaction.atomic():
        theirs = Conversation.all_objects.filter(user_id=user_id, label_ids__contains=[label_id]).exclude(label_ids=[])
        ids = list(theirs.order_by("pk").select_for_update(no_key=True).values_list("pk", flat=True)[:AT_ONCE])
        rest = Func(F("label_ids"), Value(label_id), function="array_remove", output_field=_IDS)
        return Conversation.all_objects.filter(pk__in=ids).update(label_ids=rest)
