"""Adds to the page of a customer: a download of everything that is kept, and the erasure."""

from functools import partial
from typing import Any, Final
from uuid import UUID

import structlog
from django.contrib import admin, messages
from django.contrib.admin.utils import quote, unquote
from django.core.exceptions import PermissionDenied
from django.db import Error
from django.db.models import Model, QuerySet
from django.http import (
    HttpRequest,
    HttpResponse,
    HttpResponseBase,
    HttpResponseNotAllowed,
    HttpResponseRedirect,
    StreamingHttpResponse,
)
from django.urls import URLPattern, path, reverse
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from conversations.admin.customers import CustomerAdmin
from conversations.models import Customer
from leadsite.adminkit.owned import OwnedAdmin
from leadsite.adminkit.parts import PagePart
from leadsite.adminkit.workplace import role_of, sees_all
from leadsite.languages.texts import number, shown
from leadsite.privacy.erasing import REQUEST_SECONDS, erase_customer
from leadsite.privacy.exporting import archive_of, as_json, export_customer
from leadsite.privacy.people import PersonUnknown

log = structlog.get_logger(__name__)

CONFIRMATION: Final = "erase"
_TOO_LONG: Final = _("It takes too long here. Use manage.py export_customer on the server.")


class PrivacyPart(PagePart):
    """For owners of the business, and operators."""

    template_after = "privacy/person.html"

    def get_urls(self, page: OwnedAdmin) -> list[URLPattern]:
        views = {"export": self.export, "erase": self.erase}
        return [
            path(
                f"<path:object_id>/{name}/",
                page.admin_site.admin_view(partial(view, page)),
                name=f"conversations_customer_{name}",
            )
            for name, view in views.items()
        ]

    def get_context(self, page: OwnedAdmin, request: HttpRequest, row: Model) -> dict[str, Any]:
        if not _may(page, request, row):
            return {}
        urls = {name: reverse(f"admin:conversations_customer_{name}", args=[quote(row.pk)]) for name in _ACTIONS}
        return {"privacy": {**urls, "confirmation": CONFIRMATION}}

    def export(self, page: OwnedAdmin, request: HttpRequest, object_id: str) -> HttpResponseBase:
        if request.method != "GET":
            return HttpResponseNotAllowed(["GET"])
        customer = _allowed(page, request, object_id)
        if customer is None:
            return page._get_obj_does_not_exist_redirect(request, page.opts, object_id)
        return _download(request, customer)

    def erase(self, page: OwnedAdmin, request: HttpRequest, object_id: str) -> HttpResponse:
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        customer = _allowed(page, request, object_id)
        if customer is None:
            return page._get_obj_does_not_exist_redirect(request, page.opts, object_id)
        if request.POST.get("confirmation", "").strip().lower() != CONFIRMATION:
            messages.error(
                request,
                gettext("Nothing was erased: type %(confirmation)s to confirm.") % {"confirmation": CONFIRMATION},
            )
            return HttpResponseRedirect(_page_of(customer.pk))
        _erase(request, customer)
        return HttpResponseRedirect(reverse("admin:conversations_customer_changelist"))


_ACTIONS: Final = ("export", "erase")


@admin.action(description=_("Download everything that is kept (JSON)"), permissions=["privacy"])
def download_everything(page: Any, request: HttpRequest, customers: QuerySet[Customer]) -> HttpResponseBase | None:
    customer = _one_of(page, request, customers)
    return _download(request, customer) if customer else None


@admin.action(description=_("Erase with every trace …"), permissions=["privacy"])
def erase_everything(page: Any, request: HttpRequest, customers: QuerySet[Customer]) -> HttpResponse | None:
    """Leads to the customer's page, which asks."""
    customer = _one_of(page, request, customers)
    return HttpResponseRedirect(_page_of(customer.pk)) if customer else None


def _one_of(page: Any, request: HttpRequest, customers: QuerySet[Customer]) -> Customer | None:
    chosen = list(customers[:2])
    if len(chosen) != 1:
        messages.error(request, gettext("Choose one customer for this action."))
        return None
    if not _may(page, request, chosen[0]):
        raise PermissionDenied
    return chosen[0]


def _may(page: Any, request: HttpRequest, row: Model | None = None) -> bool:
    return page.has_change_permission(request, row) and (sees_all(request) or role_of(request) == "owner")


def _allowed(page: OwnedAdmin, request: HttpRequest, object_id: str) -> Customer | None:
    """Raises PermissionDenied."""
    customer: Customer | None = page.get_object(request, unquote(object_id))
    if customer is not None and not _may(page, request, customer):
        raise PermissionDenied
    return customer


def _page_of(customer_id: UUID) -> str:
    return f"{reverse('admin:conversations_customer_change', args=[quote(customer_id)])}#privacy"


def _download(request: HttpRequest, customer: Customer) -> HttpResponseBase:
    try:
        document = export_customer(customer)
    except Error:
        log.warning("export_failed", exc_info=True)
        messages.error(request, _TOO_LONG)
        return HttpResponseRedirect(_page_of(customer.pk))
    packed = "zip" in request.GET
    answer = (
        StreamingHttpResponse(archive_of(document), content_type="application/zip")
        if packed
        else HttpResponse(as_json(document), content_type="application/json")
    )
    # Without name or number: the file's name ends up in lists of downloads.
    answer.headers["Content-Disposition"] = (
        f'attachment; filename="customer-{customer.pk}.{"zip" if packed else "json"}"'
    )
    answer.headers["Cache-Control"] = "no-store"
    return answer


def _erase(request: HttpRequest, customer: Customer) -> None:
    try:
        erasure = erase_customer(user_id=customer.user_id, customer_id=customer.pk, seconds=REQUEST_SECONDS)
    except PersonUnknown as error:
        messages.warning(request, gettext("Nothing was erased. %(error)s") % {"error": shown(error)})
        return
    if erasure.finished_at is None:
        messages.warning(
            request, gettext("The customer is erased; stored deliveries and events are still being searched.")
        )
    else:
        messages.success(
            request, gettext("Erased, with %(values)s rows.") % {"values": number(sum(erasure.removed.values()))}
        )


CustomerAdmin.add_part(PrivacyPart())
# Read for the actions: others do not see them.
CustomerAdmin.has_privacy_permission = _may
CustomerAdmin.actions = [*(CustomerAdmin.actions or ()), download_everything, erase_everything]
