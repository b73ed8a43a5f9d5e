"""Customers, conversations and messages as staff read them."""

from typing import Any

from django.contrib import admin
from django.core.exceptions import ObjectDoesNotExist
from django.db import connection
from django.db.models import Model
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from conversations.admin.forms import CustomerForm
from conversations.admin.phone_search import FoundByPhone
from conversations.admin.thread import read_thread
from conversations.models import Conversation, Customer, Message
from leadsite.adminkit.owned import ReadOnlyInline
from leadsite.adminkit.values import badge, day, foreign, link, moment, shorten


class MadeWithALead(FoundByPhone):
    """Rows that nobody makes or deletes by hand: they come with a lead or from WhatsApp, and stay with it."""

    def has_add_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False


class CustomerLocked(MadeWithALead):
    """Pages whose change takes the customer's row first. See Note [Lock order] in leads/services/create.py."""

    def get_object(self, request: HttpRequest, object_id: str, from_field: str | None = None) -> Any:
        """The row; for a change, locked with its customer and as it is then, so that the form checks what holds."""
        row = super().get_object(request, object_id, from_field)
        if row is not None and request.method == "POST" and connection.in_atomic_block:
            customer_id = row.pk if isinstance(row, Customer) else row.customer_id
            try:
                Customer.objects.select_for_update().get(pk=customer_id)
                row.refresh_from_db()
            except ObjectDoesNotExist:
                # Merged with another meanwhile (merge_customers.sql): Django says that it is not there any more.
                return None
        return row


class ConversationInline(ReadOnlyInline):
    model = Conversation
    fields = readonly_fields = ["opened", "status_badge", "last_message"]

    @admin.display(description="opened")
    def opened(self, conversation: Conversation) -> SafeString:
        return link(conversation, day(conversation.created_at))

    @admin.display(description="status")
    def status_badge(self, conversation: Conversation) -> SafeString:
        return badge(conversation.get_status_display(), conversation.status)

    @admin.display(description="last message")
    def last_message(self, conversation: Conversation) -> SafeString:
        return moment(conversation.last_message_at)


@admin.register(Customer)
class CustomerAdmin(CustomerLocked):
    form = CustomerForm
    customer_path = ""
    list_display = ["called", "phone", "whatsapp_user_id", "created"]
    search_fields = ["name", "whatsapp_user_id"]
    search_help_text = "Name, phone number or WhatsApp user id"
    fields = ["name", "phone", "whatsapp_user_id", "user", "created", "changed"]
    readonly_fields = ["user", "created", "changed"]
    ordering = ["-pk"]
    inlines = [ConversationInline]

    @admin.display(description="name", ordering="name")
    def called(self, customer: Customer) -> SafeString:
        return foreign(customer)


@admin.register(Conversation)
class ConversationAdmin(CustomerLocked):
    customer_path = "customer__"
    list_display = ["customer_and_phone", "status_badge", "last_message", "created"]
    list_filter = ["status", "created_at"]
    list_select_related = ["customer"]
    search_fields = ["customer__name", "customer__whatsapp_user_id"]
    search_help_text = "Name or phone number of the customer"
    fields = ["customer_link", "phone", "status", "last_message", "last_inbound", "user", "created"]
    readonly_fields = ["user", "customer_link", "phone", "last_message", "last_inbound", "created"]
    ordering = ["-pk"]
    # Below the form and its buttons, which are not about what is written.
    change_form_outer_after_template = "conversations/thread.html"

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], *args: Any, obj: Model | None = None, **options: Any
    ) -> HttpResponse:
        if isinstance(obj, Conversation) and request.user.has_perm("conversations.view_message"):
            context["thread"] = thread = read_thread(obj)
            if thread.has_older:
                every = reverse("admin:conversations_message_changelist")
                context["whole_thread"] = f"{every}?conversation__id__exact={obj.pk}"
        return super().render_change_form(request, context, *args, obj=obj, **options)

    @admin.display(description="customer", ordering="customer__name")
    def customer_and_phone(self, conversation: Conversation) -> SafeString:
        return name_and_phone(conversation.customer)

    @admin.display(description="customer")
    def customer_link(self, conversation: Conversation) -> SafeString:
        return link(conversation.customer)

    @admin.display(description="phone")
    def phone(self, conversation: Conversation) -> str | None:
        return conversation.customer.phone or self.empty_value_display

    @admin.display(description="status", ordering="status")
    def status_badge(self, conversation: Conversation) -> SafeString:
        return badge(conversation.get_status_display(), conversation.status)

    @admin.display(description="last message", ordering="last_message_at")
    def last_message(self, conversation: Conversation) -> SafeString:
        return moment(conversation.last_message_at)

    @admin.display(description="last from the customer")
    def last_inbound(self, conversation: Conversation) -> SafeString:
        return moment(conversation.last_inbound_at)


@admin.register(Message)
class MessageAdmin(MadeWithALead):
    customer_path = "conversation__customer__"
    list_display = ["customer_and_phone", "direction", "beginning", "status_badge", "created"]
    list_filter = ["direction", "status", "created_at"]
    list_select_related = ["conversation__customer"]
    search_fields = ["content", "provider_id", "conversation__customer__name"]
    search_help_text = "Text, customer's name or phone number, or the provider's id"
    fields = [
        *("conversation_link", "direction", "kind", "content", "status_badge", "error"),
        *("provider_id", "provider_time", "extras", "user", "created"),
    ]
    readonly_fields = ["conversation_link", "status_badge", "created"]
    ordering = ["-pk"]

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    @admin.display(description="customer", ordering="conversation__customer__name")
    def customer_and_phone(self, message: Message) -> SafeString:
        return name_and_phone(message.conversation.customer)

    @admin.display(description="conversation")
    def conversation_link(self, message: Message) -> SafeString:
        return link(message.conversation)

    @admin.display(description="text")
    def beginning(self, message: Message) -> SafeString:
        return foreign(shorten(message.content) or f"({message.kind})")

    @admin.display(description="status", ordering="status")
    def status_badge(self, message: Message) -> SafeString:
        return badge(message.get_status_display(), message.status)


def name_and_phone(customer: Customer) -> SafeString:
    """A cell of two lines; one where the phone stands for the name."""
    phone = customer.phone or "" if customer.name else ""
    return format_html('{}<span class="text-subtle whitespace-nowrap">{}</span>', foreign(customer), phone)
