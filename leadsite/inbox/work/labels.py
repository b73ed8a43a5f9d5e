"""Labels of conversations: which there are, and which a chat has."""

from collections.abc import Collection, Mapping
from uuid import UUID

from django.db.models.functions import Lower

from conversations.models import MOST_LABELS, Label
from leadsite.inbox.access import Viewer


def labels_of(viewer: Viewer) -> dict[UUID, Label]:
    """Return the labels of the business, by name; one statement."""
    rows = Label.objects.filter(user_id=viewer.business_id).order_by(Lower("name"))
    return {label.pk: label for label in rows[:MOST_LABELS]}


def chosen_of(labels: Mapping[UUID, Label], ids: Collection[UUID]) -> list[Label]:
    """Return those with these ids, in their order: ids of labels that were deleted are left out."""
    return [label for id_, label in labels.items() if id_ in ids]
