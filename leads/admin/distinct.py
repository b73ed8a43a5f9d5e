"""Adds to the pages of customers: two that are not the same person are not offered as possible duplicates any more."""

from functools import partial
from typing import Any, Final, cast

from django.contrib import messages
from django.contrib.admin.utils import quote
from django.db.models import Model
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed, HttpResponseRedirect
from django.urls import URLPattern, path, reverse
from django.utils.translation import gettext

from conversations.admin.customers import CustomerAdmin
from conversations.models import Customer
from leads.admin.customers import NO_CHOICE, to_customer, two_customers, with_number
from leads.merging import distinct
from leads.merging.services import MergeRefused
from leads.models import DistinctPair
from leadsite.accounts.models import User
from leadsite.adminkit.owned import OwnedAdmin
from leadsite.adminkit.parts import PagePart
from leadsite.adminkit.values import moment, read_uuid
from leadsite.languages.texts import shown

_PAIRS: Final = 20


class DistinctPart(PagePart):
    """Who is not the same person, above the form."""

    template_before = "leads/distinct.html"

    def get_urls(self, page: OwnedAdmin) -> list[URLPattern]:
        def url(name: str, view: Any) -> URLPattern:
            protected = page.admin_site.admin_view(partial(view, page))
            return path(f"<path:object_id>/{name}/", protected, name=f"conversations_customer_{name}")

        return [url("tell-apart", self.tell_apart), url("not-apart", self.take_back)]

    def get_context(self, page: OwnedAdmin, request: HttpRequest, row: Model) -> dict[str, Any]:
        if not isinstance(row, Customer) or not request.user.has_perm("leads.view_lead"):
            return {}
        pairs = list(DistinctPair.objects.of(row).select_related("person")[:_PAIRS])
        others = page.get_queryset(request).in_bulk([pair.other_id(row.pk) for pair in pairs])
        shown_pairs = [(pair, others[pair.other_id(row.pk)]) for pair in pairs if pair.other_id(row.pk) in others]
        return {
            "distinct": [_pair(row, pair, other) for pair, other in shown_pairs],
            "may_tell_apart": page.has_change_permission(request, row),
        }

    def tell_apart(self, page: OwnedAdmin, request: HttpRequest, object_id: str) -> HttpResponse:
        """Two are not the same person. `with`: the other one; `list`: the place in the list they came from."""
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        one, other = two_customers(page, request, object_id)
        if one is None:
            return page._get_obj_does_not_exist_redirect(request, page.opts, object_id)
        if other is None or other.pk == one.pk:
            messages.error(request, NO_CHOICE)
            return to_customer(one.pk)
        try:
            person_id = cast(User, request.user).pk
            distinct.tell_apart(user_id=one.user_id, ids=(one.pk, other.pk), person_id=person_id)
        except MergeRefused as refusal:
            messages.error(request, shown(refusal))
        else:
            text = gettext(
                "%(one)s and %(other)s are two people: they are not offered any more. The page of each takes it back."
            )
            messages.success(request, text % {"one": one, "other": other})
        return _to_list(request) or to_customer(one.pk)

    def take_back(self, page: OwnedAdmin, request: HttpRequest, object_id: str) -> HttpResponse:
        """Two may be the same person after all."""
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        one, other = two_customers(page, request, object_id)
        if one is None:
            return page._get_obj_does_not_exist_redirect(request, page.opts, object_id)
        if other is None or not distinct.take_back(user_id=one.user_id, ids=(one.pk, other.pk)):
            messages.error(request, gettext("Somebody has taken this back already."))
        else:
            text = gettext("%(one)s and %(other)s may be the same person again.")
            messages.success(request, text % {"one": one, "other": other})
        return to_customer(one.pk)


def _to_list(request: HttpRequest) -> HttpResponse | None:
    """The list again, at the same place: `list` is its id of a customer, or empty for the first page."""
    if "list" not in request.POST:
        return None
    before = read_uuid(request.POST["list"])
    query = {"before": str(before)} if before else None
    return HttpResponseRedirect(reverse("admin:conversations_customer_duplicates", query=query))


def _pair(customer: Customer, pair: DistinctPair, other: Customer) -> dict[str, Any]:
    return {
        "other": other,
        "link": with_number(other),
        "by": pair.person.person_name if pair.person else "",
        "when": moment(pair.created_at),
        "take_back": reverse("admin:conversations_customer_not-apart", args=[quote(customer.pk)]),
    }


CustomerAdmin.add_part(DistinctPart())
