"""Admin of message templates: read-only, as they are at Meta."""

from django.contrib import admin
from django.db.models import Model
from django.http import HttpRequest
from django.utils.html import format_html
from django.utils.safestring import SafeString

from leadsite.adminkit.owned import OwnedAdmin
from leadsite.adminkit.values import badge, foreign, moment, shorten
from whatsapp.message_templates.rendering import render
from whatsapp.models import MessageTemplate

# Status at Meta -> the value whose colour it has; others cannot be sent.
_COLOURS = {"approved": "active", "pending": "pending", "in_appeal": "pending"}


@admin.register(MessageTemplate)
class MessageTemplateAdmin(OwnedAdmin):
    """They are changed in WhatsApp Manager, and read from there every ten minutes."""

    list_display = ["name", "language", "category", "status_badge", "beginning"]
    list_filter = ["status", "category", "language"]
    search_fields = ["name"]
    search_help_text = "Name"
    ordering = ["name", "language", "pk"]
    fields = [
        *("name", "language", "category", "status_badge", "as_of", "text"),
        *("waba_id", "provider_id", "user", "changed"),
    ]
    readonly_fields = ["status_badge", "text", "as_of", "changed"]

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    @admin.display(description="status", ordering="status")
    def status_badge(self, template: MessageTemplate) -> SafeString:
        words = template.status.replace("_", " ").capitalize() or "–"
        return badge(words, _COLOURS.get(template.status, "failed"))

    @admin.display(description="text")
    def beginning(self, template: MessageTemplate) -> SafeString:
        return foreign(shorten(render(template.components, None)) or "–")

    @admin.display(description="text")
    def text(self, template: MessageTemplate) -> SafeString:
        text = render(template.components, None) or "–"
        return format_html('<span class="block foreign pre-wrap" dir="auto">{}</span>', text)

    @admin.display(description="status as of")
    def as_of(self, template: MessageTemplate) -> SafeString:
        return moment(template.status_at)
