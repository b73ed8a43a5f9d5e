"""The admin's forms of an import: the file, and the options for reading it."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Final, NamedTuple

from django import forms
from django.conf import settings
from django.template.defaultfilters import filesizeformat
from django.utils.safestring import SafeString
from django.utils.text import capfirst
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from unfold.widgets import (
    UnfoldAdminFileFieldWidget,
    UnfoldAdminSelectWidget,
    UnfoldAdminTextInputWidget,
    UnfoldBooleanWidget,
)

from leads.admin.import_choices import ENCODINGS, NOT_EXPLAINED, NOT_READ, ON_DUPLICATE
from leads.importing.batches import Options
from leads.importing.columns.dates import DAY_FIRST, MONTH_FIRST
from leads.importing.columns.fields import FIELDS, LABELS
from leads.importing.columns.values import CHOICES
from leads.importing.phones.regions import UnknownRegion, read_region
from leads.importing.readers.files import Layout
from leads.importing.readers.headers import LAST_HEADER_ROW
from leads.models import ImportRun, Lead
from leads.services.file_rows import SKIP
from leadsite.adminkit.values import shorten
from leadsite.languages.texts import filled

MAX_BYTES: Final = settings.IMPORT_MAX_BYTES
ACCEPTED: Final = ".csv,.tsv,.txt,.jsonl,.ndjson,.json,.xlsx,.xlsm,.ods,.vcf"
# More different values than this are no types or statuses.
SHOWN_VALUES: Final = 40


class ReadingForm(forms.Form):
    """Options for reading the rows of a file."""

    type = forms.ChoiceField(
        label=_("Type of new rows without one"),
        choices=[("", _("Inquiry")), *(one for one in Lead.Type.choices if one[0] != Lead.Type.INQUIRY)],
        required=False,
        widget=UnfoldAdminSelectWidget,
    )
    status = forms.ChoiceField(
        label=_("Status of new rows without one"),
        choices=[("", _("New")), *((name, label) for name, label in Lead.Status.choices if name != Lead.Status.NEW)],
        required=False,
        help_text=_("Leads that exist already keep theirs, unless the file says another one."),
        widget=UnfoldAdminSelectWidget,
    )
    region = forms.CharField(
        label=_("Country of phone numbers without country code"),
        required=False,
        max_length=2,
        widget=UnfoldAdminTextInputWidget(attrs={"placeholder": "DE", "autocomplete": "off"}),
        help_text=_("Two letters, such as DE or MX. Empty: such numbers are refused."),
    )
    on_duplicate = forms.ChoiceField(
        label=_("Leads that exist already"),
        choices=list(ON_DUPLICATE.items()),
        initial=SKIP,
        widget=UnfoldAdminSelectWidget,
        help_text=_(
            "The same external id; without one, the same customer, type and details."
            " An update changes only what the row says."
        ),
    )
    blank_clears = forms.BooleanField(
        label=_("Empty the details of a lead that is updated, where the cell is blank"),
        required=False,
        widget=UnfoldBooleanWidget,
        help_text=_("Otherwise a blank cell says nothing."),
    )
    again = forms.BooleanField(
        label=_("Compare each row with the leads that exist, although the same file was imported before"),
        required=False,
        widget=UnfoldBooleanWidget,
        help_text=_("Otherwise the rows that it stored then are skipped, even if their leads have changed since."),
    )
    date_order = forms.ChoiceField(
        label=_("Dates such as 10/11/2026"),
        choices=[("", _("Detect")), (DAY_FIRST, _("The day is first")), (MONTH_FIRST, _("The month is first"))],
        required=False,
        widget=UnfoldAdminSelectWidget,
    )
    encoding = forms.ChoiceField(
        label=_("Encoding"), choices=list(ENCODINGS.items()), required=False, widget=UnfoldAdminSelectWidget
    )

    def clean_region(self) -> str:
        region = self.cleaned_data["region"].strip()
        try:
            return read_region(region) if region else ""
        except UnknownRegion as error:
            raise forms.ValidationError(str(error)) from error

    def to_options(self) -> Options:
        """The validated data for the service."""
        data = self.cleaned_data
        return Options(
            on_duplicate=data["on_duplicate"],
            defaults={name: data[name] for name in ("type", "status") if data[name]},
            region=data["region"] or None,
            date_order=data["date_order"] or None,
            blank_clears=["details"] if data["blank_clears"] else [],
            again=data["again"],
        )

    def encoding_or_none(self) -> str | None:
        return self.cleaned_data["encoding"] or None


class UploadForm(ReadingForm, forms.ModelForm[ImportRun]):
    file = forms.FileField(
        label=_("File"),
        max_length=200,
        widget=UnfoldAdminFileFieldWidget(attrs={"accept": ACCEPTED}),
        help_text=filled(
            _("CSV, JSON lines, Excel (.xlsx), .ods or vCard (.vcf), up to %(max_bytes)s MB."),
            max_bytes=MAX_BYTES // 2**20,
        ),
        error_messages={"empty": _("The file is empty."), "required": _("Choose a file.")},
    )

    field_order = ["user", "file"]

    class Meta:
        model = ImportRun
        fields = ["user"]

    def clean_file(self) -> Any:
        file = self.cleaned_data["file"]
        if file.size > MAX_BYTES:
            size, maximum = filesizeformat(file.size), filesizeformat(MAX_BYTES)
            raise forms.ValidationError(
                gettext("The file has %(size)s; the maximum is %(maximum)s. Import it in parts.")
                % {"size": size, "maximum": maximum}
            )
        return file


class PreviewForm(ReadingForm):
    """ReadingForm with a select above each column, for the field that it contains."""

    sheet = forms.CharField(label=_("Sheet"), required=False, max_length=200, strip=False)
    header_row = forms.IntegerField(
        label=_("Line with the names of the columns"),
        required=False,
        min_value=1,
        max_value=LAST_HEADER_ROW,
        widget=UnfoldAdminTextInputWidget(attrs={"inputmode": "numeric", "autocomplete": "off"}),
        help_text=_("Empty: it is found."),
    )

    def __init__(self, data: Any = None, *, header: Sequence[str], sheets: Sequence[str] = (), **options: Any) -> None:
        """`sheets` are the names of a workbook's visible sheets."""
        super().__init__(data, **options)
        found = [("", gettext("Find the sheet with the leads")), *((name, name) for name in sheets)]
        self.fields["sheet"].widget = UnfoldAdminSelectWidget(choices=found) if sheets else forms.HiddenInput()
        self._names = [f"column-{number}" for number in range(len(header))]
        choices = [("", NOT_READ), *((name, capfirst(gettext(LABELS[name]))) for name in FIELDS)]
        for name, column in zip(self._names, header, strict=True):
            widget = UnfoldAdminSelectWidget(
                attrs={"aria-label": gettext("What “%(column)s” is") % {"column": column[:60]}}
            )
            self.fields[name] = forms.ChoiceField(choices=choices, required=False, widget=widget)

    def to_options(self) -> Options:
        return replace(super().to_options(), values=self._values())

    def _values(self) -> dict[str, dict[str, str]]:
        """What the person says that values of the file mean; see value_choices."""
        values: dict[str, dict[str, str]] = {}
        for name, ours in CHOICES.items():
            for number in range(SHOWN_VALUES):
                value, meaning = (self.data.get(f"{kind}-{name}-{number}", "") for kind in ("value", "meaning"))
                if value and meaning in ours:
                    values.setdefault(name, {})[value] = meaning
        return values

    def layout(self) -> Layout:
        return Layout(self.cleaned_data["sheet"] or None, self.cleaned_data["header_row"])

    def columns(self) -> list[str | None]:
        return [self.cleaned_data[name] or None for name in self._names]

    @property
    def choices(self) -> list[forms.BoundField]:
        """The select of each column."""
        return [self[name] for name in self._names]

    @property
    def reading(self) -> list[forms.BoundField]:
        sheet = [] if self.fields["sheet"].widget.is_hidden else ["sheet"]
        return [self[name] for name in (*sheet, "header_row", *ReadingForm.base_fields)]


