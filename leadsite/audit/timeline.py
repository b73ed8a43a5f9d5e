"""The history of a row in the admin: its newest changes below the form, and a page with all, which takes the place of
Django's own, because that knows only what was changed in the admin.
"""

from typing import Any, Final

from django.contrib.admin.utils import unquote
from django.core.exceptions import PermissionDenied
from django.db.models import Model
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.translation import gettext

from leadsite.adminkit.owned import OwnedAdmin
from leadsite.audit.history import told_entries_of
from leadsite.audit.sentences import lines_of

SHOWN: Final = 5
PAGE: Final = 50


class AuditedAdmin(OwnedAdmin):
    """A page of an audited row: its newest changes are below the form, and the button "History" leads to all."""

    change_form_outer_after_template = "audit/after.html"

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], *args: Any, obj: Model | None = None, **options: Any
    ) -> HttpResponse:
        if obj is not None:
            newest = list(told_entries_of(self.opts.db_table, obj.pk).order_by("-id")[: SHOWN + 1])
            more = reverse(f"admin:{self.opts.app_label}_{self.opts.model_name}_history", args=[obj.pk])
            context |= {"timeline": lines_of(newest[:SHOWN]), "timeline_more": more if len(newest) > SHOWN else ""}
        return super().render_change_form(request, context, *args, obj=obj, **options)

    def history_view(
        self, request: HttpRequest, object_id: str, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        row = self.get_object(request, unquote(object_id))
        if row is None:
            return self._get_obj_does_not_exist_redirect(request, self.opts, object_id)
        if not self.has_view_or_change_permission(request, row):
            raise PermissionDenied
        entries = told_entries_of(self.opts.db_table, row.pk)
        before = request.GET.get("before", "")
        if before.isascii() and before.isdigit() and len(before) < 19:
            entries = entries.filter(id__lt=int(before))
        newest = list(entries.order_by("-id")[: PAGE + 1])
        context = {
            **self.admin_site.each_context(request),
            "title": gettext("History: %(row)s") % {"row": row},
            "opts": self.opts,
            "object": row,
            "timeline": lines_of(newest[:PAGE]),
            "timeline_more": f"?before={newest[PAGE - 1].pk}" if len(newest) > PAGE else "",
            **(extra_context or {}),
        }
        return TemplateResponse(request, "audit/history.html", context)
