"""Adds the leads of a conversation to its admin page. Here, because the app conversations does not know leads."""

from django.contrib import admin
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from conversations.admin.conversations import ConversationAdmin
from leads.models import Lead
from leadsite.adminkit.owned import ReadOnlyInline
from leadsite.adminkit.parts import PagePart
from leadsite.adminkit.values import badge, link, moment, shorten


class LeadInline(ReadOnlyInline):
    model = Lead
    fields = readonly_fields = ["beginning", "type", "status_badge", "opened"]

    @admin.display(description=_("request"))
    def beginning(self, lead: Lead) -> SafeString:
        return link(lead, shorten(lead.details) or "–")

    @admin.display(description=_("status"))
    def status_badge(self, lead: Lead) -> SafeString:
        return badge(lead.get_status_display(), lead.status)

    @admin.display(description=_("created"))
    def opened(self, lead: Lead) -> SafeString:
        return moment(lead.created_at)


class LeadsPart(PagePart):
    inlines = (LeadInline,)


ConversationAdmin.add_part(LeadsPart())
