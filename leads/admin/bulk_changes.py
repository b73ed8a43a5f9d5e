"""The admin's pages of bulk changes: progress, cancel, undo, and the leads that were not changed."""

from typing import Any, Final, cast

from django.contrib import admin, messages
from django.contrib.admin.utils import unquote
from django.core.exceptions import PermissionDenied
from django.db import OperationalError
from django.db.models import Model, QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed, JsonResponse
from django.urls import URLPattern, path
from django.utils.safestring import SafeString
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from leads.admin.actions import to_page
from leads.admin.bulk_progress import (
    describe_counts,
    describe_values,
    meaning,
    progress_of,
    reason_of,
    state_badge,
)
from leads.bulk import changes
from leads.bulk.chunks import process_at_once
from leads.models import BulkChange, Lead
from leadsite.adminkit.owned import OwnedAdmin
from leadsite.adminkit.page import ReadOnly
from leadsite.adminkit.values import foreign, link, moment
from leadsite.adminkit.workplace import sees_all
from leadsite.languages.texts import shown

State = BulkChange.State
SHOWN: Final = 20


@admin.register(BulkChange)
class BulkChangeAdmin(ReadOnly, OwnedAdmin):
    """For people who may change leads. A bulk change is made by an action on the list of leads."""

    list_display = ["what", "state_badge", "outcome", "by", "started"]
    list_filter = ["state", "created_at"]
    list_select_related = ["person"]
    ordering = ["-pk"]
    change_form_outer_before_template = "leads/bulk_change.html"
    change_form_outer_after_template = "leads/bulk_kept.html"
    fields = ["what", "state_badge", "outcome", "by", "user", "started", "finished", "id"]
    readonly_fields = ["what", "state_badge", "outcome", "by", "started", "finished", "id"]

    class Media:
        js = ["leads/import.js"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[BulkChange]:
        rows = super().get_queryset(request)
        return rows if sees_all(request) else rows.filter(several=False)

    def has_module_permission(self, request: HttpRequest) -> bool:
        return self.has_view_permission(request)

    def has_view_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return request.user.has_perm("leads.change_lead")

    def get_urls(self) -> list[URLPattern]:
        def page(name: str, view: Any) -> URLPattern:
            return path(f"<path:object_id>/{name}/", self.admin_site.admin_view(view), name=f"leads_bulkchange_{name}")

        return [page("progress", self.progress), page("decide", self.decide), *super().get_urls()]

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], *args: Any, obj: Model | None = None, **options: Any
    ) -> HttpResponse:
        if isinstance(obj, BulkChange):
            context |= _page_context(obj)
        return super().render_change_form(request, context, *args, obj=obj, **options)

    def progress(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """The numbers of a bulk change as JSON, for its page."""
        change = self._visible(request, object_id)
        if change is None:
            return JsonResponse({"error": gettext("There is no such bulk change.")}, status=404)
        return JsonResponse(progress_of(change))

    def decide(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Handle a button of the page: cancel, resume, undo."""
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        change = self._visible(request, object_id)
        if change is None:
            return self._get_obj_does_not_exist_redirect(request, self.opts, object_id)
        try:
            _decide(request.POST.get("do", ""), change)
        except changes.WrongState as error:
            messages.error(request, shown(error))
        except OperationalError:
            messages.warning(
                request, gettext("Somebody else is changing one of the leads. A worker continues in a minute.")
            )
        return to_page(change)

    def _visible(self, request: HttpRequest, object_id: str) -> BulkChange | None:
        if not self.has_view_permission(request):
            raise PermissionDenied
        return cast("BulkChange | None", self.get_object(request, unquote(object_id)))

    @admin.display(description=_("change"))
    def what(self, change: BulkChange) -> SafeString:
        return foreign(describe_values(change))

    @admin.display(description=_("state"), ordering="state")
    def state_badge(self, change: BulkChange) -> SafeString:
        return state_badge(change)

    @admin.display(description=_("leads"))
    def outcome(self, change: BulkChange) -> str:
        return describe_counts(change)

    @admin.display(description=_("by"))
    def by(self, change: BulkChange) -> SafeString:
        return foreign(change.person.person_name if change.person else self.empty_value_display)

    @admin.display(description=_("started"), ordering="pk")
    def started(self, change: BulkChange) -> SafeString:
        return moment(change.created_at)

    @admin.display(description=_("ended"))
    def finished(self, change: BulkChange) -> SafeString:
        return moment(change.finished_at)


def _decide(action: str, change: BulkChange) -> None:
    """Raises WrongState; django.db.OperationalError."""
    if action == "cancel":
        changes.cancel_bulk_change(change=change)
    elif action in ("resume", "undo"):
        (changes.resume_bulk_change if action == "resume" else changes.undo_bulk_change)(change=change)
        if change.total <= changes.AT_ONCE:
            process_at_once(change=change)


def _page_context(change: BulkChange) -> dict[str, Any]:
    """The context of leads/bulk_change.html and leads/bulk_kept.html."""
    if change.state in changes.IN_PROGRESS:
        return {"under_way": progress_of(change), "undoing": change.state in changes.UNDOING}
    stopped = change.state in (State.CANCELLED, State.FAILED) and change.undo_position is None
    undoable = change.state in changes.UNDOABLE and bool(change.changed) and change.chosen.exists()
    return {"meaning": meaning(change), "can_resume": stopped, "can_undo": undoable, "kept": _kept(change)}


def _kept(change: BulkChange) -> list[tuple[SafeString, str]]:
    """The first leads that were not changed, and why."""
    rows = change.chosen.exclude(outcome="").exclude(outcome="same").order_by("lead_id")
    outcomes = dict(rows.values_list("lead_id", "outcome")[:SHOWN])
    leads = Lead.objects.select_related("conversation__customer").in_bulk(list(outcomes))
    return [
        (link(leads[lead_id]) if lead_id in leads else foreign(gettext("A deleted lead")), reason_of(outcome))
        for lead_id, outcome in outcomes.items()
    ]
