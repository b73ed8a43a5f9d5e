"""The pages of exports: which columns, the progress, and the file."""

import io
from typing import Any, Final, cast
from uuid import UUID

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import (
    Http404,
    HttpRequest,
    HttpResponse,
    HttpResponseRedirect,
    JsonResponse,
    StreamingHttpResponse,
)
from django.http.response import HttpResponseBase
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext, gettext_noop
from django.utils.translation import gettext_lazy as _
from unfold.widgets import UnfoldAdminCheckboxSelectMultipleWidget, UnfoldAdminRadioSelectWidget

from conversations.search.pages import SEARCH_PLANS
from leadsite.accounts.models import User
from leadsite.adminkit.values import WAITS_FOR_WORKER
from leadsite.adminkit.workplace import business_of, reader_of, sees_all
from leadsite.core import clock
from leadsite.core.transactions import custom_plans
from leadsite.exports import limits, services
from leadsite.exports.columns import COLUMNS, chosen_columns
from leadsite.exports.models import Export
from leadsite.exports.rows import LISTS, FilterInvalid, filters_of, read_rows, rows_of
from leadsite.exports.writers import CSV, TYPES, XLSX
from leadsite.languages.texts import number, shown

State = Export.State
NAMES: Final = {
    "lead": gettext_noop("leads"),
    "deletedlead": gettext_noop("deleted leads"),
    "conversation": gettext_noop("conversations"),
    "customer": gettext_noop("customers"),
}
# A page counts at most so many, and one more: "10,000+".
COUNTED: Final = 10_000
SHOWN: Final = 20


