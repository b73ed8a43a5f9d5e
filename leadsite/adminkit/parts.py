"""Admin pages that other apps extend. The app that owns the model registers the page; an app that depends on it calls
`ThePage.add_part(…)`, so that imports point one way.
"""

from collections.abc import Sequence
from typing import Any, ClassVar

from django.db.models import Model
from django.http import HttpRequest, HttpResponse
from django.urls import URLPattern

from leadsite.adminkit.owned import OwnedAdmin, ReadOnlyInline


class PagePart:
    """An extension of the page of one row. Override what is needed."""

    inlines: Sequence[type[ReadOnlyInline]] = ()
    # Templates above and below the form, rendered with get_context.
    template_before = ""
    template_after = ""

    def get_urls(self, page: OwnedAdmin) -> list[URLPattern]:
        """Paths of the part's forms."""
        return []

    def get_context(self, page: OwnedAdmin, request: HttpRequest, row: Model) -> dict[str, Any]:
        return {}

    def missing(self, page: OwnedAdmin, request: HttpRequest, object_id: str) -> HttpResponse | None:
        """An answer for a row that does not exist; None where the part has none."""
        return None


class PageWithParts(OwnedAdmin):
    """Admin of a model whose change page shows parts, in the order in which they were added."""

    change_form_outer_before_template = "adminkit/parts_before.html"
    change_form_outer_after_template = "adminkit/parts_after.html"
    parts: ClassVar[list[PagePart]]

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        cls.parts = []

    @classmethod
    def add_part(cls, part: PagePart) -> None:
        cls.parts.append(part)

    def get_urls(self) -> list[URLPattern]:
        return [url for part in self.parts for url in part.get_urls(self)] + super().get_urls()

    def get_inlines(self, request: HttpRequest, obj: Model | None) -> list[Any]:
        return [*super().get_inlines(request, obj), *(inline for part in self.parts for inline in part.inlines)]

    def _get_obj_does_not_exist_redirect(self, request: HttpRequest, opts: Any, object_id: str) -> HttpResponse:
        answers = (part.missing(self, request, object_id) for part in self.parts)
        found = next((answer for answer in answers if answer is not None), None)
        return found or super()._get_obj_does_not_exist_redirect(request, opts, object_id)

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], *args: Any, obj: Model | None = None, **options: Any
    ) -> HttpResponse:
        if obj is not None:
            context["parts"] = self.parts
            for part in self.parts:
                context |= part.get_context(self, request, obj)
        return super().render_change_form(request, context, *args, obj=obj, **options)
