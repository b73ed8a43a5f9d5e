"""REST resources that send messages. Each view parses the request, calls one service and builds the response."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any, Final
from uuid import UUID

from django.http import HttpResponse
from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework import status
from rest_framework.exceptions import APIException, ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from conversations.api.viewsets import ThreadViewSet
from conversations.models import Message
from leads.models import Lead
from leads.services.refusals import log_failed_creation
from leadsite.rest.idempotency import answer_once, answer_prepared_once
from leadsite.rest.parsing import FilesJSONParser
from leadsite.rest.schema import CREATING, IDEMPOTENCY_KEY, errors
from leadsite.rest.viewsets import OwnedViewSet
from whatsapp.outbound.api.answers import QueuedSerializer
from whatsapp.outbound.api.attaching import has_file, with_file
from whatsapp.outbound.api.serializers import (
    OutgoingSerializer,
    ReplySerializer,
    read_outgoing,
    read_reply,
)
from whatsapp.outbound.enqueue import Queued, reply, send_message
from whatsapp.outbound.refusals import MessageRefused

_REFUSED: Final = ("opted_out", "window_closed")
_QUEUED: Final = OpenApiResponse(
    QueuedSerializer, description="It is stored, and will be sent. `GET /api/messages/{message_id}` has its status."
)
_SENDING: Final = (
    "Exactly one of `message`, `template` and `media`. Message, conversation and, with `createLead`, lead are stored"
    " together or not at all, and then sent.\n\n"
    "A customer without a conversation gets one; without `createLead`, a completed one becomes active again. `window`"
    " says whether the customer wrote to your number, or called it, in the last 24 hours. If it is `closed`, WhatsApp"
    " accepts templates only: a text is tried, and most likely becomes `failed`."
)


class SendViewSet(OwnedViewSet[Message]):
    """POST /api/whatsapp."""

    scope = "send"
    parser_classes = (FilesJSONParser,)

    @extend_schema(
        summary="Send a message, optionally with a lead",
        description=_SENDING,
        parameters=[IDEMPOTENCY_KEY],
        request=OutgoingSerializer,
        responses={202: _QUEUED, **errors(*CREATING, *_REFUSED)},
    )
    def create(self, request: Request) -> Response | HttpResponse:
        return _answer_once(request, self.user_id, lambda: _sending(self.user_id, request))


class ReplyViewSet(ThreadViewSet):
    """GET and POST /api/conversations/<id>/messages."""

    scope = "send"
    parser_classes = (FilesJSONParser,)

    @extend_schema(
        summary="Reply in a conversation",
        description="Sends a message to the conversation's customer. Exactly one of `message`, `template` and `media`.",
        parameters=[IDEMPOTENCY_KEY],
        request=ReplySerializer,
        responses={202: _QUEUED, **errors(404, *CREATING, *_REFUSED)},
    )
    def create(self, request: Request, conversation_id: UUID) -> Response | HttpResponse:
        @contextmanager
        def replying() -> Iterator[Callable[[], Response]]:
            content, file = read_reply(request.data)
            with with_file(content, file, user_id=self.user_id) as message:
                yield lambda: accepted(reply(user_id=self.user_id, conversation_id=conversation_id, message=message))

        return _answer_once(request, self.user_id, replying)


def _answer_once(
    request: Request, user_id: UUID, prepare: Callable[[], AbstractContextManager[Callable[[], Response]]]
) -> Response | HttpResponse:
    """Only a file takes long to prepare. Without one the key is not looked up before it is claimed."""
    if has_file(request.data):
        return answer_prepared_once(request, user_id=user_id, prepare=prepare)

    def make() -> Response:
        with prepare() as send:
            return send()

    return answer_once(request, user_id=user_id, make=make)


@contextmanager
def _sending(user_id: UUID, request: Request) -> Iterator[Callable[[], Response]]:
    try:
        to, content, lead, file = read_outgoing(request.data)
        with with_file(content, file, user_id=user_id) as message:
            yield lambda: accepted(send_message(user_id=user_id, to=to, message=message, lead=lead))
    except (APIException, MessageRefused) as error:
        _log_failed_lead(request, error)
        raise


def accepted(queued: Queued) -> Response:
    body = {
        "success": True,
        "message_id": queued.message_id,
        "conversation_id": queued.conversation_id,
        "lead_id": queued.lead_id,
        "status": queued.status,
        "window": "open" if queued.is_window_open else "closed",
    }
    return Response(body, status=status.HTTP_202_ACCEPTED)


def _log_failed_lead(request: Request, error: Exception) -> None:
    """Log the failed creation of a lead, if the request asked for one."""
    fields: Any = error.detail if isinstance(error, ValidationError) else {}
    body = request.data if isinstance(error, ValidationError | MessageRefused) else {}
    if not isinstance(body, dict) or body.get("createLead") is not True:
        return
    phone = body.get("to")
    log_failed_creation(
        source=Lead.Source.API,
        phone=phone if isinstance(phone, str) else None,
        error=error,
        field=error.field if isinstance(error, MessageRefused) else ", ".join(fields) or None,
    )
