"""The base of every viewset: rows of the business whose key was sent. Rows of other businesses answer 404."""

from typing import Any, TypeVar, cast
from uuid import UUID

from django.db.models import Model, QuerySet
from rest_framework.viewsets import GenericViewSet

from leadsite.accounts.models import User

Row = TypeVar("Row", bound=Model)


# Without a docstring: drf-spectacular would use it as the description of every viewset without one.
class OwnedViewSet(GenericViewSet[Row]):
    lookup_value_converter = "uuid"

    @property
    def user_id(self) -> UUID:
        """The calling business."""
        return cast(User, self.request.user).pk

    def get_queryset(self) -> QuerySet[Row]:
        return super().get_queryset().filter(user=self.user_id)

    def filter_queryset(self, queryset: QuerySet[Row, Any]) -> QuerySet[Row, Any]:
        """Apply filters to lists only: a single row is found by its id whatever the query parameters are."""
        return super().filter_queryset(queryset) if self.action == "list" else queryset
