"""The pages of conversations, with the thread of messages."""

from typing import Any

from django.contrib import admin
from django.db.models import Model, QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.safestring import SafeString
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from conversations.admin.assignment import AssignedFilter, offer_people
from conversations.admin.customer_rows import CustomerLockingAdmin, marketing_of, name_and_phone
from conversations.admin.thread_entries import read_thread
from conversations.models import Conversation
from conversations.models.conversations import NEWEST_FIRST, RECENCY
from conversations.services.change import change_conversation
from leadsite.adminkit.owned import OwnedAdmin
from leadsite.adminkit.parts import PagePart, PageWithParts
from leadsite.adminkit.values import badge, link, moment
from leadsite.audit.timeline import AuditedAdmin


class WaitingFilter(admin.SimpleListFilter):
    title = _("waiting for an answer")
    parameter_name = "waiting"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("yes", gettext("Yes")), ("no", gettext("No"))]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Conversation]) -> QuerySet[Conversation]:
        if self.value() in ("yes", "no"):
            return queryset.filter(waiting_since__isnull=self.value() == "no")
        return queryset


@admin.register(Conversation)
class ConversationAdmin(CustomerLockingAdmin, AuditedAdmin, PageWithParts):
    customer_path = "customer__"
    list_display = ["customer_and_phone", "status_badge", "assigned_to", "waiting", "last_message", "created"]
    list_filter = ["status", WaitingFilter, AssignedFilter, "created_at"]
    list_select_related = ["customer", "assigned_to"]
    search_help_text = _("Name or phone number of the customer")
    fields = [
        *("customer_link", "phone", "marketing", "status", "assigned_to", "last_message", "last_inbound"),
        *("user", "created"),
    ]
    readonly_fields = ["user", "customer_link", "phone", "marketing", "last_message", "last_inbound", "created"]
    ordering = NEWEST_FIRST
    sorted_by_index = ("pk", RECENCY)

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **options: Any) -> Any:
        form = super().get_form(request, obj, change=change, **options)
        if obj is not None and "assigned_to" in form.base_fields:
            offer_people(form.base_fields["assigned_to"], request, obj)
        return form

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        """Change it by the service, as the API does. `form` offers the people, to operators also all operators."""
        change_conversation(
            user_id=obj.user_id, conversation_id=obj.pk, changes=form.changed_columns(), may_assign=True
        )

    @admin.display(description=_("customer"), ordering="customer__name")
    def customer_and_phone(self, conversation: Conversation) -> SafeString:
        return name_and_phone(conversation.customer)

    @admin.display(description=_("customer"))
    def customer_link(self, conversation: Conversation) -> SafeString:
        return link(conversation.customer)

    @admin.display(description=_("phone"))
    def phone(self, conversation: Conversation) -> str | None:
        return conversation.customer.phone or self.empty_value_display

    @admin.display(description=_("marketing"))
    def marketing(self, conversation: Conversation) -> SafeString:
        return marketing_of(conversation.customer)

    @admin.display(description=_("status"), ordering="status")
    def status_badge(self, conversation: Conversation) -> SafeString:
        return badge(conversation.get_status_display(), conversation.status)

    @admin.display(description=_("waiting since"), ordering="waiting_since")
    def waiting(self, conversation: Conversation) -> SafeString:
        return moment(conversation.waiting_since)

    @admin.display(description=_("last message"), ordering=RECENCY)
    def last_message(self, conversation: Conversation) -> SafeString:
        return moment(conversation.last_message_at)

    @admin.display(description=_("last from the customer"))
    def last_inbound(self, conversation: Conversation) -> SafeString:
        return moment(conversation.last_inbound_at)


class ThreadPart(PagePart):
    """The newest messages, below the form."""

    template_after = "conversations/thread.html"

    def get_context(self, page: OwnedAdmin, request: HttpRequest, row: Model) -> dict[str, Any]:
        if not isinstance(row, Conversation) or not request.user.has_perm("conversations.view_message"):
            return {}
        thread = read_thread(row)
        all_messages = reverse("admin:conversations_message_changelist", query={"conversation__id__exact": str(row.pk)})
        return {"thread": thread, "all_messages": all_messages if thread.has_older else ""}


ConversationAdmin.add_part(ThreadPart())
