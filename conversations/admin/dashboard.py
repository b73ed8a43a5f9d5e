"""The conversations on the admin's index page: the customers who wait for an answer."""

from typing import Any

from django.contrib import admin
from django.db.models import OuterRef, Subquery
from django.http import HttpRequest
from django.urls import reverse

from conversations.kinds import shown_text_of_message
from conversations.models import Conversation, Message
from conversations.models.conversations import NEWEST_FIRST
from leadsite.adminkit.values import foreign, moment, shorten

SHOWN = 8
# What the customer of a conversation wrote last: by index.
_LAST = Message.objects.filter(conversation_id=OuterRef("pk"), direction=Message.Direction.IN, is_turn=True).order_by(
    "-sort_at"
)


def add_waiting(request: HttpRequest, context: dict[str, Any]) -> dict[str, Any]:
    """Add the waiting customers' part of admin/index.html to the context, for users who may view conversations."""
    page: Any = admin.site.get_model_admin(Conversation)
    if not page.has_view_or_change_permission(request):
        return context
    waiting = page.get_queryset(request).filter(waiting_since__isnull=False).select_related("customer")
    shown = list(waiting.order_by(*NEWEST_FIRST).annotate(last_id=Subquery(_LAST.values("pk")[:1]))[:SHOWN])
    messages = Message.objects.in_bulk([conversation.last_id for conversation in shown])
    context["waiting"] = [
        {
            "conversation": conversation,
            "customer": foreign(conversation.customer),
            "message": _words(messages.get(conversation.last_id)),
            "since": moment(conversation.waiting_since),
        }
        for conversation in shown
    ]
    context["waiting_url"] = reverse("admin:conversations_conversation_changelist", query={"waiting": "yes"})
    return context


def _words(last: Message | None) -> str:
    return shorten(shown_text_of_message(last.kind, last.content, last.extras)) if last else ""
