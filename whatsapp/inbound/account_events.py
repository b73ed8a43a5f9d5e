"""Stores what Meta reports about accounts and numbers: the log, statuses of templates, numbers that a ban stops."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final
from uuid import UUID

from whatsapp.inbound.events import AccountReport
from whatsapp.models import AccountEvent, AccountEventRow, AccountNumber, MessageTemplate, TemplateReport

_NOT_A_DIGIT: Final = re.compile(r"[^0-9]")


@dataclass(slots=True)
class AccountPlan:
    """What to store. `bans`: of a ban's digest, the active numbers that it stops, and why and when."""

    rows: list[AccountEventRow] = field(default_factory=list)
    templates: list[TemplateReport] = field(default_factory=list)
    bans: dict[str, dict[UUID, tuple[str, datetime]]] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)


def plan_account_events(reports: Sequence[AccountReport]) -> AccountPlan:
    """Assign reports to the businesses of their accounts, in one query if there are any. Raises django.db.Error."""
    if not reports:
        return AccountPlan()
    named = {number for report in reports for number in (report.number, _digits(report.number)) if number}
    numbers = AccountEvent.objects.numbers_of(waba_ids={report.waba_id for report in reports}, numbers=named)
    return assign_reports(reports, numbers)


def assign_reports(reports: Iterable[AccountReport], numbers: Sequence[AccountNumber]) -> AccountPlan:
    """Assign each report to the businesses with numbers in its account; a pure function.

    A report about one number belongs to that number's business only, if the number is known; otherwise it is shown at
    all numbers of its account.
    """
    plan, unknown = AccountPlan(), set()
    templates: dict[tuple[UUID, str, str, str], TemplateReport] = {}
    for report in reports:
        one = _named(report, numbers)
        concerned = [one] if one else [number for number in numbers if number.waba_id == report.waba_id]
        if not concerned:
            unknown.add(report.waba_id)
        for user_id in dict.fromkeys(number.user_id for number in concerned):
            plan.rows.append(_row(report, user_id, one))
            if report.template and (report.template_status or report.template_category):
                _merge(templates, _template(report, report.template, user_id))
        if report.bans:
            stopped = [number.id for number in numbers if number.waba_id == report.waba_id and number.active]
            plan.bans[report.digest] = dict.fromkeys(stopped, (report.text, report.at))
    plan.templates = list(templates.values())
    plan.notes = [f"No number of the WhatsApp Business account {waba_id} is connected." for waba_id in sorted(unknown)]
    return plan


def store_account_events(plan: AccountPlan) -> dict[UUID, tuple[str, datetime]]:
    """Store a plan; return the numbers to stop, with reason and time: those of bans that no later event has lifted.

    Events that are stored already change nothing. At most three statements. Caller holds the transaction. Raises
    django.db.Error.
    """
    AccountEvent.objects.store(plan.rows)
    MessageTemplate.objects.report(plan.templates)
    if not plan.bans:
        return {}
    valid = AccountEvent.objects.newest().filter(digest__in=plan.bans).values_list("digest", flat=True)
    return {channel_id: why for digest in valid for channel_id, why in plan.bans[digest].items()}


def _named(report: AccountReport, numbers: Iterable[AccountNumber]) -> AccountNumber | None:
    """The number that the report names by its id or its digits."""
    if not report.number:
        return None
    digits = _digits(report.number)
    mine = [number for number in numbers if number.waba_id in ("", report.waba_id)]
    return next(
        (number for number in mine if number.phone_number_id == report.number or (digits and number.digits == digits)),
        None,
    )


def _row(report: AccountReport, user_id: UUID, number: AccountNumber | None) -> AccountEventRow:
    return AccountEventRow(
        user_id=user_id,
        waba_id=report.waba_id,
        channel_id=number.id if number else None,
        number=report.number,
        field=report.field,
        event=report.event,
        aspect=report.aspect,
        subject=report.subject,
        text=report.text,
        is_problem=report.is_problem,
        at=report.at,
        until=report.until,
        messaging_limit=report.messaging_limit,
        value=report.value,
        digest=report.digest,
    )


def _template(report: AccountReport, key: tuple[str, str], user_id: UUID) -> TemplateReport:
    status, category = report.template_status.lower(), report.template_category.lower()
    return TemplateReport(user_id, report.waba_id, *key, status, category, report.at)


def _merge(templates: dict[tuple[UUID, str, str, str], TemplateReport], report: TemplateReport) -> None:
    """Keep one report for each template: what the latest says, and what only an earlier one says."""
    key = report[:4]
    first, last = sorted((templates.get(key, report), report), key=lambda one: one.at)
    templates[key] = last._replace(status=last.status or first.status, category=last.category or first.category)


def _digits(text: str) -> str:
    return _NOT_A_DIGIT.sub("", text)