class ExportForm(forms.Form):
    format = forms.ChoiceField(
        label=_("Format"),
        choices=[(XLSX, "Excel (.xlsx)"), (CSV, "CSV")],
        initial=XLSX,
        widget=UnfoldAdminRadioSelectWidget,
    )
    columns = forms.MultipleChoiceField(
        label=_("Columns"),
        widget=UnfoldAdminCheckboxSelectMultipleWidget,
        error_messages={"required": _("Choose at least one column.")},
    )

    def __init__(self, kind: str, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        choices = [(column.name, gettext(column.title)) for column in COLUMNS[kind]]
        cast(forms.MultipleChoiceField, self.fields["columns"]).choices = choices
        self.fields["columns"].initial = [name for name, _title in choices]


def new_export(request: HttpRequest, kind: str) -> HttpResponseBase:
    """Choose format and columns; then a file at once, or a page with the progress of the worker."""
    if kind not in LISTS:
        raise Http404(gettext("There is no such list."))
    query = request.META.get("QUERY_STRING", "")
    back = f"{reverse(f'admin:{LISTS[kind]._meta.app_label}_{kind}_changelist')}?{query}"
    try:
        rows = rows_of(request, kind, query)
        with custom_plans(**SEARCH_PLANS):
            count = rows.order_by()[: COUNTED + 1].count()
    except FilterInvalid as refusal:
        messages.error(request, shown(refusal))
        return HttpResponseRedirect(back)
    form = ExportForm(kind, request.POST or None)
    if request.method == "POST" and form.is_valid():
        chosen = form.cleaned_data
        if count <= limits.AT_ONCE:
            found = read_rows(rows[: limits.AT_ONCE], user_id=reader_of(request))
            return _at_once(found, kind, chosen["format"], chosen["columns"])
        try:
            return _by_worker(request, kind, query, count, chosen)
        except limits.TooManyExports as refusal:
            messages.error(request, shown(refusal))
    counted = f"{number(COUNTED)}+" if count > COUNTED else number(count)
    context = {
        "title": gettext("Export %(names)s") % {"names": gettext(NAMES[kind])},
        "form": form,
        "count": counted,
        "name": gettext(NAMES[kind]),
        "back": back,
    }
    return _page(
        request,
        "exports/new.html",
        context | {"filters": filters_of(request, kind, query), "many": count > limits.AT_ONCE},
    )


def exports(request: HttpRequest) -> HttpResponse:
    """The person's exports of the last day."""
    return _page(
        request,
        "exports/list.html",
        {"title": gettext("Exports"), "exports": [_shown(request, one) for one in _own(request)[:SHOWN]]},
    )


def export(request: HttpRequest, export_id: UUID) -> HttpResponse:
    """The progress of an export, or its download."""
    found = _found(request, export_id)
    return _page(
        request,
        "exports/export.html",
        {"title": gettext("Export of %(names)s") % {"names": gettext(NAMES[found.kind])}, **_shown(request, found)},
    )


def progress(request: HttpRequest, export_id: UUID) -> HttpResponse:
    """The numbers as JSON, for leads/static/leads/import.js."""
    return JsonResponse(_progress(_found(request, export_id)))


def download(request: HttpRequest, export_id: UUID) -> HttpResponseBase:
    """The file, to the person who asked for it, for a day."""
    found = _found(request, export_id)
    if found.state != State.FINISHED:
        return HttpResponseRedirect(reverse("export", args=[export_id]))
    return _file(StreamingHttpResponse(services.pieces_of(found)), found.kind, found.format, found.created_at)


def _by_worker(request: HttpRequest, kind: str, query: str, count: int, chosen: dict[str, Any]) -> HttpResponse:
    """Order the file, and lead to the page of its progress. Raises TooManyExports."""
    person = cast(User, request.user)
    ordered = services.start_export(
        person_id=person.pk,
        business_id=business_of(request) or person.pk,
        of_all=sees_all(request),
        kind=kind,
        query=query,
        columns=chosen["columns"],
        file_format=chosen["format"],
        total=count,
    )
    return HttpResponseRedirect(reverse("export", args=[ordered.pk]))


def _at_once(rows: list[Any], kind: str, file_format: str, names: list[str]) -> HttpResponseBase:
    buffer = io.BytesIO()
    zone = timezone.get_current_timezone()
    services.write_rows(buffer, file_format, rows, chosen_columns(kind, names), cast(Any, zone))
    return _file(HttpResponse(buffer.getvalue()), kind, file_format, clock.now())


def _file(response: HttpResponseBase, kind: str, file_format: str, at: Any) -> HttpResponseBase:
    name = f"{NAMES[kind].replace(' ', '-')}-{timezone.localtime(at):%Y-%m-%d}.{file_format}"
    response["Content-Type"] = TYPES[file_format]
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    response["Cache-Control"] = "private, no-store"
    return response


def _own(request: HttpRequest) -> Any:
    """Those of the person, in the business that they work for now, as long as they may export, and see all businesses
    where it is of all.
    """
    if not request.user.has_perm("conversations.change_customer"):
        raise PermissionDenied
    person = cast(User, request.user)
    mine = Export.objects.filter(person=person, user_id=business_of(request) or person.pk)
    mine = mine if sees_all(request) else mine.filter(of_all=False)
    return mine.filter(created_at__gt=clock.now() - limits.KEEP).order_by("-pk")


def _found(request: HttpRequest, export_id: UUID) -> Export:
    found: Export | None = _own(request).filter(pk=export_id).first()
    if found is None:
        raise Http404(gettext("There is no such export, or it is older than a day. Export again."))
    return found


def _shown(request: HttpRequest, export: Export) -> dict[str, Any]:
    return {
        "export": export,
        "name": gettext(NAMES[export.kind]),
        "error": shown(export.error),
        "filters": filters_of(request, export.kind, export.query),
        "under_way": _progress(export) if export.state in (State.WAITING, State.RUNNING) else None,
        "expires": export.created_at + limits.KEEP,
    }


def _progress(export: Export) -> dict[str, Any]:
    return {
        "over": export.state not in (State.WAITING, State.RUNNING),
        "progress": min(1.0, export.done / export.total) if export.total else 0.0,
        "words": str(WAITS_FOR_WORKER) if export.state == State.WAITING else "",
        "read": export.done,
    }


def _page(request: HttpRequest, template: str, context: dict[str, Any]) -> HttpResponse:
    return TemplateResponse(request, template, admin.site.each_context(request) | context)
