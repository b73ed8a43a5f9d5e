"""Filters that lists of different rows share."""

from typing import Any, Final
from uuid import UUID

import django_filters
from django import forms
from django.db.models import QuerySet

# django-filter formats the messages of filters with %, so that %% is one sign.
PLUS_IN_A_URL: Final = "In a URL, a plus sign is written %%2B."
NOBODY: Final = "none"
# For OpenAPI.
ANY_OF: Final = "Any of these: give the parameter once for each value."
_TIME: Final = "ISO 8601, with an offset; without one in the site's time zone, UTC as a rule."
FROM: Final = f"That moment and later ones. {_TIME} A plus sign is written `%2B` in a URL."
UNTIL: Final = f"Earlier moments only. {_TIME}"
ASSIGNEE: Final = "The id of a person (`GET /api/people`), or `none`."


class TimeFilterField(django_filters.fields.IsoDateTimeField):
    default_error_messages = {
        "invalid": "Write a date and time such as 2026-11-24T15:00:00Z or 2026-11-24T16:00:00%%2B01:00. "
        + PLUS_IN_A_URL
    }


class TimeFilter(django_filters.IsoDateTimeFilter):
    """A time in ISO 8601."""

    field_class = TimeFilterField


class ChoicesFilterField(django_filters.fields.MultipleChoiceField):
    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        choices = ", ".join(str(value) for value, _ in self.choices)
        self.error_messages["invalid_choice"] = f"Must be one of {choices}."


class ChoicesFilter(django_filters.MultipleChoiceFilter):
    """Any of the given choices. The error lists the choices, as for a field of a body.

    Without DISTINCT, which django-filter adds: no row is found twice by its own column, and all rows would be sorted.
    """

    field_class = ChoicesFilterField

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **{"distinct": False, **options})


class AssigneeFilterField(forms.CharField):
    def clean(self, value: Any) -> str:
        text = super().clean(value)
        try:
            return text if text in ("", NOBODY) else str(UUID(text))
        except ValueError as error:
            raise forms.ValidationError(f"Must be the id of a user, or {NOBODY}.") from error


class AssigneeFilter(django_filters.CharFilter):
    """The id of the user to whom rows are assigned, or NOBODY."""

    field_class = AssigneeFilterField

    def filter(self, qs: QuerySet[Any], value: str) -> QuerySet[Any]:
        if value == NOBODY:
            return qs.filter(**{f"{self.field_name}__isnull": True})
        return super().filter(qs, value)
