"""Admin of labels."""

from typing import Any, ClassVar

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from conversations.admin.colours import ColourChoice
from conversations.models import MOST_LABELS, Label
from conversations.services.labels import delete_label
from leadsite.adminkit.owned_texts import OwnedTextAdmin, OwnedTextForm


class LabelForm(OwnedTextForm):
    most = MOST_LABELS

    class Meta:
        widgets: ClassVar = {"colour": ColourChoice}


@admin.register(Label)
class LabelAdmin(OwnedTextAdmin):
    """A deleted one disappears from all conversations."""

    form = LabelForm
    list_display = ["name", "shown"]
    search_fields = ["name"]
    search_help_text = _("Name")
    ordering = ["name", "pk"]
    fields = ["user", "name", "colour"]

    def delete_model(self, request: HttpRequest, obj: Any) -> None:
        delete_label(user_id=obj.user_id, label_id=obj.pk)

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> None:
        for label in queryset:
            delete_label(user_id=label.user_id, label_id=label.pk)

    @admin.display(description=_("colour"))
    def shown(self, label: Label) -> SafeString:
        return format_html('<span class="inbox-label label-{}">{}</span>', label.colour, label.get_colour_display())
