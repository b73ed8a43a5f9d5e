"""The REST resource of a row's history. An app makes a viewset of its own for each of its kinds of rows."""

from collections.abc import Callable, Mapping
from typing import Any, ClassVar, Final
from uuid import UUID

from django.db.models import Model, QuerySet
from drf_spectacular.utils import extend_schema_field, extend_schema_view
from rest_framework import serializers
from rest_framework.generics import get_object_or_404

from leadsite.audit.history import action_of, changes_of, entries_of
from leadsite.audit.models import AuditEntry
from leadsite.core.postgresql.actors import ActorKind
from leadsite.rest.pagination import NewestFirst
from leadsite.rest.schema import reading
from leadsite.rest.viewsets import OwnedViewSet, ReplicaListMixin

ACTIONS = ("insert", "update", "delete", "restore")


class ActorSerializer(serializers.Serializer[AuditEntry]):
    kind = serializers.ChoiceField(
        choices=[kind.value for kind in ActorKind],
        source="actor_kind",
        help_text="A person, an API key, an import, a WhatsApp delivery, a database role, a command, or the worker.",
    )
    name = serializers.CharField(
        source="actor_name", help_text="As it was called then: of the person, the key, the imported file, …"
    )


_CHANGES: Final = {
    "type": "object",
    "description": "By name of the column: its values before and after. Columns of times and counters are left out. Of"
    " customers that were merged, `merged_into` and `merged_from` have the id of the other one.",
    "additionalProperties": {"type": "array", "items": {}, "minItems": 2, "maxItems": 2},
    "examples": [{"status": ["new", "contacted"]}],
}


class HistorySerializer(serializers.Serializer[AuditEntry]):
    at = serializers.DateTimeField()
    actor = ActorSerializer(source="*")
    action = serializers.SerializerMethodField()
    changes = serializers.SerializerMethodField()

    @extend_schema_field(serializers.ChoiceField(choices=ACTIONS))
    def get_action(self, entry: AuditEntry) -> str:
        return action_of(entry)

    @extend_schema_field(_CHANGES)
    def get_changes(self, entry: AuditEntry) -> dict[str, list[Any]]:
        return {name: list(values) for name, values in changes_of(entry).items()}


class InOrder(NewestFirst):
    """Pages by the order of the changes."""

    orderings: ClassVar[Mapping[str, str]] = {"-at": "-id", "at": "id"}
    positions: ClassVar[Mapping[str, Callable[[str], Any]]] = {"id": int}


@extend_schema_view(list=reading("Who changed it, and what, newest first", HistorySerializer(many=True), 400, 404))
class HistoryViewSet(ReplicaListMixin, OwnedViewSet[AuditEntry]):
    """The changes of one row of the caller, newest first. `rows` are those of the model, deleted ones too."""

    queryset = AuditEntry.objects.all()
    serializer_class = HistorySerializer
    pagination_class = InOrder
    rows: QuerySet[Any]
    row_kwarg: str

    def get_queryset(self) -> QuerySet[AuditEntry]:
        """Raises Http404 where the row is not the caller's."""
        row_id: UUID = self.kwargs[self.row_kwarg]
        model: type[Model] = self.rows.model
        get_object_or_404(self.rows.filter(user=self.user_id).only("pk"), pk=row_id)
        return entries_of(model._meta.db_table, row_id)