class ValueChoice(NamedTuple):
    """A value of the file, and the select for what it means. `name` is the name of a hidden field with the value."""

    name: str
    value: str
    label: str
    select: SafeString


def value_choices(run: ImportRun, unknown: Mapping[str, Sequence[str]]) -> list[ValueChoice]:
    """A choice for each value whose meaning is not known, or that a person has explained."""
    found: list[ValueChoice] = []
    for name, ours in CHOICES.items():
        explained = run.options.get("values", {}).get(name, {})
        choices = [("", NOT_EXPLAINED), *((one, capfirst(gettext(one))) for one in ours)]
        for number, value in enumerate(list(dict.fromkeys([*explained, *unknown.get(name, ())]))[:SHOWN_VALUES]):
            key, label = (
                f"meaning-{name}-{number}",
                gettext("%(field)s “%(value)s” is")
                % {"field": capfirst(gettext(LABELS[name])), "value": shorten(value, 60)},
            )
            widget = UnfoldAdminSelectWidget(choices=choices, attrs={"aria-label": label})
            select = widget.render(key, explained.get(value, ""), {"id": f"id_{key}"})
            found.append(ValueChoice(f"value-{name}-{number}", value, label, select))
    return found


def preview_form(
    run: ImportRun, header: Sequence[str], fields: Sequence[str | None], sheets: Sequence[str] = ()
) -> PreviewForm:
    """The form with the current options of the run."""
    options = run.options
    defaults = options.get("defaults", {})
    initial = {
        "type": defaults.get("type", ""),
        "status": defaults.get("status", ""),
        "blank_clears": bool(options.get("blank_clears")),
        "again": options.get("again", False),
        "region": options.get("region") or "",
        "on_duplicate": options.get("on_duplicate", SKIP),
        "date_order": options.get("date_order") or "",
        "encoding": options.get("encoding") or "",
        "sheet": options.get("sheet") or "",
        "header_row": options.get("header_row") or "",
    }
    initial |= {f"column-{number}": name or "" for number, name in enumerate(fields)}
    return PreviewForm(header=header, sheets=sheets, initial=initial)
