"""The admin's pages of imports: upload, preview, dry run, progress, refused rows."""

from typing import Any, Final, cast
from urllib.parse import quote as quote_name

from django.contrib import admin, messages
from django.contrib.admin.utils import quote, unquote
from django.core.exceptions import PermissionDenied
from django.db.models import Model
from django.forms import ModelForm
from django.http import (
    HttpRequest,
    HttpResponse,
    HttpResponseNotAllowed,
    HttpResponseRedirect,
    JsonResponse,
    StreamingHttpResponse,
)
from django.http.response import HttpResponseBase
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from leads.admin.import_forms import PreviewForm, UploadForm
from leads.admin.import_page import changes_table, refused_file, refused_table, run_context
from leads.admin.import_progress import counts_of, describe_counts, describe_options, progress_of, state_badge
from leads.importing import uploads
from leads.importing.page_messages import page_message
from leads.models import ImportRun
from leadsite.accounts.business.places import country_of_request
from leadsite.adminkit.owned import OwnedAdmin, owner_of
from leadsite.adminkit.values import NOTHING, foreign, moment
from leadsite.adminkit.workplace import sees_all
from leadsite.languages.texts import shown

State = ImportRun.State
RESULT_FIELDS: Final = ("state_badge", "outcome", "leads_link", "finished")
READING_FIELDS: Final = ["type", "status", "region", "on_duplicate", "blank_clears", "again", "date_order", "encoding"]


