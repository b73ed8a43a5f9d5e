"""Base of all admin pages: they write only changed fields, and report lost races and invalid links as messages."""

from collections.abc import Mapping
from functools import partial
from typing import Any, ClassVar, Final, TypeVar

import psycopg
import structlog
from django import forms
from django.contrib import admin, messages
from django.contrib.admin.utils import model_format_dict
from django.contrib.admin.views.main import ChangeList
from django.contrib.admin.widgets import RelatedFieldWidgetWrapper
from django.core.exceptions import ValidationError
from django.db import DatabaseError, DataError, IntegrityError
from django.db.models import Field, Model, QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.utils.safestring import SafeString
from django.utils.text import capfirst
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from unfold.admin import ModelAdmin

from leadsite.adminkit.change_list import LongList, plans_of_list
from leadsite.adminkit.changed_fields import ChangedFields
from leadsite.adminkit.dates import filter_times_by_ranges
from leadsite.adminkit.paginator import BoundedPaginator
from leadsite.adminkit.values import moment
from leadsite.adminkit.workplace import reader_of, sees_all
from leadsite.core import failures
from leadsite.core.postgresql import replica
from leadsite.languages.texts import number

log = structlog.get_logger(__name__)
filter_times_by_ranges()

# How many rows an action may get that loads them all, like Django's own "delete".
MAX_CHOSEN: Final = 1000
SEARCHED_WORDS: Final = 20
SEARCHED_CHARACTERS: Final = 200
A = TypeVar("A")

# Another session changed the data first, or deleted the row: a second validation then gives an ordinary form error.
LOST_RACES = (
    psycopg.errors.IntegrityError,
    psycopg.errors.DeadlockDetected,
    psycopg.errors.LockNotAvailable,
    psycopg.errors.SerializationFailure,
)


def any_size(action: A) -> A:
    """Mark an action of a list that works for any number of rows, in constant memory and without long statements."""
    action.any_size = True  # type: ignore[attr-defined] # read by AdminPage.response_action
    return action


def search_problem(term: str) -> str:
    """Return what to do about a term that is too long to search for, or ""."""
    if len(term.split()) > SEARCHED_WORDS:
        return gettext("Search for at most %(searched_words)s words.") % {"searched_words": SEARCHED_WORDS}
    return (
        gettext("Search for at most %(searched_characters)s characters.") % {"searched_characters": SEARCHED_CHARACTERS}
        if len(term) > SEARCHED_CHARACTERS
        else ""
    )


