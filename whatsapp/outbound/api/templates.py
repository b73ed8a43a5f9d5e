"""REST resource of message templates: those that Meta has listed, and a request to read them again."""

from dataclasses import asdict
from typing import Any, Final

import django_filters
from django_filters.rest_framework import DjangoFilterBackend
from drf_spectacular.utils import (
    OpenApiResponse,
    extend_schema,
    extend_schema_field,
    extend_schema_view,
    inline_serializer,
)
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


class TemplateParameterSerializer(serializers.Serializer[Any]):
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
        "parameters": [
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
    parameters = serializers.SerializerMethodField(help_text="The values it needs, from top to bottom.")
    components = serializers.ListField(child=serializers.DictField(), help_text="As Meta lists them.")
    account_id = serializers.CharField(source="waba_id", help_text="Meta's id of the WhatsApp Business account.")

    class Meta:
        model = MessageTemplate
        fields = (
            *("id", "name", "language", "category", "status", "problem", "text", "parameters", "components"),
            *("account_id", "created_at", "updated_at"),
        )

    def get_problem(self, template: MessageTemplate) -> str:
        return problem_of_status(template.status)

    def get_text(self, template: MessageTemplate) -> str:
        return render(template.components, None)

    @extend_schema_field(TemplateParameterSerializer(many=True))
    def get_parameters(self, template: MessageTemplate) -> list[dict[str, str]]:
        return [asdict(one) for one in fields_of(template.components)]


@example(answered={"success": True, "accounts": [{"account_id": "102290129340398", "read_at": A_TIME, "error": ""}]})
class RefreshSerializer(serializers.Serializer[Any]):
    """Templates will be read again."""

    success = serializers.BooleanField(default=True)
    accounts = serializers.ListField(
        child=inline_serializer(
            "TemplateAccount",
            {
                "account_id": serializers.CharField(),
                "read_at": serializers.DateTimeField(allow_null=True, help_text="When it was last read."),
                "error": serializers.CharField(help_text="Why that failed; empty where it did not."),
            },
        ),
        help_text="Those of your numbers whose account is known; none: nothing can be read.",
    )


class TemplateFilter(django_filters.FilterSet):
    name = django_filters.CharFilter(help_text="The whole name.")
    language = django_filters.CharFilter(help_text="Its code: `en_US`.")
    category = django_filters.CharFilter(help_text="`marketing`, `utility` or `authentication`.")
    status = django_filters.CharFilter(help_text="`approved`, `pending`, `rejected`, `paused` …")

    class Meta:
        model = MessageTemplate
        fields: list[str] = []


@extend_schema_view(
    list=reading("Templates, newest first", TemplateSerializer(many=True), description=_LISTING),
    retrieve=reading("One template", TemplateSerializer, 404),
)
class TemplateViewSet(ListModelMixin, RetrieveModelMixin, OwnedViewSet[MessageTemplate]):
    """The caller's own templates."""

    scope = "send"

    queryset = MessageTemplate.objects.all()
    serializer_class = TemplateSerializer
    lookup_url_kwarg = "template_id"
    filter_backends = [DjangoFilterBackend]
    filterset_class = TemplateFilter
    pagination_class = NewestFirst

    @extend_schema(
        summary="Read the templates from Meta again",
        description=_REFRESHING,
        request=None,
        responses={202: OpenApiResponse(RefreshSerializer, description="They will be read."), **errors(*WRITING)},
    )
    @action(detail=False, methods=["post"])
    def refresh(self, request: Request) -> Response:
        accounts = [
            {"account_id": one.account, "read_at": one.read_at, "error": one.error} for one in readings_of(self.user_id)
        ]
        request_refresh(user_id=self.user_id)
        return Response({"success": True, "accounts": accounts}, status=status.HTTP_202_ACCEPTED)
