"""Operators see the sessions of all people, and end them."""

from typing import Any, cast

from django.contrib import admin
from django.db.models import BooleanField, ExpressionWrapper, Model, Q, QuerySet
from django.http import HttpRequest
from django.utils.safestring import SafeString
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from leadsite.accounts.models import Person, Session
from leadsite.accounts.sessions.store import SessionStore
from leadsite.adminkit.page import AdminPage, OperatorsOnly
from leadsite.adminkit.values import badge, foreign, link, moment
from leadsite.core import clock

_REASON = "ended by an operator"


@admin.register(Session)
class SessionAdmin(OperatorsOnly, AdminPage):
    """Who is logged in where. Deleting a session ends it."""

    list_display = ["client", "person", "seen_from", "started", "seen", "this"]
    list_display_links = ["client"]
    list_select_related = ["user"]
    search_fields = ["user__email", "user__name", "user__business_name", "address"]
    search_help_text = _("Name or e-mail of the person, or address")
    ordering = ["-last_seen_at"]
    fields = ["person", "client", "seen_from", "started", "seen", "this"]
    readonly_fields = fields

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        here = Q(session_key=cast(SessionStore, request.session).row_key)
        running = super().get_queryset(request).filter(user__isnull=False, expire_date__gt=clock.now())
        return running.annotate(here=ExpressionWrapper(here, output_field=BooleanField()))

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def delete_model(self, request: HttpRequest, obj: Session) -> None:
        Session.objects.end([obj.pk], reason=_REASON)

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[Session]) -> None:
        Session.objects.end([session.pk for session in queryset], reason=_REASON)

    @admin.display(description=_("browser"))
    def client(self, session: Session) -> SafeString:
        return foreign(session.browser_name)

    @admin.display(description=_("person"), ordering="user__email")
    def person(self, session: Session) -> SafeString:
        return link(Person(pk=session.user.pk), session.user.person_name) if session.user else foreign("–")

    @admin.display(description=_("address"), ordering="address")
    def seen_from(self, session: Session) -> SafeString:
        return foreign(session.address or "–")

    @admin.display(description=_("logged in"), ordering="started_at")
    def started(self, session: Session) -> SafeString:
        return moment(session.started_at)

    @admin.display(description=_("last seen"), ordering="last_seen_at")
    def seen(self, session: Session) -> SafeString:
        return moment(session.last_seen_at)

    @admin.display(description="")
    def this(self, session: Any) -> SafeString:
        return badge(gettext("This session"), "active") if session.here else SafeString("")
