"""Serializers and fields that refuse what they do not know: unknown fields, and other JSON types."""

from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime
from typing import Any
from uuid import UUID

from django.utils.dateparse import parse_datetime
from rest_framework import serializers

from leadsite.core import clock
from leadsite.rest.known_names import unknown_names


# The body of a request: DRF would ignore fields that it does not know. Reports them with the invalid fields.
# Without a docstring: drf-spectacular would use it as the description of every serializer without one.
class StrictSerializer(serializers.Serializer[Any]):
    def to_internal_value(self, data: Any) -> Any:
        unknown: dict[str, Any] = unknown_names(data, self.fields, "field") if isinstance(data, dict) else {}
        try:
            fields = super().to_internal_value(data)
        except serializers.ValidationError as error:
            if unknown and isinstance(error.detail, dict):
                raise serializers.ValidationError(unknown | error.detail) from error
            raise
        if unknown:
            raise serializers.ValidationError(unknown)
        return fields


class StrictCharField(serializers.CharField):
    """A JSON string: DRF would also take 5 and 1.5."""

    def to_internal_value(self, data: Any) -> str:
        if not isinstance(data, str):
            self.fail("invalid")
        return super().to_internal_value(data)


class StrictChoiceField(serializers.ChoiceField):
    """A choice. The error lists the choices, as the SQL functions do, and does not quote the input."""

    def __init__(self, choices: Sequence[tuple[str, Any]], **options: Any) -> None:
        values = ", ".join(value for value, _ in choices)
        super().__init__(choices, error_messages={"invalid_choice": f"Must be one of {values}."}, **options)

    def to_internal_value(self, data: Any) -> Any:
        # DRF would look up str(data): 5 as "5", and of a list all of its text.
        if not isinstance(data, str):
            self.fail("invalid_choice")
        return super().to_internal_value(data)


class StrictUUIDField(serializers.UUIDField):
    """A UUID as a JSON string: DRF would also take a number."""

    def to_internal_value(self, data: Any) -> UUID:
        if not isinstance(data, str):
            self.fail("invalid", value="")
        return super().to_internal_value(data)


class StrictIntegerField(serializers.IntegerField):
    """A JSON integer: DRF would also take "5", 5.0 and true."""

    def to_internal_value(self, data: Any) -> int:
        if not isinstance(data, int) or isinstance(data, bool):
            self.fail("invalid")
        return super().to_internal_value(data)


class StrictDateTimeField(serializers.DateTimeField):
    """A time as a JSON string in ISO 8601 with an offset: DRF would take one without, and a number."""

    default_error_messages = {
        "no_offset": "Write the time with its offset, such as 2026-11-30T09:00:00+01:00 or …Z.",
        "out_of_range": "Write a time of the years 2 to 9998.",
    }

    def to_internal_value(self, value: Any) -> datetime:
        if not isinstance(value, str):
            self.fail("invalid", format="2026-11-30T09:00:00+01:00")
        with suppress(ValueError):
            if (parsed := parse_datetime(value)) is not None and parsed.tzinfo is None:
                self.fail("no_offset")
        moment = super().to_internal_value(value)
        if not clock.has_all_zones(moment):
            self.fail("out_of_range")
        return moment


class StrictBooleanField(serializers.BooleanField):
    """A JSON boolean: DRF would also take "yes" and 1."""

    def to_internal_value(self, data: Any) -> bool:
        if not isinstance(data, bool):
            raise serializers.ValidationError("Must be true or false.")
        return data
