"""Serializer fields that apps share."""

from typing import Any, Final

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from conversations.models import MOST_LABELS, NAME_MAX_LENGTH
from conversations.phone import E164_PATTERN
from conversations.visible_text import visible_text
from leadsite.rest.fields import StrictCharField, StrictUUIDField

NAME_HELP: Final = 'Empty (`""`) where it is not known.'
# Of a name, or of an id.
_LABEL_LENGTH: Final = 36
PHONE_HELP: Final = "In E.164; null for a customer of WhatsApp who hides the number."


@extend_schema_field({"type": "string", "pattern": rf"^{E164_PATTERN}$", "examples": ["+4915123456789"]})
class E164Field(serializers.CharField):
    """A customer's phone number in answers."""

    def __init__(self, **options: Any) -> None:
        super().__init__(allow_null=True, **options)


class NameField(StrictCharField):
    """A customer's name. One without a visible character is blank."""

    def __init__(self, **options: Any) -> None:
        super().__init__(max_length=NAME_MAX_LENGTH, **options)

    def run_validation(self, data: Any = ...) -> Any:
        # NUL has an error of its own.
        is_blank = isinstance(data, str) and "\0" not in data and not visible_text(data)
        return super().run_validation("" if is_blank else data)


class LabelsField(serializers.ListField):
    """The labels of a conversation, all of them; for the service, `find_labels` makes ids of them."""

    def __init__(self, **options: Any) -> None:
        child = StrictCharField(max_length=_LABEL_LENGTH)
        help_text = "Names (or ids) of labels, see `GET /api/labels`: these and no others. An empty list: none."
        super().__init__(child=child, required=False, max_length=MOST_LABELS, help_text=help_text, **options)


class AssigneeField(StrictUUIDField):
    """The new assignee of a lead or a conversation; for the services it is `assigned_to_id`."""

    def __init__(self, **options: Any) -> None:
        help_text = "Somebody of the business, see `GET /api/people`, or null: nobody."
        super().__init__(source="assigned_to_id", required=False, allow_null=True, help_text=help_text, **options)
