"""REST resource of the people of a business: to whom leads and conversations can be assigned."""

from typing import Any

from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema_view
from rest_framework import serializers
from rest_framework.mixins import ListModelMixin

from leadsite.accounts.models import Membership
from leadsite.rest.schema import AN_ID, example, reading
from leadsite.rest.viewsets import OwnedViewSet


@example(answered={"id": AN_ID, "name": "Bella Rossi", "email": "bella@bakery.example", "role": "owner"})
class PersonSerializer(serializers.ModelSerializer[Membership]):
    """Somebody who works for the business."""

    id = serializers.UUIDField(source="person_id", help_text="For `assigned_to`.")
    name = serializers.CharField(source="person.name")
    email = serializers.EmailField(source="person.email")

    class Meta:
        model = Membership
        fields = ["id", "name", "email", "role"]
        read_only_fields = fields


@extend_schema_view(list=reading("The people who work for the business", PersonSerializer(many=True), 400))
class PersonViewSet(ListModelMixin, OwnedViewSet[Membership]):
    """The people of the caller's business who can log in, the last to join first."""

    queryset = Membership.objects.all()
    serializer_class = PersonSerializer

    def get_queryset(self) -> QuerySet[Any]:
        return Membership.objects.of_business(self.user_id)
