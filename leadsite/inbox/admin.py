"""Adds to the pages of conversations, leads and customers the way to the chat in the inbox; pages of quick replies."""

from typing import Any
from uuid import UUID

from django.contrib import admin
from django.db.models import Model
from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from conversations.admin.conversations import ConversationAdmin
from conversations.admin.customers import CustomerAdmin
from conversations.models import Conversation, Customer
from leads.admin.leads import LeadAdmin
from leads.models import Lead
from leadsite.adminkit.owned import OwnedAdmin
from leadsite.adminkit.owned_texts import OwnedTextAdmin
from leadsite.adminkit.parts import PagePart
from leadsite.adminkit.values import shorten
from leadsite.adminkit.workplace import business_of
from leadsite.inbox.access import may_read
from leadsite.inbox.models import QuickReply


class InboxPart(PagePart):
    template_before = "inbox/link.html"

    def get_context(self, page: OwnedAdmin, request: HttpRequest, row: Model) -> dict[str, Any]:
        """Operators see rows of businesses whose inbox they do not have."""
        if getattr(row, "user_id", None) != business_of(request) or not may_read(request):
            return {}
        chat_id = _chat_of(row)
        return {"inbox_url": reverse("inbox-chat", args=[chat_id], query={"tab": "all"})} if chat_id else {}


def _chat_of(row: Model) -> UUID | None:
    """The conversation of the page's row, of a customer the newest one, unless it is deleted."""
    match row:
        case Conversation():
            return None if row.deleted_at else row.pk
        case Lead():
            return row.conversation_id
        case Customer():
            newest = Conversation.objects.newest_of([row.pk]).get(row.pk)
            return newest[0] if newest else None
    return None


for page in (ConversationAdmin, CustomerAdmin, LeadAdmin):
    page.add_part(InboxPart())


@admin.register(QuickReply)
class QuickReplyAdmin(OwnedTextAdmin):
    list_display = ["shortcut", "beginning"]
    search_fields = ["shortcut", "text"]
    search_help_text = _("Shortcut, or words of the text")
    ordering = ["shortcut", "pk"]
    fields = ["user", "shortcut", "text"]

    @admin.display(description=_("text"))
    def beginning(self, reply: QuickReply) -> str:
        return shorten(reply.text)
