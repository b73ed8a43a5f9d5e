"""Customers, conversations and messages as staff read them, and what all admin pages of owned rows share."""

from typing import Any

from django.contrib import admin, messages
from django.db import IntegrityError
from django.db.models import ForeignKey, Model, QuerySet
from django.forms import ModelChoiceField, ModelForm
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils.html import format_html
from django.utils.safestring import SafeString
from unfold.admin import ModelAdmin, TabularInline

from conversations.models import Conversation, Customer, Message, OwnedModel


class OwnedAdmin(ModelAdmin):
    """Rows of one business: its own people see theirs, superusers see all.

    A change writes only the fields that the person changed, so that an hour-old form does not undo what happened
    meanwhile to the rest of the row.
    """

    show_full_result_count = False
    list_per_page = 50
    list_filter_submit = True
    warn_unsaved_form = True

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        rows = super().get_queryset(request)
        return rows if request.user.is_superuser else rows.filter(user_id=request.user.pk)

    def get_list_filter(self, request: HttpRequest) -> list[Any]:
        fields = list(super().get_list_filter(request))
        return [*fields, "user"] if request.user.is_superuser else fields

    def formfield_for_foreignkey(
        self, db_field: ForeignKey[Any, Any], request: HttpRequest, **options: Any
    ) -> ModelChoiceField[Any] | None:
        related = db_field.related_model
        if isinstance(related, type) and issubclass(related, OwnedModel) and not request.user.is_superuser:
            options["queryset"] = related._default_manager.filter(user_id=request.user.pk)
        return super().formfield_for_foreignkey(db_field, request, **options)

    def save_model(self, request: HttpRequest, obj: Any, form: ModelForm[Any], change: bool) -> None:
        if change:
            obj.save(update_fields=[*form.changed_data, "updated_at"])
        else:
            obj.save()

    def changeform_view(self, request: HttpRequest, *args: Any, **options: Any) -> HttpResponse:
        try:
            return super().changeform_view(request, *args, **options)
        except IntegrityError as error:
            # The form was right when it was checked; somebody else was faster with the same.
            messages.error(
                request, f"Not saved: it conflicts with a change made at the same moment. {_constraint(error)}"
            )
            return HttpResponseRedirect(request.get_full_path())


def _constraint(error: IntegrityError) -> str:
    diagnosis = getattr(error.__cause__, "diag", None)
    return f"({diagnosis.constraint_name})" if diagnosis and diagnosis.constraint_name else ""


class MadeWithALead(OwnedAdmin):
    """Rows that nobody makes or deletes by hand: they come with a lead or from WhatsApp, and stay with it."""

    def has_add_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False


class MessageInline(TabularInline):
    model = Message
    fields = readonly_fields = ["created_at", "direction", "kind", "content", "status", "error"]
    ordering = ["id"]
    extra = 0
    can_delete = False
    show_change_link = True

    def has_add_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False


class ConversationInline(TabularInline):
    model = Conversation
    fields = readonly_fields = ["status", "last_message_at", "created_at"]
    ordering = ["-id"]
    extra = 0
    can_delete = False
    show_change_link = True

    def has_add_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False


@admin.register(Customer)
class CustomerAdmin(MadeWithALead):
    list_display = ["__str__", "phone", "whatsapp_user_id", "created_at"]
    search_fields = ["name", "phone", "phone_key", "whatsapp_user_id"]
    search_help_text = "Name, phone number or WhatsApp user id"
    fields = ["user", "name", "phone", "whatsapp_user_id", "created_at"]
    readonly_fields = ["user", "created_at"]
    ordering = ["-id"]
    inlines = [ConversationInline]


@admin.register(Conversation)
class ConversationAdmin(MadeWithALead):
    list_display = ["customer", "phone", "status_badge", "last_message_at", "created_at"]
    list_filter = ["status"]
    list_select_related = ["customer"]
    search_fields = ["customer__name", "customer__phone", "customer__phone_key"]
    search_help_text = "Name or phone number of the customer"
    fields = ["user", "customer", "status", "last_message_at", "last_inbound_at", "created_at"]
    readonly_fields = ["user", "customer", "last_message_at", "last_inbound_at", "created_at"]
    ordering = ["-id"]
    inlines = [MessageInline]

    @admin.display(description="phone", ordering="customer__phone")
    def phone(self, conversation: Conversation) -> str:
        return conversation.customer.phone or "–"

    @admin.display(description="status", ordering="status")
    def status_badge(self, conversation: Conversation) -> SafeString:
        return badge(conversation.get_status_display(), conversation.status)


@admin.register(Message)
class MessageAdmin(MadeWithALead):
    list_display = ["customer", "direction", "kind", "beginning", "status", "created_at"]
    list_filter = ["direction", "status"]
    list_select_related = ["conversation__customer"]
    search_fields = ["content", "provider_id"]
    search_help_text = "Text, or the provider's id"
    ordering = ["-id"]

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    @admin.display(description="customer")
    def customer(self, message: Message) -> str:
        return str(message.conversation.customer)

    @admin.display(description="text")
    def beginning(self, message: Message) -> str:
        return shorten(message.content)


COLOURS = {
    "new": "bg-blue-100 text-blue-700 dark:bg-blue-500/20 dark:text-blue-400",
    "active": "bg-green-100 text-green-700 dark:bg-green-500/20 dark:text-green-400",
    "converted": "bg-green-100 text-green-700 dark:bg-green-500/20 dark:text-green-400",
    "contacted": "bg-orange-100 text-orange-700 dark:bg-orange-500/20 dark:text-orange-400",
    "qualified": "bg-primary-100 text-primary-700 dark:bg-primary-500/20 dark:text-primary-400",
    "lost": "bg-red-100 text-red-700 dark:bg-red-500/20 dark:text-red-400",
}
PLAIN = "bg-base-100 text-base-700 dark:bg-base-500/20 dark:text-base-200"


def badge(label: str, value: str) -> SafeString:
    """A status as a coloured word."""
    shape = "inline-block font-semibold leading-normal px-2 py-1 rounded text-xs whitespace-nowrap"
    return format_html('<span class="{} {}">{}</span>', shape, COLOURS.get(value, PLAIN), label)


def shorten(text: str, length: int = 80) -> str:
    """The beginning of a text, on one line."""
    line = " ".join(text.split())
    return line if len(line) <= length else line[: length - 1] + "…"
