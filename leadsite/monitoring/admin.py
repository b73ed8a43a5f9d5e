"""Admin of failed transactions: what failed, and what to do. Read-only."""

import json
from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from leadsite.adminkit.change_list import RecentValues
from leadsite.adminkit.owned import OwnedAdmin
from leadsite.adminkit.page import ReadOnly
from leadsite.adminkit.values import badge, foreign, moment, shorten
from leadsite.languages.texts import shown
from leadsite.monitoring.advice import advice_for
from leadsite.monitoring.models import FailedTransaction


@admin.register(FailedTransaction)
class FailedTransactionAdmin(ReadOnly, OwnedAdmin):
    """Those of the business; superusers see all, also those of no business."""

    list_display = ["when", "what", "source_badge", "code", "short_error", "attempt"]
    list_filter = ["source", ("sqlstate", RecentValues), ("constraint", RecentValues), "at"]
    search_fields = ["request_id__exact"]
    search_help_text = _("The number of a request, as in the log.")
    ordering = ["-pk"]
    fields = [
        *("user", "when", "what", "source_badge", "code", "constraint", "attempt", "request_id", "problem"),
        *("what_to_do", "what_was_sent"),
    ]
    readonly_fields = ["when", "what", "source_badge", "code", "problem", "what_to_do", "what_was_sent"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        return super().get_queryset(request).select_related("user")

    @admin.display(description=_("at"), ordering="pk")
    def when(self, failed: FailedTransaction) -> SafeString:
        return moment(failed.at)

    @admin.display(description=_("operation"), ordering="operation")
    def what(self, failed: FailedTransaction) -> str:
        return shown(failed.operation) or "–"

    @admin.display(description=_("source"), ordering="source")
    def source_badge(self, failed: FailedTransaction) -> SafeString:
        return badge(failed.get_source_display(), failed.source)

    @admin.display(description=_("SQLSTATE"), ordering="sqlstate")
    def code(self, failed: FailedTransaction) -> str:
        return failed.sqlstate or "–"

    @admin.display(description=_("error"))
    def short_error(self, failed: FailedTransaction) -> SafeString:
        return foreign(shorten(shown(failed.error)) or "–")

    @admin.display(description=_("error"))
    def problem(self, failed: FailedTransaction) -> SafeString:
        return foreign(shown(failed.error) or "–")

    @admin.display(description=_("what to do"))
    def what_to_do(self, failed: FailedTransaction) -> str:
        return shown(advice_for(sqlstate=failed.sqlstate, constraint=failed.constraint, error=failed.error))

    @admin.display(description=_("input, without personal data"))
    def what_was_sent(self, failed: FailedTransaction) -> SafeString:
        text = json.dumps(failed.input, indent=2, ensure_ascii=False)
        return format_html('<pre class="pre-wrap foreign" dir="auto">{}</pre>', text)
