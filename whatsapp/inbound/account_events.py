"""Stores what Meta reports about accounts and numbers: the log, statuses of templates, numbers that a ban stops."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final
from uuid import UUID

from whatsapp.inbound.authentication import Signature
from whatsapp.inbound.events import AccountReport
from whatsapp.models import AccountEvent, AccountEventRow, AccountNumber, MessageTemplate, TemplateReport, number_key

NOT_SIGNED: Final = "Left out, because it is not signed with a secret of the account"
UNDECIDED: Final = "Not stored yet, because a secret of the account cannot be decrypted"


@dataclass(slots=True)
class AccountPlan:
    """What to store. `bans`: of a ban's digest, the active numbers that it stops, and why and when."""

    rows: list[AccountEventRow] = field(default_factory=list)
    templates: list[TemplateReport] = field(default_factory=list)
    bans: dict[str, dict[UUID, tuple[str, datetime]]] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    covered: list[UUID] = field(default_factory=list)  # channels whose secret signed the delivery
    is_kept: bool = False  # a report belongs to a covered number, or to an account that nobody has connected
    is_refused: bool = False  # a report belongs to numbers whose secret did not sign it
    is_undecided: bool = False  # it may have signed it: it could not be decrypted


def plan_account_events(reports: Sequence[AccountReport], signature: Signature) -> AccountPlan:
    """Assign reports to the businesses of their accounts, in one query if there are any. Raises django.db.Error.

    Only to numbers whose secret signed the delivery: see Note [Whose secret] in authentication.py.
    """
    if not reports:
        return AccountPlan()
    named = {report.number for report in reports if report.number}
    # A report that names no account is not about the numbers whose account is not known.
    accounts = {report.waba_id for report in reports if report.waba_id}
    numbers = AccountEvent.objects.numbers_of(waba_ids=accounts, numbers=named)
    covered = [number for number in numbers if signature.covers(number)]
    plan = assign_reports(reports, covered)
    plan.covered = [number.id for number in covered]
    left_out = {number.waba_id for number in numbers} - {number.waba_id for number in covered}
    reached = {(number.waba_id, number.user_id) for number in covered}
    unreadable = [number for number in numbers if number.id in signature.unreadable]
    undecided = {number.waba_id for number in unreadable if (number.waba_id, number.user_id) not in reached}
    plan.notes += [f"{UNDECIDED if one in undecided else NOT_SIGNED}: {one}" for one in sorted(left_out | undecided)]
    plan.is_undecided = bool(undecided)
    plan.is_refused = not signature.by_list or bool(left_out)
    plan.is_kept = bool(plan.rows) or (signature.by_list and not numbers)
    return plan


def assign_reports(reports: Iterable[AccountReport], numbers: Sequence[AccountNumber]) -> AccountPlan:
    """Assign each report to the businesses with numbers in its account; a pure function.

    A report about one number belongs to that number's business only, if the number is known; otherwise it is shown at
    all numbers of its account. The account counts before the display number: a business may have entered another's.
    """
    plan, unknown = AccountPlan(), set()
    templates: dict[tuple[UUID, str, str, str], TemplateReport] = {}
    for report in reports:
        of_account = [number for number in numbers if report.waba_id and number.waba_id == report.waba_id]
        named = {number.user_id: number for number in reversed(_named(report, of_account, numbers))}
        if not named and not of_account:
            unknown.add(report.waba_id)
        for user_id in named or dict.fromkeys(number.user_id for number in of_account):
            plan.rows.append(_row(report, user_id, named.get(user_id)))
            if report.template and (report.template_status or report.template_category):
                _merge(templates, _template(report, report.template, user_id))
        if report.bans:
            stopped = [number.id for number in of_account if number.active]
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


def _named(
    report: AccountReport, of_account: Sequence[AccountNumber], numbers: Sequence[AccountNumber]
) -> list[AccountNumber]:
    """The numbers that the report names, by id or display number: of its account, otherwise those of unknown accounts.

    The latter only of the businesses with a number in the account, if there are any.
    """
    if not report.number:
        return []
    businesses = {number.user_id for number in of_account}
    unknown = [number for number in numbers if not (number.waba_id and report.waba_id)]
    of_businesses = [number for number in unknown if number.user_id in businesses or not businesses]
    key = number_key(report.number)
    for candidates in (of_account, of_businesses):
        by_id = [number for number in candidates if number.phone_number_id == report.number]
        found = by_id or [number for number in candidates if key and number.key == key]
        if found:
            return found
    return []


def _row(report: AccountReport, user_id: UUID, number: AccountNumber | None) -> AccountEventRow:
    return AccountEventRow(
        user_id=user_id,
        waba_id=report.waba_id,
        channel_id=number.id if number else None,
        # Meta writes one number in several ways, and a later report about it ends the problem of an earlier one.
        number=number_key(report.number).removeprefix("+") or report.number,
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
