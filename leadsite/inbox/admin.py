"""Adds to the page of a conversation the way to its chat in the inbox; pages of quick replies."""

from typing import Any

from django.contrib import admin
from django.db.models import Model
from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from conversations.admin.conversations import ConversationAdmin
from conversations.models import Conversation
from leadsite.adminkit.owned import OwnedAdmin
from leadsite.adminkit.owned_texts import OwnedTextAdmin
from leadsite.adminkit.parts import PagePart
from leadsite.adminkit.values import shorten
from leadsite.adminkit.workplace import business_of
from leadsite.inbox.models import QuickReply


class InboxPart(PagePart):
    template_before = "inbox/link.html"

    def get_context(self, page: OwnedAdmin, request: HttpRequest, row: Model) -> dict[str, Any]:
        """Operators see conversations of businesses whose inbox they do not have."""
        if not isinstance(row, Conversation) or row.user_id != business_of(request) or row.deleted_at:
            return {}
        return {"inbox_url": reverse("inbox-chat", args=[row.pk], query={"tab": "all"})}


ConversationAdmin.add_part(InboxPart())


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
