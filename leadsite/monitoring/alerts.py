"""The alert about the last self-check, for the Overview."""

from django.http import HttpRequest
from django.utils.html import format_html
from django.utils.translation import gettext

from leadsite.adminkit.alerts import SHOWN, Alert
from leadsite.adminkit.values import moment
from leadsite.adminkit.workplace import sees_all
from leadsite.languages.texts import shown
from leadsite.monitoring.models import IntegrityRun


def integrity_findings(request: HttpRequest) -> list[Alert]:
    """What the last self-check found. For superusers: it is about all businesses, and corrected in the database."""
    if not sees_all(request):
        return []
    last = IntegrityRun.objects.order_by("-pk").first()
    if last is None:
        return []
    text = gettext("The self-check of {} found {} {}, for example {}. {}")
    return [
        Alert(
            format_html(
                text,
                moment(last.at),
                one["count"],
                shown(one["meaning"]),
                ", ".join(one["examples"][:2]),
                shown(one["what_to_do"]),
            )
        )
        for one in last.findings[:SHOWN]
    ]
