"""Adds to the pages of customers: everything of a person on one page, possible duplicates, and merging two into one."""

from functools import partial
from typing import Any, Final, cast
from uuid import UUID

from django.contrib import admin, messages
from django.contrib.admin.utils import quote, unquote
from django.core.exceptions import PermissionDenied
from django.db.models import Model, QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from conversations.admin.customers import CustomerAdmin
from conversations.models import Customer, CustomerMove, Message, Note
from leads.merging import duplicates, services
from leads.merging.preview import preview_merge
from leads.models import CustomerMerge, DistinctPair, Lead
from leads.models.distinct import ordered
from leadsite.accounts.business.places import country_of
from leadsite.accounts.models import User
from leadsite.adminkit.owned import OwnedAdmin
from leadsite.adminkit.parts import PagePart
from leadsite.adminkit.values import badge, link, moment, read_uuid, shorten
from leadsite.adminkit.workplace import business_of
from leadsite.languages.texts import shown

_LEADS: Final = 20
_MERGES: Final = 10
_NOTES: Final = 10
# More are shown as this number and a plus sign: a page takes the same time for everybody.
_COUNTED: Final = 1000
NO_CHOICE: Final = _("Choose two customers.")


class PersonPart(PagePart):
    """Everything of a person, above the form."""

    template_before = "leads/person.html"

    def get_urls(self, page: OwnedAdmin) -> list[URLPattern]:
        def url(route: str, name: str, view: Any) -> URLPattern:
            protected = page.admin_site.admin_view(partial(view, page))
            return path(route, protected, name=f"conversations_customer_{name}")

        return [
            url("duplicates/", "duplicates", self.duplicates),
            url("<path:object_id>/merge/", "merge", self.merge),
            url("<path:object_id>/unmerge/", "unmerge", self.unmerge),
        ]

    def get_context(self, page: OwnedAdmin, request: HttpRequest, row: Model) -> dict[str, Any]:
        if not isinstance(row, Customer) or not request.user.has_perm("leads.view_lead"):
            return {}
        may_change = page.has_change_permission(request, row)
        leads = Lead.objects.filter(conversation__customer=row).select_related("assigned_to")
        merges = CustomerMerge.objects.filter(target=row, undone_at=None).select_related("person").order_by("-pk")
        found = duplicates.duplicates_of(row, country=country_of(row.user_id)) if may_change else []
        # Without those who have been merged or erased since.
        others = page.get_queryset(request).in_bulk([pair.other_id(row.pk) for pair in found])
        same = [(others[pair.other_id(row.pk)], pair.reason) for pair in found if pair.other_id(row.pk) in others]
        return {
            "person": {
                "numbers": _numbers(row),
                "messages": _count(row),
                "leads": [_lead(lead) for lead in leads.order_by("-created_at", "-pk")[:_LEADS]],
                "notes": [_note(note) for note in _notes(row)],
                "duplicates": [_other(row, other, reason) for other, reason in same],
                "merges": [_merge(one) for one in merges[:_MERGES]],
                "may_change": may_change,
                "unmerge": reverse("admin:conversations_customer_unmerge", args=[quote(row.pk)]),
            }
        }

    def missing(self, page: OwnedAdmin, request: HttpRequest, object_id: str) -> HttpResponse | None:
        """The page of a customer who has been merged is that of the one who stayed."""
        try:
            source_id = UUID(unquote(object_id))
        except ValueError:
            return None
        merged = CustomerMerge.objects.filter(source_id=source_id, undone_at=None).order_by("-pk").first()
        target = page.get_object(request, str(merged.target_id)) if merged and request.method == "GET" else None
        if target is None:
            return None
        messages.info(request, gettext("%(merged)s is a part of this customer now.") % {"merged": merged})
        return to_customer(target.pk)

    def duplicates(self, page: OwnedAdmin, request: HttpRequest) -> HttpResponse:
        """The list of pairs that may be one person."""
        business_id = business_of(request)
        if not page.has_change_permission(request) or business_id is None:
            raise PermissionDenied
        before = read_uuid(request.GET.get("before", ""))
        found = duplicates.read_page(user_id=business_id, country=country_of(business_id), before=before)
        ids = {one for pair in found.pairs for one in (pair.first_id, pair.second_id)}
        customers = page.get_queryset(request).in_bulk(list(ids))
        pairs = [
            {"first": customers[pair.first_id], "second": customers[pair.second_id], "reason": pair.reason}
            for pair in found.pairs
            if pair.first_id in customers and pair.second_id in customers
        ]
        context: dict[str, Any] = {"title": gettext("Possible duplicates"), "pairs": pairs}
        context |= {"before": found.before, "here": before or ""}
        return _page(request, "leads/duplicates.html", context)

    def merge(self, page: OwnedAdmin, request: HttpRequest, object_id: str) -> HttpResponse:
        """What a merge would move, and the merge. `with`: the other customer; the one of the address stays."""
        stays, other = two_customers(page, request, object_id)
        if stays is None:
            return page._get_obj_does_not_exist_redirect(request, page.opts, object_id)
        if other is None or other.user_id != stays.user_id or other.pk == stays.pk:
            messages.error(request, NO_CHOICE)
            return to_customer(stays.pk)
        if request.method != "POST":
            preview = preview_merge(source=other, target=stays)
            context = {"title": gettext("Merge two customers"), "stays": stays, "other": other, "preview": preview}
            pair = ordered(stays.pk, other.pk)
            is_distinct = bool(DistinctPair.objects.among([pair], user_id=stays.user_id))
            return _page(request, "leads/merge.html", context | {"is_distinct": is_distinct})
        try:
            services.merge(
                user_id=stays.user_id, source_id=other.pk, target_id=stays.pk, person_id=cast(User, request.user).pk
            )
            messages.success(
                request, gettext("The two are one customer now. It can be undone for a day, on this page.")
            )
        except services.MergeRefused as refusal:
            messages.error(request, shown(refusal))
        return to_customer(stays.pk)

    def unmerge(self, page: OwnedAdmin, request: HttpRequest, object_id: str) -> HttpResponse:
        """Undo a merge."""
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        stays, _ = two_customers(page, request, object_id)
        merge_id = read_uuid(request.POST.get("merge", ""))
        if stays is None or merge_id is None:
            return page._get_obj_does_not_exist_redirect(request, page.opts, object_id)
        try:
            customer_id = services.undo_merge(user_id=stays.user_id, merge_id=merge_id)
        except services.MergeRefused as refusal:
            messages.error(request, shown(refusal))
            return to_customer(stays.pk)
        messages.success(request, gettext("The two are two customers again. This is the one who is back."))
        return to_customer(customer_id)


