"""The pages of leads."""

from typing import Any, cast

from django.contrib import admin
from django.db.models import Model, QuerySet
from django.forms import ModelForm
from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from conversations.admin.assignment import AssignedFilter, offer_people
from conversations.admin.customer_rows import name_and_phone
from conversations.admin.referral import read_referral
from conversations.search.pages import FoundPages
from leads.admin.actions import ACTIONS, LeadActionForm, colleague_actions
from leads.admin.deleted import DeletableLeads
from leads.admin.forms import LeadForm, NewLeadForm
from leads.models import Lead
from leads.search import search_leads
from leads.services.change import change_lead
from leads.services.create import create_lead
from leads.services.refusals import LeadRefused
from leadsite.adminkit.owned import owner_of
from leadsite.adminkit.parts import PageWithParts
from leadsite.adminkit.values import NOTHING, badge, day, foreign, link, moment, shorten
from leadsite.adminkit.workplace import business_of, sees_all
from leadsite.audit.timeline import AuditedAdmin

NEW_LEAD_FIELDS = ["customer_phone", "customer_name", "type", "details", "status"]


@admin.register(Lead)
class LeadAdmin(DeletableLeads, AuditedAdmin, PageWithParts):
    form = LeadForm
    customer_path = "conversation__customer__"
    actions = ACTIONS
    action_form = LeadActionForm
    list_display = [
        *(
            "customer_and_phone",
            "beginning",
            "type",
            "status_badge",
            "assigned_to",
            "last_message",
            "source",
            "created",
        ),
    ]
    list_filter = ["status", "type", "source", AssignedFilter, "created_at", "updated_at"]
    list_select_related = ["conversation__customer", "assigned_to"]
    search_help_text = _("Name, phone number, or words of the request")
    # Leads from another system keep their ids, which do not sort by time.
    ordering = ["-created_at", "-pk"]
    list_before_template = "leads/import_link.html"
    readonly_fields = [
        *("customer_link", "phone", "conversation_link", "source", "came_by", "external_id", "user", "created"),
        "changed",
    ]
    fieldsets = [
        (None, {"fields": ["customer_link", "phone", "conversation_link"]}),
        (_("The request"), {"fields": ["status", "lost_reason", "assigned_to", "follow_up_at", "type", "details"]}),
        (_("Where it came from"), {"fields": ["source", "came_by", "external_id", "user", "created", "changed"]}),
    ]

    def get_actions(self, request: HttpRequest) -> Any:
        actions = super().get_actions(request)
        return actions | colleague_actions(request) if "assign_to_me" in actions else actions

    def get_fieldsets(self, request: HttpRequest, obj: Model | None = None) -> Any:
        operator = sees_all(request)
        if obj is None:
            return [(None, {"fields": ["user", *NEW_LEAD_FIELDS] if operator else NEW_LEAD_FIELDS})]
        hidden = {"user": not operator, "came_by": not cast(Lead, obj).referral}
        shown = [(title, [f for f in options["fields"] if not hidden.get(f)]) for title, options in self.fieldsets]
        return [(title, {"fields": fields}) for title, fields in shown]

    def get_readonly_fields(self, request: HttpRequest, obj: Model | None = None) -> Any:
        return super().get_readonly_fields(request, obj) if obj is not None else []

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **options: Any) -> Any:
        if obj is None:
            columns = ["type", "details", "status"]
            options |= {"form": NewLeadForm, "fields": ["user", *columns] if sees_all(request) else columns}
        form = super().get_form(request, obj, change=change, **options)
        if obj is None:
            form.refusal = getattr(request, "lead_refusal", None)
            form.business_id = business_of(request)
        elif "assigned_to" in form.base_fields:
            offer_people(form.base_fields["assigned_to"], request, obj)
        return form

    def save_model(self, request: HttpRequest, obj: Any, form: ModelForm[Any], change: bool) -> None:
        if change:
            # change_lead checks the status again under the lock: another session may have changed it since validation.
            changes = cast(LeadForm, form).changed_columns()
            change_lead(user_id=obj.user_id, lead_id=obj.pk, changes=changes, may_assign=True)
            return
        lead = cast(NewLeadForm, form).to_lead()
        created = create_lead(user_id=owner_of(request, form), lead=lead, source=Lead.Source.ADMIN)
        obj.pk = created.lead_id
        obj.refresh_from_db()

    def changeform_view(self, request: HttpRequest, *args: Any, **options: Any) -> HttpResponse:
        try:
            return super().changeform_view(request, *args, **options)
        except LeadRefused as refusal:
            # The form was valid, but the database refused it: show the form again with that error.
            request.lead_refusal = refusal  # type: ignore[attr-defined] # read by get_form
            return super().changeform_view(request, *args, **options)

    def search(self, rows: QuerySet[Lead], term: str) -> FoundPages[Lead]:
        return search_leads(rows, term)

    @admin.display(description=_("customer"), ordering="conversation__customer__name")
    def customer_and_phone(self, lead: Lead) -> SafeString:
        return name_and_phone(lead.conversation.customer)

    @admin.display(description=_("customer"))
    def customer_link(self, lead: Lead) -> SafeString:
        return link(lead.conversation.customer)

    @admin.display(description=_("phone"))
    def phone(self, lead: Lead) -> SafeString:
        phone = lead.conversation.customer.phone
        return format_html('<a href="tel:{}" class="text-link">{}</a>', phone, phone) if phone else NOTHING

    @admin.display(description=_("conversation"))
    def conversation_link(self, lead: Lead) -> SafeString:
        conversation = lead.conversation
        return link(
            conversation,
            gettext("%(get_status_display)s, since %(day)s")
            % {"get_status_display": conversation.get_status_display(), "day": day(conversation.created_at)},
        )

    @admin.display(description=_("status"), ordering="status")
    def status_badge(self, lead: Lead) -> SafeString:
        return badge(lead.get_status_display(), lead.status)

    @admin.display(description=_("last message"))
    def last_message(self, lead: Lead) -> SafeString:
        """When the customer wrote last. Not sortable: no index has that order."""
        return moment(lead.conversation.last_inbound_at)

    @admin.display(description=_("request"))
    def beginning(self, lead: Lead) -> SafeString:
        return foreign(shorten(lead.details) or "–")

    @admin.display(description=_("came by"))
    def came_by(self, lead: Lead) -> SafeString:
        referral = read_referral(lead.referral)
        return render_to_string("conversations/referral.html", {"referral": referral}) if referral else NOTHING
