"""Adds a reply form to the page of a conversation."""

from functools import partial
from typing import Any, Final

from django.contrib import messages
from django.contrib.admin.utils import quote, unquote
from django.core.exceptions import PermissionDenied
from django.db.models import Model
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed, HttpResponseRedirect
from django.urls import URLPattern, path, reverse
from django.utils.translation import gettext

from conversations.admin.conversations import ConversationAdmin
from conversations.models import Conversation, Message
from conversations.services.change import ConversationRefused
from leadsite.adminkit.owned import OwnedAdmin
from leadsite.adminkit.parts import PagePart
from leadsite.adminkit.values import read_uuid
from leadsite.core import clock
from leadsite.languages.texts import shown
from leadsite.rest import once
from whatsapp.outbound.enqueue import MessageContent, reply
from whatsapp.outbound.providers import PROVIDERS
from whatsapp.outbound.refusals import TEXT_MAX_LENGTH, MessageRefused
from whatsapp.outbound.routing import find_route_of_reply

_DRAFT: Final = "reply to"


class ReplyPart(PagePart):
    """The form below the thread. After a refusal it keeps the text."""

    template_after = "whatsapp/reply.html"

    def get_urls(self, page: OwnedAdmin) -> list[URLPattern]:
        view = page.admin_site.admin_view(partial(self.reply, page))
        return [path("<path:object_id>/reply/", view, name="conversations_conversation_reply")]

    def get_context(self, page: OwnedAdmin, request: HttpRequest, row: Model) -> dict[str, Any]:
        if not isinstance(row, Conversation) or not page.has_change_permission(request, row):
            return {}
        route = find_route_of_reply(row)
        form = {
            "url": reverse("admin:conversations_conversation_reply", args=[quote(row.pk)]),
            "once": once.new_key(),
            "seen": Message.objects.newest_id(row.pk),
            "draft": request.session.pop(f"{_DRAFT} {row.pk}", ""),
            "route": route,
            "open_until": route.open_until(clock.now()),
            "max_length": PROVIDERS[route.channel.provider].TEXT_MAX_LENGTH if route.channel else TEXT_MAX_LENGTH,
        }
        return {"reply": form}

    def reply(self, page: OwnedAdmin, request: HttpRequest, object_id: str) -> HttpResponse:
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        conversation = page.get_object(request, unquote(object_id))
        if conversation is None:
            return page._get_obj_does_not_exist_redirect(request, page.opts, object_id)
        if not page.has_change_permission(request, conversation):
            raise PermissionDenied
        # A browser sends line ends as \r\n.
        text = request.POST.get("text", "").replace("\r\n", "\n").strip()
        try:
            send = partial(
                reply,
                user_id=conversation.user_id,
                conversation_id=conversation.pk,
                message=MessageContent(content=text, author_id=request.user.pk),
                # After the refusal the page shows the other answer, and the form has seen it.
                unless_answered_after=read_uuid(request.POST.get("seen", "")),
            )
            once.do_once(request, user_id=conversation.user_id, do=lambda: str(send().message_id))
        except once.DoneBefore:
            pass
        except (MessageRefused, ConversationRefused) as refusal:
            request.session[f"{_DRAFT} {conversation.pk}"] = text[: 2 * TEXT_MAX_LENGTH]
            messages.error(request, gettext("Not sent: %(refusal)s") % {"refusal": shown(refusal)})
        address = reverse("admin:conversations_conversation_change", args=[quote(conversation.pk)])
        return HttpResponseRedirect(f"{address}#reply")


ConversationAdmin.add_part(ReplyPart())
