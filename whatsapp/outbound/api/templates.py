"""REST resource of message templates: those that Meta has listed, and a request to read them again."""

from typing import Any, Final

import django_filters
from django.db.models import QuerySet
from django_filters.rest_framework import DjangoFilterBackend
from drf_spectacular.utils import OpenApiResponse, extend_schema, extend_schema_view
from rest_framework import serializers, status
from rest_framework.decorators import action
from rest_framework.mixins import ListModelMixin, RetrieveModelMixin
from rest_framework.request import Request
from rest_framework.response import Response

from leadsite.rest.pagination import NewestFirst
from leadsite.rest.schema import A_TIME, AN_ID, WRITING, errors, example, reading
from leadsite.rest.viewsets import OwnedViewSet
from whatsapp.message_templates.fields import fields_of
from whatsapp.message_templates.refreshing import readings_of, request_refresh
from whatsapp.message_templates.rendering import render
from whatsapp.message_templates.statuses import problem_of_status
from whatsapp.models import MessageTemplate

_LISTING: Final = (
    "As Meta has listed them: every ten minutes, and when you ask for it. Send one by `POST /api/whatsapp` or in a"
    " conversation, with `template: {name, language, components}`. Templates at Twilio are not listed."
)
_REFRESHING: Final = (
    "A worker reads the templates of all your accounts at Meta within seconds. The answer says when each was last read"
    " before, and why that failed."
)


class TemplateFieldSerializer(serializers.Serializer[Any]):
    """A value that a message gives a template."""

    name = serializers.CharField(help_text="Its part and its placeholder: `body.1`, `header.media`, `button.0`.")
    label = serializers.CharField(help_text="For people.")  # type: ignore[assignment] # a field named label
    kind = serializers.CharField(help_text="The type of Meta's parameter: `text`, `image`, `coupon_code` …")
    text = serializers.CharField(help_text="The words in which it stands.")
    example = serializers.CharField(help_text="As it was given to Meta for approval.")


@example(
    answered={
        "id": AN_ID,
        "name": "cake_ready",
        "language": "en_US",
        "category": "utility",
        "status": "approved",
        "problem": "",
        "text": "Hello {{1}}, your cake is ready",
        "fields": [
            {"name": "body.1", "label": "Text 1", "kind": "text", "text": "Hello {{1}}, your cake", "example": "Amina"}
        ],
        "components": [{"type": "BODY", "text": "Hello {{1}}, your cake is ready"}],
        "account_id": "102290129340398",
        "created_at": A_TIME,
        "updated_at": A_TIME,
    }
)
class TemplateSerializer(serializers.ModelSerializer[MessageTemplate]):
    """A template of an account at Meta."""

    category = serializers.CharField(help_text="What Meta charges it as: `marketing`, `utility`, `authentication`.")
    status = serializers.CharField(help_text="`approved`, `pending`, `rejected`, `paused` …, as Meta has said last.")
    problem = serializers.SerializerMethodField(help_text="Why it cannot be sent at present; empty where it can.")
    text = serializers.SerializerMethodField(help_text="What the customer reads, with its placeholders.")
    fields = serializers.SerializerMethodField(help_text="The values it needs, from top to bottom.")  # type: ignore[assignment] # a field named fields
    components = serializers.ListField(child=serializers.DictField(), help_text="As Meta lists them.")
    account_id = serializers.CharField(source="waba_id", help_text="Meta's id of the WhatsApp Business account.")

    class Meta:
        model = MessageTemplate
        fields = (
            *("id", "name", "language", "category", "status", "problem", "text", "fields", "components"),
            *("account_id", "created_at", "updated_at"),
        )

    def get_problem(self, template: MessageTemplate) -> str:
        return problem_of_status(template.status)

    def get_text(self, template: MessageTemplate) -> str:
        return render(template.components, None)
