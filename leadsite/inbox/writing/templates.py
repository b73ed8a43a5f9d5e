"""The chooser of templates in a chat: shown, changed as one types, and sent by the service that sends replies."""

from dataclasses import replace
from typing import Any, Final
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_http_methods, require_POST

from conversations.models import Conversation, Message
from conversations.services.change import ConversationRefused
from leadsite.adminkit.values import read_uuid
from leadsite.inbox.access import Viewer, writer_of
from leadsite.inbox.changes import BY_SCRIPT, STATUS, answer_with_chat
from leadsite.inbox.parameters import tab_of
from leadsite.inbox.views import answered_meanwhile, whole_page
from leadsite.inbox.work.filters import filters_of
from leadsite.inbox.writing.attaching import given_header
from leadsite.inbox.writing.chooser import Chooser, read_chooser
from leadsite.languages.texts import shown
from whatsapp.message_templates.refreshing import problem_of_reading, request_refresh
from whatsapp.message_templates.rendering import describe
from whatsapp.outbound.enqueue import MessageContent
from whatsapp.outbound.enqueue import reply as queue_reply
from whatsapp.outbound.refusals import AnsweredMeanwhile, MessageRefused
from whatsapp.outbound.routing import find_route_of_reply

_NOT_SENT: Final = _("Not sent:")


_NOT_FILLED: Final = _("Not sent: fill in what is marked.")
_NOT_CHOSEN: Final = _("Not sent: choose a template.")


@require_http_methods(["GET", "POST"])
def template(request: HttpRequest, conversation_id: UUID) -> HttpResponse:
    """The chooser; with `send` or `anyway` it sends. Otherwise a POST is what somebody has typed or chosen so far: it
    is about customers, and so is not in an address.
    """
    viewer = writer_of(request)
    conversation = viewer.chat(conversation_id)
    is_sending = "send" in request.POST or "anyway" in request.POST
    chooser = chooser_of(viewer, conversation, request, is_sending=is_sending)
    if is_sending:
        return _send(request, viewer, conversation, chooser)
    # The newest message that was in view when the chooser was opened.
    shown = read_uuid(request.POST.get("shown", "")) or Message.objects.newest_id(conversation.pk)
    if BY_SCRIPT in request.headers:
        context = {"chooser": chooser, "conversation": conversation, "shown": shown}
        context |= {"tab": tab_of(request), "filters": filters_of(request)}
        return TemplateResponse(request, "inbox/writing/template.html", context)
    return whole_page(request, viewer, conversation, chooser=chooser, shown=shown)


def chooser_of(
    viewer: Viewer, conversation: Conversation, request: HttpRequest, *, is_sending: bool = False
) -> Chooser:
    """Return the chooser of a chat, for the number by which a reply would leave."""
    return read_chooser(
        business_id=viewer.business_id,
        channel=find_route_of_reply(conversation).channel,
        customer=conversation.customer,
        form=request.POST,
        files=request.FILES.keys(),
        is_sending=is_sending,
    )


def _send(request: HttpRequest, viewer: Viewer, conversation: Conversation, chooser: Chooser) -> HttpResponse:
    def refuse(sentence: str, status: int = 422, **more: Any) -> HttpResponse:
        chooser.problem = sentence
        return answer_with_chat(request, viewer, conversation, status=status, chooser=chooser, **more)

    if chooser.sent is None:
        has_fields = any(one.problem for one in chooser.inputs)
        return refuse(
            f"{_NOT_SENT} {shown(chooser.problem)}"
            if chooser.problem
            else str(_NOT_FILLED if has_fields else _NOT_CHOSEN)
        )
    seen = None if "anyway" in request.POST else read_uuid(request.POST.get("shown", ""))
    its: dict[str, Any] = {
        "user_id": viewer.business_id,
        "conversation_id": conversation.pk,
        "unless_answered_after": seen,
    }
    content = MessageContent(content=describe(chooser.sent), template=chooser.sent, author_id=viewer.person_id)
    try:
        with given_header(request, viewer, chooser) as media:
            queue_reply(message=replace(content, media=media), **its)
    except AnsweredMeanwhile as refusal:
        return refuse(answered_meanwhile(viewer, refusal.answer), 409, may_send_anyway=True)
    except (MessageRefused, ConversationRefused) as refusal:
        return refuse(f"{_NOT_SENT} {shown(refusal)}")
    return answer_with_chat(request, viewer, conversation)


@require_POST
def refresh(request: HttpRequest) -> HttpResponse:
    """Have the templates read from Meta again."""
    viewer = writer_of(request)
    request_refresh(user_id=viewer.business_id)
    if BY_SCRIPT in request.headers:
        return HttpResponse(status=204, headers={STATUS: "200"})
    words = gettext("The templates are read from Meta now. They are here in a few seconds.")
    messages.info(request, shown(problem_of_reading(viewer.business_id)) or words)
    back = request.POST.get("back", "")
    is_ours = url_has_allowed_host_and_scheme(back, allowed_hosts={request.get_host()})
    return HttpResponseRedirect(back if is_ours else reverse("inbox"))