def two_customers(page: OwnedAdmin, request: HttpRequest, object_id: str) -> tuple[Customer | None, Customer | None]:
    """The customer of the address, and the other one, as far as the person may change them. Raises PermissionDenied."""
    if not page.has_change_permission(request):
        raise PermissionDenied
    mine = page.get_queryset(request)
    chosen, other = read_uuid(unquote(object_id)), read_uuid(request.POST.get("with") or request.GET.get("with", ""))
    found = mine.in_bulk([one for one in (chosen, other) if one])
    return found.get(chosen), found.get(other)


def to_customer(customer_id: UUID) -> HttpResponse:
    return HttpResponseRedirect(reverse("admin:conversations_customer_change", args=[quote(customer_id)]))


def _page(request: HttpRequest, template: str, context: dict[str, Any]) -> HttpResponse:
    return TemplateResponse(request, template, admin.site.each_context(request) | context)


def _numbers(customer: Customer) -> list[tuple[str, str]]:
    """The numbers and WhatsApp user ids of a person, with what they are: at most ten former ones."""
    present = [one for one in (customer.phone, customer.whatsapp_user_id) if one]
    known = [one for one in (customer.phone_key, customer.whatsapp_user_id) if one]
    owner: Any = CustomerMove.objects.filter(user_id=customer.user_id)
    moved = owner.filter(phone=customer.phone) if customer.phone else owner.filter(whatsapp_user_id__in=known)
    former = list(moved.order_by("-moved_at").values_list("former", flat=True)[:10])
    return [(one, "present") for one in present] + [(one, "former") for one in former if one not in known]


def _count(customer: Customer) -> str:
    count = Message.objects.visible().filter(conversation__customer=customer).order_by()[: _COUNTED + 1].count()
    return f"{_COUNTED:,}+" if count > _COUNTED else str(count)


def _lead(lead: Lead) -> dict[str, Any]:
    return {
        "link": link(lead, shorten(lead.details) or lead.get_type_display()),
        "badge": badge(lead.get_status_display(), lead.status),
        "created": moment(lead.created_at),
        "assigned_to": lead.assigned_to.person_name if lead.assigned_to else "",
    }


def _notes(customer: Customer) -> QuerySet[Note]:
    here = Note.objects.filter(conversation__customer=customer, conversation__deleted_at=None)
    return here.select_related("author").order_by("-pk")[:_NOTES]


def _note(note: Note) -> dict[str, Any]:
    author = note.author.person_name if note.author else gettext("Somebody")
    return {"text": note.text, "author": author, "when": moment(note.created_at), "chat": note.conversation_id}


def with_number(customer: Customer) -> SafeString:
    """A link to the page of a customer, with the number beside it: two may have the same name."""
    return format_html('{} <bdi dir="ltr">{}</bdi>', link(customer), customer.phone or "")


def _other(customer: Customer, other: Customer, reason: str) -> dict[str, Any]:
    address = reverse("admin:conversations_customer_merge", args=[quote(customer.pk)], query={"with": str(other.pk)})
    return {"other": other, "link": with_number(other), "reason": reason, "merge": address}


def _merge(merge: CustomerMerge) -> dict[str, Any]:
    return {
        "merge": merge,
        "when": moment(merge.created_at),
        "by": merge.person.person_name if merge.person else "",
        "undoable": services.is_undoable(merge),
    }


CustomerAdmin.add_part(PersonPart())
CustomerAdmin.list_before_template = "leads/duplicates_link.html"
