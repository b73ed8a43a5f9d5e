"""What staff change in the inbox: each view calls one service, and answers with the chat as it is then."""

from typing import Any, Final
from uuid import UUID

from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_POST

from conversations.models import Conversation, Message
from conversations.services.change import ConversationRefused, change_conversation
from leads.services.change import change_chat
from leadsite.adminkit.values import read_uuid
from leadsite.inbox.access import Viewer, viewer_of, writer_of
from leadsite.inbox.models import ChatPresence, InboxPreference
from leadsite.inbox.parameters import tab_of
from leadsite.inbox.views import address_of, chat_context, meanwhile, whole_page
from leadsite.inbox.writing.attaching import given_file
from leadsite.inbox.writing.failures import failure_of
from leadsite.languages.texts import shown
from whatsapp.outbound.enqueue import MessageContent
from whatsapp.outbound.enqueue import reply as queue_reply
from whatsapp.outbound.refusals import TEXT_MAX_LENGTH, AnsweredMeanwhile, MessageRefused
from whatsapp.outbound.resolve import TooLate, leave, mark_as_sent, send_again

_NOT_SENT: Final = _("Not sent:")
_NOT_SENT_YET: Final = _("Not sent yet:")
_NOT_CHANGED: Final = _("Not changed:")


# The header that asking.js sends: it takes parts of the page instead of a redirect.
BY_SCRIPT = "X-Inbox"
# The header of the answer to the script that has the status.
STATUS = "X-Inbox-Status"


@require_POST
def reply(request: HttpRequest, conversation_id: UUID) -> HttpResponse:
    """Send an answer, unless somebody else has answered since the page was loaded."""
    viewer = writer_of(request)
    conversation = viewer.chat(conversation_id)
    # A browser sends line ends as \r\n.
    text = request.POST.get("text", "").replace("\r\n", "\n").strip()
    seen = None if "anyway" in request.POST else read_uuid(request.POST.get("seen", ""))
    # Who sends has done with typing: colleagues do not see both.
    ChatPresence.objects.note(person_id=viewer.person_id, conversation_id=conversation.pk, types=False)
    kept = {"draft": text[: 2 * TEXT_MAX_LENGTH]}
    its: dict[str, Any] = {
        "user_id": viewer.business_id,
        "conversation_id": conversation.pk,
        "unless_answered_after": seen,
    }
    try:
        with given_file(request, viewer, text) as media:
            queue_reply(message=MessageContent(content=text, author_id=viewer.person_id, media=media), **its)
    except AnsweredMeanwhile as refusal:
        return answer_with_chat(request, viewer, conversation, status=409, **meanwhile(viewer, refusal.answer), **kept)
    except (MessageRefused, ConversationRefused) as refusal:
        return answer_with_chat(
            request, viewer, conversation, status=422, problem=f"{_NOT_SENT} {shown(refusal)}", **kept
        )
    return answer_with_chat(request, viewer, conversation)


@require_POST
def again(request: HttpRequest, conversation_id: UUID) -> HttpResponse:
    """Send a failed message again; one that may have arrived only with `sure`."""
    viewer = writer_of(request)
    conversation = viewer.chat(conversation_id)
    message = _message_of(request, conversation)
    failure = failure_of(message, is_open=True)
    if failure and failure.ask and "sure" not in request.POST:
        return answer_with_chat(request, viewer, conversation, status=422, problem=f"{_NOT_SENT_YET} {failure.ask}")
    try:
        send_again(message=message, author_id=viewer.person_id)
    except (TooLate, MessageRefused, ConversationRefused) as refusal:
        return answer_with_chat(request, viewer, conversation, status=422, problem=f"{_NOT_SENT} {shown(refusal)}")
    return answer_with_chat(request, viewer, conversation)


@require_POST
def settle(request: HttpRequest, conversation_id: UUID) -> HttpResponse:
    """Decide about a message that did not arrive, or perhaps did not: it did, or nothing is to be done."""
    viewer = writer_of(request)
    conversation = viewer.chat(conversation_id)
    message = _message_of(request, conversation)
    try:
        if request.POST.get("decision") == "arrived":
            mark_as_sent(message=message)
        elif request.POST.get("decision") == "leave":
            leave(message=message)
    except (TooLate, ConversationRefused) as refusal:
        return answer_with_chat(request, viewer, conversation, status=422, problem=f"{_NOT_CHANGED} {shown(refusal)}")
    return answer_with_chat(request, viewer, conversation)


def _message_of(request: HttpRequest, conversation: Conversation) -> Message:
    """Return the message of a form. Raises Http404."""
    id_ = read_uuid(request.POST.get("message", ""))
    message = Message.objects.filter(conversation_id=conversation.pk, pk=id_).first() if id_ else None
    if message is None:
        raise Http404("There is no such message.")
    return message


@require_POST
def conversation(request: HttpRequest, conversation_id: UUID) -> HttpResponse:
    """Assign the conversation with its leads, or change its status."""
    viewer = writer_of(request)
    row = viewer.chat(conversation_id)
    changes: dict[str, Any] = {}
    if "assigned_to" in request.POST:
        changes["assigned_to_id"] = read_uuid(request.POST["assigned_to"])
    if (status := request.POST.get("status", "")) in Conversation.Status.values:
        changes["status"] = status
    try:
        change = change_chat if viewer.person.has_perm("leads.change_lead") else change_conversation
        change(user_id=viewer.business_id, conversation_id=row.pk, changes=changes)
    except ConversationRefused as refusal:
        return answer_with_chat(request, viewer, row, status=422, problem=f"{_NOT_CHANGED} {shown(refusal)}")
    return answer_with_chat(request, viewer, row)


@require_POST
def presence(request: HttpRequest, conversation_id: UUID) -> HttpResponse:
    """Note that this person looks at the chat, types into it, or has left it."""
    viewer = viewer_of(request)
    row = viewer.chat(conversation_id)
    if request.POST.get("state") == "left":
        ChatPresence.objects.forget(person_id=viewer.person_id, conversation_id=row.pk)
    else:
        types = request.POST.get("state") == "typing"
        ChatPresence.objects.note(person_id=viewer.person_id, conversation_id=row.pk, types=types)
    return HttpResponse(status=204)


@require_POST
def preferences(request: HttpRequest) -> HttpResponse:
    """Switch sound or notifications on or off, for this person in all browsers."""
    viewer = viewer_of(request)
    chosen = {name: request.POST[name] == "on" for name in ("sound", "notifications") if name in request.POST}
    InboxPreference.objects.update_or_create(person_id=viewer.person_id, defaults=chosen)
    if BY_SCRIPT in request.headers:
        return HttpResponse(status=204)
    return HttpResponseRedirect(address_of(request, "inbox"))


def answer_with_chat(
    request: HttpRequest, viewer: Viewer, conversation: Conversation, *, status: int = 200, **more: Any
) -> HttpResponse:
    """Return the chat: for the script its parts, otherwise a page, or a redirect where nothing is to be said."""
    row = viewer.chat(conversation.pk)
    if BY_SCRIPT in request.headers:
        context = chat_context(request, viewer, row) | {"tab": tab_of(request)} | more
        # Always 200: a browser reports other statuses as errors in its console.
        return TemplateResponse(request, "inbox/panes.html", context, headers={STATUS: str(status)})
    if status == 200:
        return HttpResponseRedirect(f"{address_of(request, 'inbox-chat', row.pk)}#reply")
    return whole_page(request, viewer, row, status=status, **more)
