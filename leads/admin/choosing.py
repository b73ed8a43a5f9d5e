"""Adds to the pages of customers: two of one's own choice are compared, and merged; nothing has to offer them."""

from functools import partial
from typing import Any, Final, cast

from django.contrib import admin, messages
from django.contrib.admin.utils import quote
from django.db.models import Model, QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from conversations.admin.customers import CustomerAdmin
from conversations.models import Customer
from leads.admin.customers import NO_CHOICE, two_customers, with_number
from leadsite.adminkit.owned import OwnedAdmin
from leadsite.adminkit.parts import PagePart

# Whom a search shows: more words find fewer.
_FOUND: Final = 20


class ChoosingPart(PagePart):
    """A link above the form, to the search for the other customer."""

    template_before = "leads/merge_link.html"

    def get_urls(self, page: OwnedAdmin) -> list[URLPattern]:
        protected = page.admin_site.admin_view(partial(self.choose, page))
        return [path("<path:object_id>/merge-with/", protected, name="conversations_customer_merge-with")]

    def get_context(self, page: OwnedAdmin, request: HttpRequest, row: Model) -> dict[str, Any]:
        may_merge = isinstance(row, Customer) and page.has_change_permission(request, row)
        return {"may_merge": may_merge and request.user.has_perm("leads.view_lead")}

    def choose(self, page: OwnedAdmin, request: HttpRequest, object_id: str) -> HttpResponse:
        """The customers whom a search finds, each to be compared with the one of the address. `q`: the words."""
        stays, _other = two_customers(page, request, object_id)
        if stays is None:
            return page._get_obj_does_not_exist_redirect(request, page.opts, object_id)
        words = request.GET.get("q", "").strip()
        others = page.get_queryset(request).filter(user_id=stays.user_id).exclude(pk=stays.pk)
        found, _may_repeat = page.get_search_results(request, others, words)
        rows = [{"link": with_number(one), "merge": _merge_of(stays, one)} for one in found.order_by("-pk")[:_FOUND]]
        context: dict[str, Any] = {"title": gettext("Merge with another customer"), "stays": stays, "words": words}
        context |= {"found": rows if words else [], "label": cast(CustomerAdmin, page).search_help_text}
        return TemplateResponse(request, "leads/merge_with.html", admin.site.each_context(request) | context)


@admin.action(description=_("Compare and merge"), permissions=["change"])
def compare_and_merge(page: Any, request: HttpRequest, customers: QuerySet[Customer]) -> HttpResponse | None:
    """The comparison of two; the one who was there first stays, unless the person turns it round there."""
    chosen = list(customers.order_by("pk")[:3])
    if len(chosen) != 2:
        messages.error(request, NO_CHOICE)
        return None
    return HttpResponseRedirect(_merge_of(*chosen))


def _merge_of(stays: Customer, other: Customer) -> str:
    return reverse("admin:conversations_customer_merge", args=[quote(stays.pk)], query={"with": str(other.pk)})


CustomerAdmin.add_part(ChoosingPart())
CustomerAdmin.actions = [*(CustomerAdmin.actions or ()), compare_and_merge]
