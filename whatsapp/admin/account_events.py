"""Admin of account events: what Meta reports about accounts and numbers. Read-only, except that problems are done."""

import json
from typing import Any, Final

from django.contrib import admin, messages
from django.db.models import OuterRef, QuerySet, Subquery, Value
from django.db.models.functions import Coalesce, NullIf
from django.http import HttpRequest
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext, ngettext, pgettext
from django.utils.translation import gettext_lazy as _

from leadsite.adminkit.owned import OwnedAdmin
from leadsite.adminkit.page import ReadOnly, any_size
from leadsite.adminkit.values import NOTHING, badge, foreign, link, moment, shorten
from leadsite.core import clock
from leadsite.languages.texts import shown
from whatsapp.models import AccountEvent, Channel

SHOWN: Final = 20


class OpenProblemsFilter(admin.SimpleListFilter):
    title = _("problems")
    parameter_name = "problems"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("open", gettext("Exist now")), ("all", gettext("All that were reported"))]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        if self.value() == "open":
            return queryset.filter(pk__in=AccountEvent.objects.open_problems(clock.now()).values("pk"))
        return queryset.filter(is_problem=True) if self.value() == "all" else queryset


@admin.register(AccountEvent)
class AccountEventAdmin(ReadOnly, OwnedAdmin):
    list_display = ["time", "what", "state_badge", "about", "waba_id"]
    list_filter = [OpenProblemsFilter, "field"]
    ordering = ["-at", "-pk"]
    actions = ["mark_as_done"]
    fields = [
        *("user", "time", "what", "state_badge", "about", "waba_id", "field", "event", "ends", "messaging_limit"),
        *("done", "reported"),
    ]
    readonly_fields = ["time", "what", "state_badge", "about", "ends", "done", "reported"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        named = Coalesce(NullIf("display_number", Value("")), "phone_number_id")
        number = Channel.objects.filter(pk=OuterRef("channel_id"), user_id=OuterRef("user_id"))
        return super().get_queryset(request).annotate(number_name=Subquery(number.values_list(named)[:1]))

    def has_done_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("whatsapp.change_accountevent")

    @any_size
    @admin.action(description=_("Mark as done"), permissions=["done"])
    def mark_as_done(self, request: HttpRequest, queryset: QuerySet[AccountEvent]) -> None:
        now = clock.now()
        rows = queryset.order_by().values("pk")
        count = AccountEvent.objects.filter(pk__in=rows, is_problem=True, done_at=None).update(
            done_at=now, updated_at=now
        )
        words = ngettext("%(count)s problem was marked as done.", "%(count)s problems were marked as done.", count)
        text = words % {"count": count}
        messages.add_message(request, messages.SUCCESS if count else messages.WARNING, text)

    @admin.display(description=_("time"), ordering="at")
    def time(self, event: AccountEvent) -> SafeString:
        return moment(event.at)

    @admin.display(description=_("what Meta reports"))
    def what(self, event: AccountEvent) -> SafeString:
        return foreign(shorten(shown(event.text), 300))

    @admin.display(description=_("state"))
    def state_badge(self, event: AccountEvent) -> SafeString:
        if not event.is_problem:
            return NOTHING
        return (
            badge(pgettext("a problem", "Done"), "archived") if event.done_at else badge(gettext("Problem"), "failed")
        )

    @admin.display(description=_("WhatsApp number"))
    def about(self, event: Any) -> SafeString:
        return foreign(event.number_name or event.number or gettext("all of the account"))

    @admin.display(description=_("ends"))
    def ends(self, event: AccountEvent) -> SafeString:
        return moment(event.until)

    @admin.display(description=_("marked as done"))
    def done(self, event: AccountEvent) -> SafeString:
        return moment(event.done_at)

    @admin.display(description=_("as reported"))
    def reported(self, event: AccountEvent) -> SafeString:
        text = json.dumps(event.value, indent=2, ensure_ascii=False)
        return format_html('<pre class="pre-wrap foreign" dir="auto">{}</pre>', text)


def present_state(channel: Channel) -> list[SafeString]:
    """What Meta has said last about each aspect of a number and its account, problems first; one line each."""
    state = AccountEvent.objects.state_of(channel_id=channel.pk, user_id=channel.user_id, waba_id=channel.waba_id)
    newest = state.order_by("-is_problem", "-at")[:SHOWN]
    return [format_html("{} {}", moment(event.at), link(event, shorten(shown(event.text), 300))) for event in newest]
