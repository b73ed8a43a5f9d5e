"""The base of every viewset: rows of the business whose key was sent. Rows of other businesses answer 404."""

from collections.abc import Mapping
from functools import cache, partial
from typing import Any, ClassVar, TypeVar, cast
from uuid import UUID

from django.db.models import Model, QuerySet
from django_filters import MultipleChoiceFilter
from rest_framework.mixins import ListModelMixin
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.viewsets import GenericViewSet

from leadsite.accounts.authentication import KeyInUse
from leadsite.accounts.models import User
from leadsite.core.postgresql.replica import read_from_replica
from leadsite.rest.known_names import check_no_body, check_parameters

Row = TypeVar("Row", bound=Model)


# Without a docstring: drf-spectacular would use it as the description of every viewset without one.
class OwnedViewSet(GenericViewSet[Row]):
    lookup_value_converter = "uuid"
    # Of an action: @action(..., takes_body=True).
    takes_body = False
    # Query parameters of actions other than `list`, and whether they can be given several times.
    parameters: ClassVar[Mapping[str, Mapping[str, bool]]] = {}

    @property
    def user_id(self) -> UUID:
        """The calling business."""
        return cast(User, self.request.user).pk

    @property
    def may_read(self) -> bool:
        """Whether the key has the scope `read`: without it no answer tells what is stored, but for ids."""
        return isinstance(self.request.auth, KeyInUse) and "read" in self.request.auth.scopes

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        """Check the key and its scope, then refuse unknown parameters, and a body where none is read."""
        super().initial(request, *args, **kwargs)
        if self.action in (None, "metadata"):  # answered with 405
            return
        own = self.parameters.get(self.action, {})
        check_parameters(request, _list_parameters(type(self)) if self.action == "list" else own)
        # Serializers refuse the unknown fields of bodies that are read: StrictSerializer.
        if not self.takes_body and self.action not in ("create", "partial_update"):
            check_no_body(request)

    def get_queryset(self) -> QuerySet[Row]:
        return super().get_queryset().filter(user=self.user_id)

    def filter_queryset(self, queryset: QuerySet[Row, Any]) -> QuerySet[Row, Any]:
        """Apply filters to lists only: a single row is found by its id whatever the query parameters are."""
        return super().filter_queryset(queryset) if self.action == "list" else queryset


# Without a docstring, as OwnedViewSet.
class ReplicaListMixin(ListModelMixin):
    # A list that a replica may answer: Note [Replica]. Override `list_rows`, not `list`.
    user_id: UUID

    def list(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        return read_from_replica(partial(self.list_rows, request, *args, **kwargs), user_id=self.user_id)

    def list_rows(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        return super().list(request, *args, **kwargs)


@cache
def _list_parameters(viewset: type[OwnedViewSet[Any]]) -> Mapping[str, bool]:
    """The query parameters of a list, and whether they can be given several times."""
    filters = getattr(getattr(viewset, "filterset_class", None), "base_filters", {})
    backends = [backend.parameter for backend in viewset.filter_backends if hasattr(backend, "parameter")]
    pages = getattr(viewset.pagination_class, "parameters", ())
    return {
        **{name: isinstance(one, MultipleChoiceFilter) for name, one in filters.items()},
        **dict.fromkeys([*backends, *pages], False),
    }
