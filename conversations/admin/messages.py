"""The pages of messages. Actions on outgoing messages are in whatsapp/admin/message_state.py."""

from typing import Any, ClassVar

from django.contrib import admin
from django.db.models import Model, Q, QuerySet
from django.http import HttpRequest
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from conversations.admin.customer_rows import NoAddOrDeleteAdmin, name_and_phone
from conversations.channels import channel_of, with_channel
from conversations.kinds import shown_text_of_message
from conversations.models import Message
from conversations.models.messages import IS_UNDECIDED, SETTLED
from conversations.search.pages import FoundPages, search
from leadsite.adminkit.parts import PageWithParts
from leadsite.adminkit.values import badge, foreign, link, shorten


class DeliveryFilter(admin.SimpleListFilter):
    """By the states that few messages are in, which have indexes; most are received or read."""

    title = _("delivery")
    parameter_name = "delivery"
    states: ClassVar[dict[str, tuple[Any, Q]]] = {
        "not": (_("Failed or unknown"), Q(status__in=["failed", "unknown"]) & ~Q(extras__has_key=SETTLED)),
        "failed": (_("Failed"), Q(status="failed")),
        "unknown": (_("Unknown"), IS_UNDECIDED),
        "queued": (_("Queued or being sent"), Q(status__in=["queued", "sending"])),
    }

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [(name, label) for name, (label, _) in self.states.items()]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Message]) -> QuerySet[Message]:
        chosen = self.states.get(self.value() or "")
        return queryset.filter(chosen[1]) if chosen else queryset


@admin.register(Message)
class MessageAdmin(NoAddOrDeleteAdmin, PageWithParts):
    customer_path = "conversation__customer__"
    list_display = ["customer_and_phone", "direction", "beginning", "status_badge", "created"]
    list_filter = [DeliveryFilter]
    list_select_related = ["conversation__customer"]
    search_help_text = _("Text, customer's name or phone number, or the provider's whole id")
    fields = [
        *("conversation_link", "number", "direction", "kind", "content", "status_badge", "current_error"),
        *("provider_id", "provider_time", "extras", "user", "created"),
    ]
    readonly_fields = ["conversation_link", "number", "status_badge", "current_error", "created"]
    ordering = ["-pk"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Message]:
        return super().get_queryset(request).filter(conversation__deleted_at=None)

    def search(self, rows: QuerySet[Message], term: str) -> FoundPages[Message]:
        ids = ["provider_id", f"{self.customer_path}whatsapp_user_id"]
        return search(rows, term, customer=self.customer_path, text="content", exact=ids)

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    @admin.display(description=_("customer"), ordering="conversation__customer__name")
    def customer_and_phone(self, message: Message) -> SafeString:
        return name_and_phone(message.conversation.customer)

    @admin.display(description=_("conversation"))
    def conversation_link(self, message: Message) -> SafeString:
        return link(message.conversation)

    @admin.display(description=_("number"))
    def number(self, message: Message) -> SafeString:
        channel = channel_of(with_channel(Message.objects.filter(pk=message.pk)).get())
        return foreign(channel["name"] if channel else self.empty_value_display)

    @admin.display(description=_("text"))
    def beginning(self, message: Message) -> SafeString:
        return foreign(shorten(shown_text_of_message(message.kind, message.content, message.extras)))

    @admin.display(description=_("error"))
    def current_error(self, message: Message) -> SafeString:
        return foreign(message.current_error or self.empty_value_display)

    @admin.display(description=_("status"), ordering="status")
    def status_badge(self, message: Message) -> SafeString:
        return badge(message.get_status_display(), message.status)
