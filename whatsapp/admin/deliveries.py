"""Admin of stored deliveries, and of replaying them."""

from collections import Counter
from typing import Any, Final, cast
from uuid import UUID

from django.contrib import admin, messages
from django.contrib.admin.models import CHANGE, LogEntry
from django.contrib.admin.utils import quote, unquote
from django.core.exceptions import PermissionDenied
from django.db.models import Model, QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed, HttpResponseRedirect
from django.template.defaultfilters import filesizeformat
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from leadsite.adminkit.page import AdminPage, OperatorsOnly, ReadOnly, any_size
from leadsite.adminkit.values import badge, foreign, moment, shorten
from leadsite.languages.texts import number
from whatsapp.admin import delivery_advice
from whatsapp.admin.delivery_body import readable
from whatsapp.inbound.replay import ERROR, SKIPPED, replay_each
from whatsapp.models import WebhookDelivery

REPLAY_LIMIT: Final = 200
COUNT_LIMIT: Final = 1000
BADGE_LIMIT: Final = 99

OUTCOMES: Final = {
    WebhookDelivery.State.PROCESSED.value: "processed",
    WebhookDelivery.State.FAILED.value: _("still failed"),
    WebhookDelivery.State.UNROUTED.value: _("still unrouted"),
    SKIPPED: _("skipped (locked by another process, or deleted)"),
    ERROR: _("stopped by an error (see the log)"),
}


class ProblemsFilter(admin.SimpleListFilter):
    """Deliveries with notes, including processed ones with parts left out."""

    title = _("problems")
    parameter_name = "problems"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("yes", gettext("Has problems")), ("no", gettext("Has none"))]

    def queryset(self, request: HttpRequest, queryset: QuerySet[WebhookDelivery]) -> QuerySet[WebhookDelivery]:
        if self.value() == "yes":
            return queryset.exclude(error="")
        return queryset.filter(error="") if self.value() == "no" else queryset