class AdminPage(ModelAdmin):
    """The base of every ModelAdmin."""

    form = ChangedFields
    empty_value_display = "–"
    list_per_page = 50
    show_full_result_count = False
    paginator: type = BoundedPaginator
    # What long lists can be sorted by; see LongList.
    sorted_by_index: tuple[Any, ...] = ("pk",)
    # PostgreSQL's settings for a search in the list.
    search_plans: ClassVar[Mapping[str, str]] = {}
    warn_unsaved_form = True
    # What the link to the page of a new row says; "Add <name>" where it is blank.
    add_title: Any = ""

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[ChangeList]:
        return LongList

    def get_changeform_initial_data(self, request: HttpRequest) -> dict[str, Any]:
        """No initial values from the query string: Django would accept any text for any field."""
        return {}

    def get_object(self, request: HttpRequest, object_id: str, from_field: str | None = None) -> Any:
        return None if "\0" in object_id else super().get_object(request, object_id, from_field)

    def formfield_for_dbfield(self, db_field: Field[Any, Any], request: HttpRequest, **options: Any) -> Any:
        """The select alone, without the links that add or change the related row in a popup."""
        field = super().formfield_for_dbfield(db_field, request, **options)
        if field and isinstance(field.widget, RelatedFieldWidgetWrapper):
            field.widget = field.widget.widget
        return field

    def save_model(self, request: HttpRequest, obj: Any, form: forms.ModelForm[Any], change: bool) -> None:
        if not change:
            obj.save()
            return
        if changed := self.changed_columns(obj, form):
            obj.save(update_fields=changed | (_columns(obj) & {"updated_at"}))

    def changed_columns(self, obj: Any, form: forms.ModelForm[Any]) -> set[str]:
        """The columns that save_model writes of an existing row."""
        return _columns(obj) & set(form.changed_data)

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        """Django makes conditions of every word; lists and the fields that complete what is typed are searched so."""
        if too_long := search_problem(search_term):
            messages.error(request, too_long)
            return queryset.none(), False
        return super().get_search_results(request, queryset, search_term)

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        # The title of the browser's tab: Django's is "Select lead to change".
        context = {"title": capfirst(str(self.opts.verbose_name_plural))} | (extra_context or {})
        try:
            if request.method != "GET" or self.opts.app_label not in replica.APPS:
                return self.list_page(request, context)
            return replica.read_from_replica(partial(self._rendered_list, request, context), user_id=reader_of(request))
        except (ValueError, OverflowError, ValidationError, DataError):
            if not (request.GET or request.POST):
                raise
            # Django validates most filters and selections, but not the year 0, a NUL or a malformed id.
            log.warning("admin_list_refused", path=request.path, exc_info=True)
            messages.error(request, gettext("There is no such filter or selection."))
            return HttpResponseRedirect(request.path)
        except DatabaseError as error:
            if not _lost_a_race(error):
                raise
            failures.report_request(error, request)
            messages.error(
                request,
                gettext("Not done: another session is changing the same data. %(constraint)s")
                % {"constraint": _constraint(error)},
            )
            return HttpResponseRedirect(request.get_full_path())

    def list_page(self, request: HttpRequest, context: dict[str, Any]) -> HttpResponse:
        with plans_of_list(request, self.search_plans):
            return super().changelist_view(request, context)

    def _rendered_list(self, request: HttpRequest, context: dict[str, Any]) -> HttpResponse:
        """With a replica, the queries of the template go there too."""
        page = self.list_page(request, context)
        return page.render() if replica.is_set() and isinstance(page, TemplateResponse) else page

    def changeform_view(self, request: HttpRequest, *args: Any, **options: Any) -> HttpResponse:
        try:
            return super().changeform_view(request, *args, **options)
        except DatabaseError as error:
            if not _lost_a_race(error):
                raise
            failures.report_request(error, request)
        try:
            # Another session wrote between validation and save, and this save is rolled back. Validated again, the form
            # has an error at the field and keeps the user's input.
            return super().changeform_view(request, *args, **options)
        except DatabaseError as error:
            if not _lost_a_race(error):
                raise
            messages.error(
                request,
                gettext("Not saved: another session is changing the same data. %(constraint)s")
                % {"constraint": _constraint(error)},
            )
            return HttpResponseRedirect(request.get_full_path())

    def response_action(self, request: HttpRequest, queryset: QuerySet[Any]) -> Any:
        """Refuse more rows than the action is made for, before it begins."""
        chosen = self.get_actions(request).get(request.POST.get("action", ""))
        across = request.POST.get("select_across") == "1"
        if across and chosen and not hasattr(chosen[0], "any_size") and queryset[: MAX_CHOSEN + 1].count() > MAX_CHOSEN:
            limit = gettext("“%(chosen)s” takes at most %(max_chosen)s rows at a time") % {
                "chosen": chosen[2] % model_format_dict(self.opts),
                "max_chosen": number(MAX_CHOSEN),
            }
            messages.error(
                request,
                gettext("Nothing was done: %(limit)s. Choose fewer by a filter or the search.") % {"limit": limit},
            )
            return HttpResponseRedirect(request.get_full_path())
        return super().response_action(request, queryset)

    @admin.display(description=_("created"), ordering="pk")
    def created(self, row: Any) -> SafeString:
        # Sorted by id: UUID version 7 is in the order of creation, and indexed.
        return moment(row.created_at)

    @admin.display(description=_("last change"))
    def changed(self, row: Any) -> SafeString:
        return moment(row.updated_at)


class ReadOnly:
    """Rows that nobody adds, changes or deletes in the admin. The first base of a page or an inline."""

    # An inline is asked with the row of its page, a page without.
    def has_add_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False


class OperatorsOnly(ModelAdmin):
    """Pages that can grant permissions: for superusers only, whatever permissions a group has."""

    def has_module_permission(self, request: HttpRequest) -> bool:
        return sees_all(request)

    def has_view_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return self.has_module_permission(request)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return self.has_module_permission(request)

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return self.has_module_permission(request)

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return self.has_module_permission(request)


def _columns(row: Model) -> set[str]:
    return {field.name for field in row._meta.concrete_fields}


def _lost_a_race(error: DatabaseError) -> bool:
    # Without a cause, Django raised it because the row to update does not exist any more.
    return isinstance(error, IntegrityError) or error.__cause__ is None or isinstance(error.__cause__, LOST_RACES)


def _constraint(error: DatabaseError) -> str:
    diagnosis = getattr(error.__cause__, "diag", None)
    return f"({diagnosis.constraint_name})" if diagnosis and diagnosis.constraint_name else gettext("Try again.")
