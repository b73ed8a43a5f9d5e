"""REST resource of the labels of a business, which conversations name."""

from drf_spectacular.utils import extend_schema_view
from rest_framework import serializers
from rest_framework.mixins import ListModelMixin

from conversations.models import Label
from leadsite.rest.schema import AN_ID, example, reading
from leadsite.rest.viewsets import OwnedViewSet


@example(answered={"id": AN_ID, "name": "Wedding", "colour": "purple"})
class LabelSerializer(serializers.ModelSerializer[Label]):
    """A label. Owners manage them in the admin."""

    class Meta:
        model = Label
        fields = ["id", "name", "colour"]
        read_only_fields = fields


@extend_schema_view(list=reading("The labels for conversations", LabelSerializer(many=True), 400))
class LabelViewSet(ListModelMixin, OwnedViewSet[Label]):
    """The labels of the caller's business, the newest first."""

    queryset = Label.objects.all()
    serializer_class = LabelSerializer
