"""Serializer field for a phone number, stored in E.164 form."""

from typing import Any

from rest_framework import serializers

from conversations.phone import PhoneInvalid, normalise
from leadsite.rest.fields import StrictCharField


class PhoneField(StrictCharField):
    def __init__(self, **options: Any) -> None:
        # normalise decides which spaces are removed.
        super().__init__(trim_whitespace=False, **options)

    def to_internal_value(self, data: Any) -> str:
        try:
            return normalise(super().to_internal_value(data))
        except PhoneInvalid as error:
            raise serializers.ValidationError(str(error)) from error
