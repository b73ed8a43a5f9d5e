"""What the providers delivered: where a message stays that is not in the list of leads, and how to try it again."""

from collections import Counter
from typing import Any, Final
from uuid import UUID

from django.contrib import admin, messages
from django.contrib.admin.models import CHANGE, LogEntry
from django.contrib.admin.utils import quote, unquote
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.db.models import Model, QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed, HttpResponseRedirect
from django.template.defaultfilters import filesizeformat
from django.urls import URLPattern, path, reverse
from django.utils.functional import cached_property
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from leadsite.accounts.admin_page import AdminPage, OperatorsOnly
from leadsite.accounts.admin_values import NOTHING, badge, foreign, link, moment, shorten
from whatsapp.deliveries import ERROR, SKIPPED, replay_each
from whatsapp.delivery_body import readable
from whatsapp.models import Channel, WebhookDelivery

REPLAY_LIMIT: Final = 200
COUNT_LIMIT: Final = 1000
NUMBERS_SHOWN: Final = 20

OUTCOMES: Final = {
    WebhookDelivery.State.PROCESSED.value: "processed",
    WebhookDelivery.State.FAILED.value: "still failed",
    WebhookDelivery.State.UNROUTED.value: "still unrouted",
    SKIPPED: "left alone (being worked on, or gone)",
    ERROR: "broken off (the log says why)",
}


class BoundedPaginator(Paginator[WebhookDelivery]):
    """Counts no further than a person would turn pages: a busy site keeps millions of deliveries."""

    template_name = "whatsapp/bounded_pagination.html"
    limit = COUNT_LIMIT

    @cached_property
    def count(self) -> int:
        rows: Any = self.object_list
        return rows[: self.limit].count()


@admin.register(WebhookDelivery)
class DeliveryAdmin(OperatorsOnly, AdminPage):
    """For operators: a body may hold several businesses' customers. Rows are evidence, and nobody writes them here."""

    list_display = ["received", "provider", "state_badge", "trouble", "attempts"]
    list_filter = ["state", "provider"]
    search_fields = ["unrouted"]  # see get_search_results
    search_help_text = "Phone number id that is not connected"
    ordering = ["-pk"]
    paginator = BoundedPaginator
    actions = ["replay"]
    fieldsets = [
        (None, {"fields": ["state_badge", "problem", "unrouted_numbers", "attempts", "next_attempt"]}),
        ("What was delivered", {"fields": ["provider", "received", "id", "size", "readable_body"]}),
    ]
    readonly_fields = [
        *("state_badge", "problem", "unrouted_numbers", "next_attempt", "received", "id", "size", "readable_body"),
    ]
    change_form_outer_before_template = "whatsapp/delivery_advice.html"

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        """Without the bodies: fifty of them can be 150 MB."""
        return super().get_queryset(request).defer("body")

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        """By a whole number, among the unrouted, which have an index."""
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

    @admin.action(description="Replay", permissions=["view"])
    def replay(self, request: HttpRequest, deliveries: QuerySet[WebhookDelivery]) -> None:
        ids = list(deliveries.order_by("pk").values_list("pk", flat=True)[: REPLAY_LIMIT + 1])
        _replay(request, ids[:REPLAY_LIMIT])
        if len(ids) > REPLAY_LIMIT:
            more = "For more at once there is manage.py replay_deliveries."
            messages.warning(request, f"Only the oldest {REPLAY_LIMIT} were tried. {more}")

    def replay_one(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """The button on a delivery's page. Not one of unfold's actions: those are links, and this changes rows."""
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        if not self.has_view_permission(request):
            raise PermissionDenied
        delivery = self.get_object(request, unquote(object_id))
        if delivery is None:
            return self._get_obj_does_not_exist_redirect(request, self.opts, object_id)
        _replay(request, [delivery.pk])
        return HttpResponseRedirect(reverse("admin:whatsapp_webhookdelivery_change", args=[quote(delivery.pk)]))

    @admin.display(description="received", ordering="pk")
    def received(self, delivery: WebhookDelivery) -> SafeString:
        return moment(delivery.received_at)

    @admin.display(description="state", ordering="state")
    def state_badge(self, delivery: WebhookDelivery) -> SafeString:
        return badge(delivery.get_state_display(), delivery.state)

    @admin.display(description="what is wrong")
    def trouble(self, delivery: WebhookDelivery) -> SafeString:
        return foreign(shorten(delivery.error, 120) or "–")

    @admin.display(description="what is wrong")
    def problem(self, delivery: WebhookDelivery) -> SafeString:
        if not delivery.error:
            return NOTHING
        return format_html('<span class="block foreign pre-wrap" dir="auto">{}</span>', delivery.error)

    @admin.display(description="numbers not connected")
    def unrouted_numbers(self, delivery: WebhookDelivery) -> SafeString:
        shown = delivery.unrouted[:NUMBERS_SHOWN]
        if not shown:
            return NOTHING
        channels = {row.phone_number_id: row for row in Channel.objects.filter(phone_number_id__in=shown)}
        lines = [(foreign(number), _advice(channels.get(number))) for number in shown]
        more = f"and {len(delivery.unrouted) - len(shown)} more" if len(delivery.unrouted) > len(shown) else ""
        return format_html("{}{}", format_html_join("", '<p class="mb-2">{}{}</p>', lines), more)

    @admin.display(description="next attempt")
    def next_attempt(self, delivery: WebhookDelivery) -> SafeString:
        return moment(delivery.next_attempt_at)

    @admin.display(description="size")
    def size(self, delivery: WebhookDelivery) -> str:
        return filesizeformat(len(delivery.body))

    @admin.display(description="body")
    def readable_body(self, delivery: WebhookDelivery) -> SafeString:
        text, left_out = readable(delivery.provider, bytes(delivery.body))
        note = f"Cut here: {left_out:,} more characters." if left_out else ""
        return format_html(
            '<pre class="delivery-body" dir="ltr" tabindex="0">{}</pre><p class="font-semibold">{}</p>', text, note
        )


def waiting_for(channel: Channel) -> SafeString:
    """A link to the deliveries that named this number while it was not connected."""
    rows = WebhookDelivery.objects.filter(
        state=WebhookDelivery.State.UNROUTED, unrouted__contains=[channel.phone_number_id]
    )
    if not rows.exists():
        return SafeString("None")
    address = reverse("admin:whatsapp_webhookdelivery_changelist", query={"q": channel.phone_number_id})
    return format_html('<a class="text-link" href="{}">Show them, and replay</a>', address)


def _advice(channel: Channel | None) -> SafeString:
    if channel is None:
        add = reverse("admin:whatsapp_channel_add")
        return format_html('<a class="text-link" href="{}">Add a WhatsApp number</a> with this id, then replay.', add)
    if not channel.active:
        return format_html("{} is switched off. Make it active, then replay.", link(channel))
    return format_html("{} is connected by now: replay.", link(channel))


def _replay(request: HttpRequest, ids: list[UUID]) -> None:
    outcomes = Counter(outcome for _, outcome in replay_each(ids))
    rows = WebhookDelivery.objects.filter(pk__in=ids).defer("body")
    LogEntry.objects.log_actions(str(request.user.pk), rows, CHANGE, "Replayed.")
    well = outcomes[WebhookDelivery.State.PROCESSED] == outcomes.total()
    parts = [f"{outcomes[outcome]} {words}" for outcome, words in OUTCOMES.items() if outcomes[outcome]]
    messages.add_message(request, messages.SUCCESS if well else messages.WARNING, f"Replayed: {', '.join(parts)}.")
