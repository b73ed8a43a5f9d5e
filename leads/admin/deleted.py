"""Deleting leads in the admin, and the pages of deleted leads, where they are restored."""

from contextlib import suppress
from typing import Any, Final, cast

from django.conf import settings
from django.contrib import admin, messages
from django.contrib.admin.utils import quote, unquote
from django.core.exceptions import PermissionDenied
from django.db.models import Model, QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed, HttpResponseRedirect
from django.middleware.csrf import get_token
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext, gettext_noop, ngettext
from django.utils.translation import gettext_lazy as _

from conversations.admin.customer_rows import CustomerSearchAdmin, name_and_phone
from conversations.search.pages import FoundPages
from leads.admin.bulk_progress import counted
from leads.models import DeletedLead, Lead
from leads.search import search_leads
from leads.services.change import UnknownLead
from leads.services.delete import delete_lead, restore_lead
from leads.services.refusals import LeadRefused
from leadsite.accounts.models import User
from leadsite.adminkit.alerts import foreign_line
from leadsite.adminkit.page import ReadOnly
from leadsite.adminkit.values import badge, foreign, moment, shorten
from leadsite.core import clock
from leadsite.languages.texts import shown

_LIST: Final = "admin:leads_deletedlead_changelist"


class DeletableLeads(CustomerSearchAdmin):
    """The part of the leads' pages by which one is deleted. Who may change leads may delete them."""

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self.has_change_permission(request, obj)

    def get_deleted_objects(self, objs: Any, request: HttpRequest) -> Any:
        """What the confirmation says. Nothing is deleted by cascades."""
        leads = [foreign(lead) for lead in objs]
        return (
            [*leads, gettext("The conversation, if it has no other lead. %(how_long)s") % {"how_long": _how_long()}],
            {},
            set(),
            [],
        )

    def delete_model(self, request: HttpRequest, obj: Any) -> None:
        with suppress(UnknownLead):  # somebody else has just deleted it
            delete_lead(user_id=obj.user_id, lead_id=obj.pk, person_id=cast(User, request.user).pk)
        obj.pk = None  # as Django does; response_delete has the id

    def response_delete(self, request: HttpRequest, obj_display: str, obj_id: Any) -> HttpResponse:
        undo = format_html(
            '<form class="inline" method="post" action="{}"><input type="hidden" name="csrfmiddlewaretoken" value="{}">'
            '<button type="submit" class="cursor-pointer underline">{}</button></form>',
            reverse("admin:leads_deletedlead_restore", args=[quote(obj_id)]),
            get_token(request),
            gettext("Undo"),
        )
        messages.success(
            request, format_html(gettext("Deleted: {}. {} {}"), foreign_line(obj_display), _how_long(), undo)
        )
        return HttpResponseRedirect(reverse("admin:leads_lead_changelist"))


@admin.action(description=_("Restore"), permissions=["restore"])
def restore_chosen(page: "DeletedLeadAdmin", request: HttpRequest, leads: QuerySet[DeletedLead]) -> None:
    restored, refused = 0, 0
    for lead in leads:
        try:
            restore_lead(user_id=lead.user_id, lead_id=lead.pk)
        except LeadRefused as refusal:
            refused += 1
            messages.error(request, format_html("{}: {}", foreign_line(str(lead)), shown(refusal.message)))
        else:
            restored += 1
            page.log_change(request, lead, gettext_noop("Restored."))
    if restored:
        messages.success(request, gettext("Restored: %(restored)s.") % {"restored": counted(restored)})


@admin.register(DeletedLead)
class DeletedLeadAdmin(ReadOnly, CustomerSearchAdmin):
    """The deleted leads, until they are removed for good. For people who may change leads."""

    customer_path = "conversation__customer__"
    actions = [restore_chosen]
    list_display = ["customer_and_phone", "beginning", "type", "status_badge", "deleted", "by", "days_left"]
    list_filter = ["type", "status", "deleted_at"]
    list_select_related = ["conversation__customer", "deleted_by"]
    search_help_text = _("Name, phone number, or words of the request")
    ordering = ["-deleted_at", "-pk"]
    sorted_by_index = ("pk", "deleted_at")
    change_form_outer_before_template = "leads/deleted_lead.html"
    fields = [
        *("customer_and_phone", "type", "status_badge", "details", "source", "external_id", "user", "created"),
        *("deleted", "by", "days_left"),
    ]
    readonly_fields = ["customer_and_phone", "status_badge", "created", "deleted", "by", "days_left"]

    def has_module_permission(self, request: HttpRequest) -> bool:
        return self.has_view_permission(request)

    def has_view_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return request.user.has_perm("leads.change_lead")

    def has_restore_permission(self, request: HttpRequest) -> bool:
        return self.has_view_permission(request)

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(self.restore)
        return [path("<path:object_id>/restore/", view, name="leads_deletedlead_restore"), *super().get_urls()]

    def restore(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Handle the button, and the undo after a deletion."""
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        if not self.has_view_permission(request):
            raise PermissionDenied
        lead = self.get_object(request, unquote(object_id))
        if lead is None:
            return self._get_obj_does_not_exist_redirect(request, self.opts, object_id)
        try:
            restore_lead(user_id=lead.user_id, lead_id=lead.pk)
        except LeadRefused as refusal:
            messages.error(request, shown(refusal.message))
            return HttpResponseRedirect(reverse(_LIST))
        self.log_change(request, lead, gettext_noop("Restored."))
        messages.success(request, format_html(gettext("Restored: {}."), foreign_line(str(lead))))
        return HttpResponseRedirect(reverse("admin:leads_lead_change", args=[quote(lead.pk)]))

    def search(self, rows: QuerySet[Any], term: str) -> FoundPages[Any]:
        return search_leads(rows, term)

    @admin.display(description=_("customer"), ordering="conversation__customer__name")
    def customer_and_phone(self, lead: Lead) -> SafeString:
        return name_and_phone(lead.conversation.customer)

    @admin.display(description=_("request"))
    def beginning(self, lead: Lead) -> SafeString:
        return foreign(shorten(lead.details) or "–")

    @admin.display(description=_("status"), ordering="status")
    def status_badge(self, lead: Lead) -> SafeString:
        return badge(lead.get_status_display(), lead.status)

    @admin.display(description=_("deleted"), ordering="deleted_at")
    def deleted(self, lead: Lead) -> SafeString:
        return moment(lead.deleted_at)

    @admin.display(description=_("by"))
    def by(self, lead: Lead) -> SafeString:
        return foreign(lead.deleted_by or self.empty_value_display)

    @admin.display(description=_("removed for good"))
    def days_left(self, lead: Lead) -> str:
        if not settings.DELETED_DAYS or lead.deleted_at is None:
            return gettext("never")
        left = settings.DELETED_DAYS - (clock.now() - lead.deleted_at).days
        if left < 1:
            return gettext("within a day")
        return ngettext("in %(days)s day", "in %(days)s days", left) % {"days": left}


def _how_long() -> str:
    days = settings.DELETED_DAYS
    return (
        gettext("It can be restored for %(days)s days.") % {"days": days}
        if days
        else gettext("It can be restored at any time.")
    )
