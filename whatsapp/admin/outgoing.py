"""Writing to a customer from the admin, and what to do about messages that did not arrive or perhaps did."""

from datetime import datetime, timedelta
from typing import Any, Final

from django.contrib import messages
from django.contrib.admin.models import CHANGE, LogEntry
from django.contrib.admin.utils import quote, unquote
from django.core.exceptions import PermissionDenied
from django.db.models import Max, Model
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed, HttpResponseRedirect
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.html import format_html

from conversations.admin.pages import MessageAdmin
from conversations.models import Conversation, Message
from conversations.services.change import ConversationRefused
from leads.admin.leads import ConversationWithLeadsAdmin
from whatsapp.admin.alerts import why_it_waits
from whatsapp.models import Channel
from whatsapp.outbound import resolve
from whatsapp.outbound.enqueue import TEXT_MAX_LENGTH, MessageRefused, Written, reply

WINDOW: Final = timedelta(hours=24)
_DRAFT: Final = "reply to"


class ConversationWithRepliesAdmin(ConversationWithLeadsAdmin):
    """A conversation can be answered where it is read."""

    change_form_outer_after_template = "whatsapp/thread_and_reply.html"

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(self.reply)
        return [path("<path:object_id>/reply/", view, name="conversations_conversation_reply"), *super().get_urls()]

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], *args: Any, obj: Model | None = None, **options: Any
    ) -> HttpResponse:
        if isinstance(obj, Conversation) and self.has_change_permission(request, obj):
            context["reply"] = {
                "url": reverse("admin:conversations_conversation_reply", args=[quote(obj.pk)]),
                "draft": request.session.pop(f"{_DRAFT} {obj.pk}", ""),
                "open_until": open_until(obj),
                "max_length": TEXT_MAX_LENGTH,
            }
        return super().render_change_form(request, context, *args, obj=obj, **options)

    def reply(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """The form below the thread. What is refused comes back with what was typed."""
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        conversation = self.get_object(request, unquote(object_id))
        if conversation is None:
            return self._get_obj_does_not_exist_redirect(request, self.opts, object_id)
        if not self.has_change_permission(request, conversation):
            raise PermissionDenied
        # A browser sends line ends as \r\n.
        text = request.POST.get("text", "").replace("\r\n", "\n").strip()
        try:
            if not 0 < len(text) <= TEXT_MAX_LENGTH:
                raise MessageRefused(f"A message has 1 to {TEXT_MAX_LENGTH} characters.")
            reply(user_id=conversation.user_id, conversation_id=conversation.pk, written=Written(content=text))
        except (MessageRefused, ConversationRefused) as refusal:
            request.session[f"{_DRAFT} {conversation.pk}"] = text[: 2 * TEXT_MAX_LENGTH]
            messages.error(request, f"Not sent: {refusal}")
        page = reverse("admin:conversations_conversation_change", args=[quote(conversation.pk)])
        return HttpResponseRedirect(f"{page}#reply")


class OutgoingMessageAdmin(MessageAdmin):
    """A message's page says what its state means, and offers what can be done about it."""

    change_form_outer_before_template = "whatsapp/message_fate.html"

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(self.decide)
        return [path("<path:object_id>/decide/", view, name="conversations_message_decide"), *super().get_urls()]

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], *args: Any, obj: Model | None = None, **options: Any
    ) -> HttpResponse:
        if isinstance(obj, Message) and obj.direction == Message.Direction.OUT:
            may_decide = request.user.has_perm("conversations.change_conversation")
            context |= {
                "meaning": meaning(obj),
                "can_be_sent_again": may_decide and resolve.can_be_sent_again(obj),
                "can_be_settled": may_decide and obj.status == Message.Status.UNKNOWN,
                "decide_url": reverse("admin:conversations_message_decide", args=[quote(obj.pk)]),
            }
        return super().render_change_form(request, context, *args, obj=obj, **options)

    def decide(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """The buttons on a message's page."""
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        message = self.get_object(request, unquote(object_id))
        if message is None:
            return self._get_obj_does_not_exist_redirect(request, self.opts, object_id)
        if not request.user.has_perm("conversations.change_conversation"):
            raise PermissionDenied
        page = reverse("admin:conversations_message_change", args=[quote(message.pk)])
        try:
            decision = request.POST.get("decision")
            if decision == "arrived":
                resolve.say_it_arrived(message=message)
                self._note(request, message, "It arrived.")
            elif decision == "again":
                queued = resolve.send_again(message=message)
                self._note(request, message, "Sent again, as a message of its own.")
                page = reverse("admin:conversations_conversation_change", args=[quote(queued.conversation_id)])
        except (resolve.TooLate, MessageRefused, ConversationRefused) as refusal:
            messages.error(request, f"Nothing was changed: {refusal}")
        return HttpResponseRedirect(page)

    @staticmethod
    def _note(request: HttpRequest, message: Message, decision: str) -> None:
        LogEntry.objects.log_actions(str(request.user.pk), [message], CHANGE, decision)
        messages.success(request, decision)


def open_until(conversation: Conversation) -> datetime | None:
    """Until when WhatsApp takes free text to this customer; None where it does not. See queue_message.sql."""
    last = Conversation.objects.filter(customer_id=conversation.customer_id).aggregate(at=Max("last_inbound_at"))["at"]
    until = last + WINDOW if last else None
    return until if until and until > timezone.now() else None


def meaning(message: Message) -> str:
    """What the state of a message that went out means, and what helps."""
    if message.status == Message.Status.QUEUED:
        channel = Channel.objects.filter(pk=message.channel_id).first() if message.channel_id else None
        if channel is None or not channel.active:
            return "It waits: no WhatsApp number is connected through which it could go."
        if channel.stopped_at:
            return format_html("It waits, for its number {}", why_it_waits(channel))
        return "It goes out as soon as it is its turn." if not message.error else "It is tried again by itself."
    return {
        Message.Status.UNKNOWN: (
            "Nobody knows whether the customer has this. WhatsApp may still report it; or ask the customer and decide."
        ),
        Message.Status.FAILED: "The customer has not got this. Mend the cause, then send it again.",
    }.get(Message.Status(message.status), "")
