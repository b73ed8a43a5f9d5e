"""Puts the link to an export above the lists."""

from conversations.admin.conversations import ConversationAdmin
from leads.admin.deleted import DeletedLeadAdmin

ConversationAdmin.list_before_template = "exports/links.html"
DeletedLeadAdmin.list_before_template = "exports/links.html"
