"""Adds to the page of an outgoing message what its status means, and buttons for the next step."""

from functools import partial
from typing import Any

from django.contrib import messages
from django.contrib.admin.models import CHANGE, LogEntry
from django.contrib.admin.utils import quote, unquote
from django.core.exceptions import PermissionDenied
from django.db.models import Model
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed, HttpResponseRedirect
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html
from django.utils.translation import gettext

from conversations.admin.messages import MessageAdmin
from conversations.models import Message
from conversations.services.change import ConversationRefused
from leadsite.adminkit.owned import OwnedAdmin
from leadsite.adminkit.parts import PagePart
from leadsite.languages.texts import shown
from whatsapp.admin.alerts import describe_stop
from whatsapp.models import Channel
from whatsapp.outbound import resolve
from whatsapp.outbound.refusals import MessageRefused


class StatePart(PagePart):
    """What the status means, and buttons, above the page."""

    template_before = "whatsapp/message_state.html"

    def get_urls(self, page: OwnedAdmin) -> list[URLPattern]:
        view = page.admin_site.admin_view(partial(self.decide, page))
        return [path("<path:object_id>/decide/", view, name="conversations_message_decide")]

    def get_context(self, page: OwnedAdmin, request: HttpRequest, row: Model) -> dict[str, Any]:
        if not isinstance(row, Message) or row.direction != Message.Direction.OUT:
            return {}
        may_decide = request.user.has_perm("conversations.change_conversation")
        return {
            "meaning": meaning(row),
            "can_be_sent_again": may_decide and resolve.can_be_sent_again(row),
            "can_be_settled": may_decide and row.status == Message.Status.UNKNOWN,
            "decide_url": reverse("admin:conversations_message_decide", args=[quote(row.pk)]),
        }

    def decide(self, page: OwnedAdmin, request: HttpRequest, object_id: str) -> HttpResponse:
        """Handle the buttons."""
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        message = page.get_object(request, unquote(object_id))
        if message is None:
            return page._get_obj_does_not_exist_redirect(request, page.opts, object_id)
        if not request.user.has_perm("conversations.change_conversation"):
            raise PermissionDenied
        address = reverse("admin:conversations_message_change", args=[quote(message.pk)])
        try:
            decision = request.POST.get("decision")
            if decision == "arrived":
                resolve.mark_as_sent(message=message)
                _note(request, message, gettext("Marked as arrived."))
            elif decision == "again":
                queued = resolve.send_again(message=message, author_id=request.user.pk)
                _note(request, message, gettext("Sent again, as a new message."))
                address = reverse("admin:conversations_conversation_change", args=[quote(queued.conversation_id)])
        except (resolve.TooLate, MessageRefused, ConversationRefused) as refusal:
            messages.error(request, gettext("Nothing was changed: %(refusal)s") % {"refusal": shown(refusal)})
        return HttpResponseRedirect(address)


def _note(request: HttpRequest, message: Message, decision: str) -> None:
    LogEntry.objects.log_actions(str(request.user.pk), [message], CHANGE, decision)
    messages.success(request, decision)


def meaning(message: Message) -> str:
    """Return what an outgoing message's status means, and the next step."""
    if message.status == Message.Status.QUEUED:
        # It may belong to another business now.
        own = Channel.objects.filter(user_id=message.user_id)
        channel = own.filter(pk=message.channel_id).first() if message.channel_id else None
        if channel is None or not channel.active:
            return gettext("It is waiting: no WhatsApp number is connected to send it.")
        if channel.stopped_at:
            return format_html(
                "{} {}", gettext("It is waiting, because its number is stopped."), describe_stop(channel)
            )
        return (
            gettext("It is in the queue and will be sent.")
            if not message.error
            else gettext("It will be tried again automatically.")
        )
    return {
        Message.Status.UNKNOWN: (
            gettext(
                "It is not known whether the customer received this. WhatsApp may still report it; or ask the"
                " customer and"
                " decide."
            )
        ),
        Message.Status.FAILED: gettext("The customer did not receive this. Fix the cause, then send it again."),
    }.get(Message.Status(message.status), "")


MessageAdmin.add_part(StatePart())
