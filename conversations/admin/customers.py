"""The pages of customers."""

from django.contrib import admin
from django.db.models import OuterRef, QuerySet
from django.http import HttpRequest
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from conversations.admin.customer_rows import CustomerLockingAdmin, marketing_of
from conversations.admin.forms import CustomerForm
from conversations.models import Conversation, Customer
from leadsite.adminkit.owned import ReadOnlyInline
from leadsite.adminkit.parts import PageWithParts
from leadsite.adminkit.values import badge, day, foreign, link, moment
from leadsite.audit.timeline import AuditedAdmin
from leadsite.core.statements import ExistsByIndex


class ConversationInline(ReadOnlyInline):
    model = Conversation
    fields = readonly_fields = ["opened", "status_badge", "last_message"]

    @admin.display(description=_("opened"))
    def opened(self, conversation: Conversation) -> SafeString:
        return link(conversation, day(conversation.created_at))

    @admin.display(description=_("status"))
    def status_badge(self, conversation: Conversation) -> SafeString:
        return badge(conversation.get_status_display(), conversation.status)

    @admin.display(description=_("last message"))
    def last_message(self, conversation: Conversation) -> SafeString:
        return moment(conversation.last_message_at)


@admin.register(Customer)
class CustomerAdmin(CustomerLockingAdmin, AuditedAdmin, PageWithParts):
    form = CustomerForm
    customer_path = ""
    list_display = ["display_name", "phone", "whatsapp_user_id", "created"]
    search_help_text = _("Name, phone number or WhatsApp user id")
    fields = ["name", "phone", "whatsapp_user_id", "marketing", "user", "created", "changed"]
    readonly_fields = ["marketing", "user", "created", "changed"]
    ordering = ["-pk"]
    inlines = [ConversationInline]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Customer]:
        """Without customers of whom everything is deleted."""
        its = Conversation.all_objects.filter(customer=OuterRef("pk"))
        is_deleted = ExistsByIndex(its.exclude(deleted_at=None)) & ~ExistsByIndex(its.filter(deleted_at=None))
        return super().get_queryset(request).exclude(is_deleted)

    @admin.display(description=_("marketing"))
    def marketing(self, customer: Customer) -> SafeString:
        return marketing_of(customer)

    @admin.display(description=_("name"), ordering="name")
    def display_name(self, customer: Customer) -> SafeString:
        return foreign(customer)
