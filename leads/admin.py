"""Leads as staff work them."""

from typing import Any, cast

from django.contrib import admin, messages
from django.db.models import Model
from django.forms import ModelForm
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils.safestring import SafeString

from conversations.admin import OwnedAdmin, badge, shorten
from leads.forms import NewLeadForm
from leads.models import Lead
from leads.services import LeadRefused, create_lead
from leadsite.accounts.models import User


@admin.register(Lead)
class LeadAdmin(OwnedAdmin):
    list_display = ["customer", "phone", "type", "status_badge", "wish", "source", "assigned_to", "created_at"]
    list_display_links = ["customer"]
    list_filter = ["status", "type", "source"]
    list_select_related = ["conversation__customer", "assigned_to"]
    search_fields = [
        "conversation__customer__name",
        "conversation__customer__phone",
        "conversation__customer__phone_key",
        "details",
        "external_id",
    ]
    search_help_text = "Customer's name, phone number, or words of the wish"
    ordering = ["-id"]
    readonly_fields = ["user", "customer", "phone", "conversation", "source", "external_id", "created_at", "updated_at"]
    fieldsets = [
        (None, {"fields": ["customer", "phone", "type", "details", "status", "assigned_to"]}),
        ("Where it came from", {"fields": ["conversation", "source", "external_id", "created_at", "updated_at"]}),
    ]

    def get_fieldsets(self, request: HttpRequest, obj: Model | None = None) -> Any:
        if obj is not None:
            return super().get_fieldsets(request, obj)
        fields = ["customer_phone", "customer_name", "type", "details", "status"]
        return [(None, {"fields": ["user", *fields] if request.user.is_superuser else fields})]

    def get_readonly_fields(self, request: HttpRequest, obj: Model | None = None) -> Any:
        return super().get_readonly_fields(request, obj) if obj is not None else []

    def get_form(self, request: HttpRequest, obj: Model | None = None, change: bool = False, **options: Any) -> Any:
        if obj is None:
            options["form"] = NewLeadForm
            options["fields"] = (
                ["user", "type", "details", "status"]
                if request.user.is_superuser
                else [
                    "type",
                    "details",
                    "status",
                ]
            )
        return super().get_form(request, obj, change=change, **options)

    def save_model(self, request: HttpRequest, obj: Any, form: ModelForm[Any], change: bool) -> None:
        if change:
            super().save_model(request, obj, form, change)
            return
        owner = cast(User, form.cleaned_data.get("user") or request.user)
        lead = cast(NewLeadForm, form).to_lead()
        created = create_lead(user_id=owner.pk, lead=lead, source=Lead.Source.ADMIN)
        obj.pk = created.lead_id
        obj.refresh_from_db()

    def changeform_view(self, request: HttpRequest, *args: Any, **options: Any) -> HttpResponse:
        try:
            return super().changeform_view(request, *args, **options)
        except LeadRefused as refusal:
            messages.error(request, f"Not saved: {refusal.message}")
            return HttpResponseRedirect(request.get_full_path())

    @admin.display(description="customer", ordering="conversation__customer__name")
    def customer(self, lead: Lead) -> str:
        return str(lead.conversation.customer)

    @admin.display(description="phone", ordering="conversation__customer__phone")
    def phone(self, lead: Lead) -> str:
        return lead.conversation.customer.phone or "–"

    @admin.display(description="status", ordering="status")
    def status_badge(self, lead: Lead) -> SafeString:
        return badge(lead.get_status_display(), lead.status)

    @admin.display(description="wish")
    def wish(self, lead: Lead) -> str:
        return shorten(lead.details) or "–"