@admin.register(ImportRun)
class ImportRunAdmin(OwnedAdmin):
    form = UploadForm  # type: ignore[assignment] # no form changes a run, so ChangedFields is not needed
    list_display = ["file", "state_badge", "outcome", "percent", "started"]
    list_filter = ["state", "created_at"]
    search_fields = ["file_name"]
    search_help_text = _("Name of the file")
    ordering = ["-pk"]
    list_before_template = "leads/import_link.html"
    add_form_template = "leads/import_upload.html"
    change_form_outer_before_template = "leads/import_run.html"
    change_form_outer_after_template = "leads/import_refused.html"
    fields = ["file", "state_badge", "outcome", "leads_link", "options_text", "user", "started", "finished", "id"]
    readonly_fields = ["file", "state_badge", "outcome", "leads_link", "options_text", "started", "finished", "id"]

    class Media:
        js = ["leads/import.js"]

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def get_urls(self) -> list[URLPattern]:
        def page(name: str, view: Any) -> URLPattern:
            return path(f"<path:object_id>/{name}/", self.admin_site.admin_view(view), name=f"leads_importrun_{name}")

        own = [page("progress", self.progress), page("refused", self.refused), page("decide", self.decide)]
        return [*own, *super().get_urls()]

    def get_fields(self, request: HttpRequest, obj: Model | None = None) -> list[Any]:
        if isinstance(obj, ImportRun):
            # Until the run is over, the section above the fields shows these, and updates them.
            early = obj.state in (State.PREVIEW, *uploads.IN_PROGRESS)
            return [name for name in super().get_fields(request, obj) if not (early and name in RESULT_FIELDS)]
        return [*(["user"] if sees_all(request) else []), "file", *READING_FIELDS]

    def get_readonly_fields(self, request: HttpRequest, obj: Model | None = None) -> Any:
        return super().get_readonly_fields(request, obj) if obj is not None else []

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **options: Any) -> Any:
        if obj is None:
            options["fields"] = ["user"] if sees_all(request) else []
        return super().get_form(request, obj, change=change, **options)

    def add_view(
        self, request: HttpRequest, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        return super().add_view(request, form_url, {"title": gettext("Import a file"), **(extra_context or {})})

    def get_changeform_initial_data(self, request: HttpRequest) -> dict[str, Any]:
        return super().get_changeform_initial_data(request) | {"region": country_of_request(request)}

    def save_model(self, request: HttpRequest, obj: Any, form: ModelForm[Any], change: bool) -> None:
        upload = cast(UploadForm, form)
        file = form.cleaned_data["file"]
        run = uploads.upload_file(
            user_id=owner_of(request, form),
            name=file.name,
            file=file,
            options=upload.to_options(),
            encoding=upload.encoding_or_none(),
        )
        obj.pk = run.pk
        obj.refresh_from_db()

    def response_add(self, request: HttpRequest, obj: Any, post_url_continue: str | None = None) -> HttpResponse:
        return _to_page(obj)

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], *args: Any, obj: Model | None = None, **options: Any
    ) -> HttpResponse:
        if isinstance(obj, ImportRun):
            if obj.state == State.PREVIEW:
                uploads.wait_for_preview(obj)
            context |= run_context(obj) | {"may_import": self.has_add_permission(request)}
            context["refused"] = refused_table(obj)
            context["would_change"] = changes_table(obj)
        return super().render_change_form(request, context, *args, obj=obj, **options)

    def progress(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """The numbers of a run as JSON, for its page."""
        run = self._visible_run(request, object_id)
        return (
            JsonResponse(progress_of(run))
            if run
            else JsonResponse({"error": gettext("There is no such import.")}, status=404)
        )

    def refused(self, request: HttpRequest, object_id: str) -> HttpResponseBase:
        """Download the refused rows as a file that can be corrected and imported."""
        run = self._visible_run(request, object_id)
        if run is None:
            return HttpResponse(gettext("There is no such import."), status=404, content_type="text/plain")
        name = f"{run.file_name.rpartition('.')[0] or run.file_name}-refused.csv"
        response = StreamingHttpResponse(refused_file(run), content_type="text/csv; charset=utf-8")
        response["Content-Disposition"] = f"attachment; filename*=UTF-8''{quote_name(name)}"
        return response

    def decide(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Handle a button of the run's page."""
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        run = self._visible_run(request, object_id)
        if run is None:
            return self._get_obj_does_not_exist_redirect(request, self.opts, object_id)
        if not self.has_add_permission(request):
            raise PermissionDenied
        try:
            _decide(request, run)
        except uploads.WrongState as error:
            messages.error(request, shown(error))
        return _to_page(run)

    def _visible_run(self, request: HttpRequest, object_id: str) -> ImportRun | None:
        """Return the run if the user may see it, otherwise None. Raises PermissionDenied."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        return cast("ImportRun | None", self.get_object(request, unquote(object_id)))

    @admin.display(description=_("file"), ordering="file_name")
    def file(self, run: ImportRun) -> SafeString:
        return foreign(run.file_name)

    @admin.display(description=_("state"), ordering="state")
    def state_badge(self, run: ImportRun) -> SafeString:
        return state_badge(run)

    @admin.display(description=_("rows"))
    def outcome(self, run: ImportRun) -> str:
        return "–" if run.state == State.PREVIEW else describe_counts(counts_of(run))

    @admin.display(description=_("done"))
    def percent(self, run: ImportRun) -> str:
        return "–" if run.progress is None else f"{run.progress:.0%}"

    @admin.display(description=_("leads"))
    def leads_link(self, run: ImportRun) -> SafeString:
        if not run.created:
            return NOTHING
        address = reverse("admin:leads_lead_changelist", query={"import_run__id__exact": str(run.pk)})
        return format_html('<a href="{}" class="text-link">Leads of this import</a>', address)

    @admin.display(description=_("how it is read"))
    def options_text(self, run: ImportRun) -> SafeString:
        return describe_options(run)

    @admin.display(description=_("started"), ordering="pk")
    def started(self, run: ImportRun) -> SafeString:
        """Not named `created`, which is the run's number of created leads."""
        return moment(run.created_at)

    @admin.display(description=_("ended"))
    def finished(self, run: ImportRun) -> SafeString:
        return moment(run.finished_at)


def _decide(request: HttpRequest, run: ImportRun) -> None:
    """Carry out the action of the button. Raises WrongState."""
    action = request.POST.get("do", "")
    if action in ("stop", "resume"):
        (uploads.stop_import if action == "stop" else uploads.resume_import)(run=run)
        return
    data = request.POST.copy()
    # The buttons of the preview: the country that the phone numbers seem to be of, and the encoding of the file.
    for name in ("region", "encoding"):
        if chosen := data.get(f"choose_{name}"):
            data[name] = chosen
    form = PreviewForm(data, header=run.columns)
    if not form.is_valid():
        errors = [f"{form[name].label}: {' '.join(map(str, problems))}" for name, problems in form.errors.items()]
        messages.error(request, " ".join(errors))
        return
    columns = form.columns() if run.columns else None
    uploads.change_reading(
        run=run,
        options=form.to_options(),
        encoding=form.encoding_or_none(),
        columns=columns,
        layout=form.layout(),
    )
    if action not in ("try", "import"):
        return
    uploads.wait_for_preview(run)
    # One that is not read yet is looked at by the worker before the first row.
    if problem := (run.preview or {}).get("problem"):
        messages.error(request, page_message(problem))
        return
    (uploads.try_import if action == "try" else uploads.start_import)(run=run)


def _to_page(run: ImportRun) -> HttpResponse:
    return HttpResponseRedirect(reverse("admin:leads_importrun_change", args=[quote(run.pk)]))
