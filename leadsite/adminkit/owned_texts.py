"""Admin of short lists that a business keeps for itself, such as labels: their constraints are checked with the
business of the row, also of a new one.
"""

from typing import Any
from uuid import UUID

from django.http import HttpRequest
from django.utils.translation import gettext

from leadsite.adminkit.owned import OwnedAdmin, OwnedForm
from leadsite.adminkit.workplace import business_of, sees_all


class OwnedTextForm(OwnedForm):
    """`owner_id`: the business of a new row; None where the form asks for it. `most`: rows of a business."""

    owner_id: UUID | None = None
    most = 200

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        if self.instance._state.adding and self.owner_id:
            self.instance.user_id = self.owner_id

    def _get_validation_exclusions(self) -> set[str]:
        excluded = super()._get_validation_exclusions()
        return excluded - {"user"} if self.owner_id else excluded

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean()
        owner = cleaned.get("user") or self.instance.user_id
        rows = type(self.instance)._default_manager.filter(user=owner)
        if owner and self.instance._state.adding and rows.count() >= self.most:
            self.add_error(
                None,
                gettext("There are %(most)s already, which is the most. Delete one that nobody uses.")
                % {"most": self.most},
            )
        return cleaned


class OwnedTextAdmin(OwnedAdmin):
    form = OwnedTextForm

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **options: Any) -> Any:
        form = super().get_form(request, obj, change=change, **options)
        form.owner_id = None if sees_all(request) else business_of(request)
        return form

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        fields = super().get_readonly_fields(request, obj)
        return [*fields, "user"] if obj is not None else fields
