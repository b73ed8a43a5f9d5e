"""Serializer fields that apps share."""

from typing import Any

from conversations.models import NAME_MAX_LENGTH
from conversations.visible_text import visible_text
from leadsite.rest.fields import StrictCharField


class NameField(StrictCharField):
    """A customer's name. One without a visible character is blank."""

    def __init__(self, **options: Any) -> None:
        super().__init__(max_length=NAME_MAX_LENGTH, **options)

    def run_validation(self, data: Any = ...) -> Any:
        # NUL has an error of its own.
        is_blank = isinstance(data, str) and "\0" not in data and not visible_text(data)
        return super().run_validation("" if is_blank else data)
