"""Answers about leads, also to keys that may not read, and the version that a client names."""

import json
import re

from django.http import HttpResponse
from rest_framework import status
from rest_framework.exceptions import ValidationError
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response

from leads.api.serializers import LeadSerializer
from leads.models import Lead
from leads.services.change import StaleVersion
from leads.services.create import CreatedLead
from leads.services.refusals import LeadRefused
from leads.services.status_order import StatusNotAllowed


def created_answer(created: CreatedLead) -> Response:
    body = {
        "success": True,
        "lead_id": created.lead_id,
        "conversation_id": created.conversation_id,
        "conversation_created": created.conversation_created,
        "open_leads": created.open_leads,
    }
    return Response(body, status=status.HTTP_200_OK if created.existed else status.HTTP_201_CREATED)


def without_open_leads(answer: Response | HttpResponse) -> Response | HttpResponse:
    """The answer to a key that may not read. The stored one, for the same Idempotency-Key, may be another key's."""
    if isinstance(answer, Response):
        answer.data["open_leads"] = None
    else:
        answer.content = JSONRenderer().render(json.loads(answer.content) | {"open_leads": None})
    return answer


def lead_answer(lead: Lead) -> Response:
    return Response(LeadSerializer(lead).data, headers=_etag(lead))


def changed_answer(lead: Lead) -> Response:
    """To a key that may not read."""
    return Response({"id": lead.pk, "version": lead.version}, headers=_etag(lead))


def _etag(lead: Lead) -> dict[str, str]:
    return {"ETag": f'"{lead.version}"'}


def without_details(error: StaleVersion | StatusNotAllowed) -> LeadRefused:
    """The error for a key that may not read: the messages name the lead's version and status."""
    if isinstance(error, StaleVersion):
        return StaleVersion("The lead has been changed since you read it.", field="version")
    return StatusNotAllowed("This status cannot follow the lead's present one.", allowed=())


def version_wanted(request: Request, version: int | None) -> int | None:
    """The version in the If-Match header, an ETag, or that of the body. Raises ValidationError, also if they differ."""
    header = request.headers.get("If-Match")
    if header is None or header.strip() == "*":
        return version
    found = re.fullmatch(r'(?:W/)?"([0-9]{1,10})"', header.strip())
    if not found:
        raise ValidationError({"If-Match": ['Send the ETag of the lead as you read it: "3".']})
    if version not in (None, int(found[1])):
        raise ValidationError({"version": ["The header If-Match has another version. Send one of them."]})
    return int(found[1])
