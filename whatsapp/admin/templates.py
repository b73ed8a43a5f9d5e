"""Admin of message templates: read-only, as they are at Meta."""

from django.contrib import admin
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from leadsite.adminkit.owned import OwnedAdmin
from leadsite.adminkit.page import ReadOnly
from leadsite.adminkit.values import badge, foreign, moment, shorten
from whatsapp.message_templates.rendering import render
from whatsapp.models import MessageTemplate

# Status at Meta -> the value whose colour it has; others cannot be sent.
_COLOURS = {"approved": "active", "pending": "pending", "in_appeal": "pending"}


@admin.register(MessageTemplate)
class MessageTemplateAdmin(ReadOnly, OwnedAdmin):
    """They are changed in WhatsApp Manager, and read from there every ten minutes."""

    list_display = ["name", "language", "category", "status_badge", "beginning"]
    list_filter = ["status", "category", "language"]
    search_fields = ["name"]
    search_help_text = _("Name")
    ordering = ["name", "language", "pk"]
    fields = [
        *("name", "language", "category", "status_badge", "as_of", "text"),
        *("waba_id", "provider_id", "user", "changed"),
    ]
    readonly_fields = ["status_badge", "text", "as_of", "changed"]

    @admin.display(description=_("status"), ordering="status")
    def status_badge(self, template: MessageTemplate) -> SafeString:
        words = template.status.replace("_", " ").capitalize() or "–"
        return badge(words, _COLOURS.get(template.status, "failed"))

    @admin.display(description=_("text"))
    def beginning(self, template: MessageTemplate) -> SafeString:
        return foreign(shorten(render(template.components, None)) or "–")

    @admin.display(description=_("text"))
    def text(self, template: MessageTemplate) -> SafeString:
        text = render(template.components, None) or "–"
        return format_html('<span class="block foreign pre-wrap" dir="auto">{}</span>', text)

    @admin.display(description=_("status as of"))
    def as_of(self, template: MessageTemplate) -> SafeString:
        return moment(template.status_at)