@admin.register(WebhookDelivery)
class DeliveryAdmin(ReadOnly, OperatorsOnly, AdminPage):
    """For operators, because a body may contain several businesses' customers. Read-only."""

    list_display = ["received", "provider", "state_badge", "beginning_of_notes", "attempts"]
    list_filter = ["state", ProblemsFilter, "provider"]
    search_fields = ["unrouted"]  # see get_search_results
    search_help_text = _("Phone number id that is not connected")
    ordering = ["-pk"]
    actions = ["replay"]
    fieldsets = [
        (None, {"fields": ["state_badge", "unrouted_numbers", "notes", "attempts", "next_attempt"]}),
        (_("What was delivered"), {"fields": ["provider", "received", "id", "size", "readable_body"]}),
    ]
    readonly_fields = [
        *("state_badge", "unrouted_numbers", "notes", "next_attempt", "received", "id", "size", "readable_body"),
    ]
    change_form_outer_before_template = "whatsapp/delivery_advice.html"

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        """Without the bodies: a page of fifty can have 150 MB of them."""
        return super().get_queryset(request).defer("body")

    def get_fieldsets(self, request: HttpRequest, obj: Model | None = None) -> Any:
        """Without fields that are empty."""
        row = cast(WebhookDelivery, obj)
        filled = {
            "unrouted_numbers": bool(row.unrouted),
            "notes": bool(delivery_advice.notes(row)),
            "next_attempt": row.next_attempt_at is not None,
        }
        (first, options), *rest = self.fieldsets
        return [(first, {"fields": [name for name in options["fields"] if filled.get(name, True)]}), *rest]

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], *args: Any, obj: Model | None = None, **options: Any
    ) -> HttpResponse:
        if isinstance(obj, WebhookDelivery):
            context |= {
                "meaning": delivery_advice.meaning(obj),
                "replay_may_help": delivery_advice.replay_may_help(obj),
            }
        return super().render_change_form(request, context, *args, obj=obj, **options)

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        """Find unrouted deliveries with exactly this number."""
        wanted = search_term.strip()
        found = queryset.filter(state=WebhookDelivery.State.UNROUTED, unrouted__contains=[wanted])
        return (found if wanted else queryset), False

    def get_urls(self) -> list[URLPattern]:
        one = path(
            "<path:object_id>/replay/",
            self.admin_site.admin_view(self.replay_one),
            name="whatsapp_webhookdelivery_replay",
        )
        return [one, *super().get_urls()]

    @any_size
    @admin.action(description=_("Replay"), permissions=["view"])
    def replay(self, request: HttpRequest, deliveries: QuerySet[WebhookDelivery]) -> None:
        ids = list(deliveries.order_by("pk").values_list("pk", flat=True)[: REPLAY_LIMIT + 1])
        _replay(request, ids[:REPLAY_LIMIT])
        if len(ids) > REPLAY_LIMIT:
            more = "manage.py replay_deliveries replays all of them."
            messages.warning(
                request,
                gettext("Only the oldest %(replay_limit)s were tried. %(more)s")
                % {"replay_limit": REPLAY_LIMIT, "more": more},
            )

    def replay_one(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Handle the button on a delivery's page. Not one of unfold's actions: those are GET links."""
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        if not self.has_view_permission(request):
            raise PermissionDenied
        delivery = self.get_object(request, unquote(object_id))
        if delivery is None:
            return self._get_obj_does_not_exist_redirect(request, self.opts, object_id)
        _replay(request, [delivery.pk])
        return HttpResponseRedirect(reverse("admin:whatsapp_webhookdelivery_change", args=[quote(delivery.pk)]))

    @admin.display(description=_("received"), ordering="pk")
    def received(self, delivery: WebhookDelivery) -> SafeString:
        return moment(delivery.received_at)

    @admin.display(description=_("state"), ordering="state")
    def state_badge(self, delivery: WebhookDelivery) -> SafeString:
        if delivery.state == WebhookDelivery.State.PROCESSED and delivery.error:
            return badge(gettext("Processed, with notes"), "unknown")
        return badge(delivery.get_state_display(), delivery.state)

    @admin.display(description=_("notes"))
    def beginning_of_notes(self, delivery: WebhookDelivery) -> SafeString:
        return foreign(shorten(delivery.error, 120) or "–")

    @admin.display(description=_("notes"))
    def notes(self, delivery: WebhookDelivery) -> SafeString:
        text = delivery_advice.notes(delivery)
        return format_html('<span class="block foreign pre-wrap" dir="auto">{}</span>', text)

    @admin.display(description=_("numbers not connected"))
    def unrouted_numbers(self, delivery: WebhookDelivery) -> SafeString:
        return delivery_advice.unconnected(delivery)

    @admin.display(description=_("next attempt"))
    def next_attempt(self, delivery: WebhookDelivery) -> SafeString:
        return moment(delivery.next_attempt_at)

    @admin.display(description=_("size"))
    def size(self, delivery: WebhookDelivery) -> str:
        return filesizeformat(len(delivery.body))

    @admin.display(description=_("body"))
    def readable_body(self, delivery: WebhookDelivery) -> SafeString:
        text, left_out = readable(delivery.provider, bytes(delivery.body))
        note = gettext("Cut here: %(left_out)s more characters.") % {"left_out": number(left_out)} if left_out else ""
        return format_html(
            '<pre class="delivery-body" dir="ltr" tabindex="0">{}</pre><p class="font-semibold">{}</p>', text, note
        )


def waiting_badge(request: HttpRequest) -> str:
    """The number of failed and unrouted deliveries for the menu; "" for none."""
    # Uses the index webhook_deliveries_open.
    open_rows = WebhookDelivery.objects.exclude(state=WebhookDelivery.State.PROCESSED)
    count = open_rows.values("pk")[: BADGE_LIMIT + 1].count()
    return f"{BADGE_LIMIT}+" if count > BADGE_LIMIT else str(count or "")


def _replay(request: HttpRequest, ids: list[UUID]) -> None:
    outcomes = Counter(outcome for _, outcome in replay_each(ids))
    rows = WebhookDelivery.objects.filter(pk__in=ids).defer("body")
    LogEntry.objects.log_actions(str(request.user.pk), rows, CHANGE, "Replayed.")
    all_processed = outcomes[WebhookDelivery.State.PROCESSED] == outcomes.total()
    parts = [f"{outcomes[outcome]} {words}" for outcome, words in OUTCOMES.items() if outcomes[outcome]]
    level = messages.SUCCESS if all_processed else messages.WARNING
    messages.add_message(request, level, gettext("Replayed: %(value)s.") % {"value": ", ".join(parts)})
