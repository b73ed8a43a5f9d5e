"""Reads what Meta reports about accounts and numbers, and says it in words for staff.

Shapes: Meta, webhook references of the fields below. These values have no metadata; unlike messages they name a number
by its display number, or only the account (`entry[].id`). Unknown fields and events are kept too.
"""

import hashlib
import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any, Final

from django.utils.translation import gettext_noop

from whatsapp.inbound.events import AccountReport
from whatsapp.inbound.meta import account_words as words
from whatsapp.inbound.meta.account_words import Said
from whatsapp.inbound.meta.accounts import account_of_value
from whatsapp.json_parts import Part, Report, object_of, objects_of, text_of
from whatsapp.models.templates import TEMPLATE_NAME_MAX_LENGTH

Json = dict[str, Any]

WORD_MAX_LENGTH: Final = 100
_ANY_TIME: Final = datetime(9000, 1, 1, tzinfo=UTC)


def account_reports(delivery: Json, received_at: datetime) -> list[AccountReport]:
    """Return the reports of a delivery. Never raises: parts of other types are left out."""
    return [
        report
        for entry in objects_of(delivery.get("entry"))
        for change in objects_of(entry.get("changes"))
        for report in _change(entry, change, received_at)
    ]


def _change(entry: Json, change: Json, received_at: datetime) -> Iterator[AccountReport]:
    field, value = text_of(change.get("field")), change.get("value")
    # Values about customers and groups have metadata or one of these lists.
    if not field or not isinstance(value, dict) or value.keys() & {"metadata", "messages", "statuses"}:
        return
    at = Part(entry, "", Report()).moment("time", received_at) or received_at
    event = _word(value, "event") or _word(value, "decision") or _word(value, "status")
    account = account_of_value(entry, value)[:WORD_MAX_LENGTH]
    for said in _FIELDS.get(field, _other(field))(value, event):
        seen = [account, field, entry.get("time"), value, said.aspect, said.subject]
        yield AccountReport(
            waba_id=account,
            number=said.number,
            field=field[:WORD_MAX_LENGTH],
            event=event,
            aspect=said.aspect,
            subject=said.subject,
            text=said.text,
            is_problem=said.is_problem,
            at=at,
            until=said.until,
            messaging_limit=said.messaging_limit,
            bans=said.bans,
            template=said.template,
            template_status=said.status,
            template_category=said.category,
            value=value,
            digest=hashlib.sha256(json.dumps(seen, sort_keys=True).encode()).hexdigest(),
        )


def _word(value: Json, key: str) -> str:
    return text_of(value.get(key)).strip()[:WORD_MAX_LENGTH]


def _other(field: str) -> Callable[[Json, str], Iterator[Said]]:
    def read(value: Json, event: str) -> Iterator[Said]:
        said = ", ".join(part for part in (words.plain(field), words.plain(event)) if part)
        yield Said(
            aspect=field[:WORD_MAX_LENGTH], subject=event, text=gettext_noop("Meta reports: %(said)s.") % {"said": said}
        )

    return read


def _account(value: Json, event: str) -> Iterator[Said]:
    number = _word(value, "phone_number")
    if event == "DISABLED_UPDATE":
        yield _ban(object_of(value.get("ban_info")))
    elif event == "ACCOUNT_RESTRICTION":
        for one in objects_of(value.get("restriction_info")) or [{}]:
            kind = _word(one, "restriction_type")
            until = Part(one, "", Report()).moment("expiration", _ANY_TIME)
            text = words.restriction(kind)
            yield Said(aspect="restriction", subject=kind, text=text, is_problem=True, until=until, number=number)
    elif event == "ACCOUNT_VIOLATION":
        kind = _word(object_of(value.get("violation_info")), "violation_type")
        yield Said(aspect="violation", subject=kind, text=words.violation(kind), is_problem=True, number=number)
    else:
        known = words.ACCOUNT.get(event)
        if known:
            yield Said(aspect=known.aspect, text=known.text, is_problem=known.is_problem)
        else:
            yield from _other("account_update")(value, event)


def _ban(info: Json) -> Said:
    found = info.get("waba_ban_state")
    states = [text_of(state) for state in found] if isinstance(found, list) else [text_of(found)]
    state = states[0] if len(states) == 1 else ""
    known = words.BANS.get(state, words.BAN_UNCLEAR)
    text = known.text % {"date": _word(info, "waba_ban_date") or gettext_noop("a date that it does not name")}
    return Said(aspect="ban", text=text, is_problem=known.is_problem, bans=state == "DISABLE")


def _quality(value: Json, event: str) -> Iterator[Said]:
    number, limit = _word(value, "display_phone_number"), _limit(value)
    known = words.QUALITY.get(event)
    if known is None:
        yield from _other("phone_number_quality_update")(value, event)
        return
    new_limit = gettext_noop("New limit: %(limit)s.") % {"limit": limit} if limit else ""
    text = f"{known.text} {new_limit}".strip()
    yield Said(aspect=known.aspect, text=text, is_problem=known.is_problem, number=number, messaging_limit=limit)


def _limit(value: Json) -> str:
    keys = ("max_daily_conversations_per_business", "max_daily_conversation_per_phone", "current_limit")
    return next((words.limit(found) for key in keys if (found := _word(value, key))), "")


def _name(value: Json, event: str) -> Iterator[Said]:
    number, name = _word(value, "display_phone_number"), _word(value, "requested_verified_name")
    rejected = event in words.REFUSALS
    reason = words.reason(_word(value, "rejection_reason")) if rejected else ""
    values = {"name": name, "plain": words.plain(event), "reason": reason}
    text = gettext_noop("Display name “%(name)s”: %(plain)s.") % values
    if reason:
        text = gettext_noop("Display name “%(name)s”: %(plain)s (%(reason)s).") % values
    yield Said(aspect="name", text=text, is_problem=rejected, number=number)


def _review(value: Json, event: str) -> Iterator[Said]:
    rejected = event in words.REFUSALS
    text = gettext_noop("Review of the account: %(plain)s.") % {"plain": words.plain(event)}
    advice = gettext_noop("See Business Support Home.") if rejected else ""
    yield Said(aspect="review", text=f"{text} {advice}".strip(), is_problem=rejected)


def _alert(value: Json, event: str) -> Iterator[Said]:
    info = object_of(value.get("alert_info")) or value
    kind, severity = _word(info, "alert_type"), _word(info, "alert_severity")
    active = (_word(info, "alert_status") or "ACTIVE") == "ACTIVE"
    said = text_of(info.get("alert_description")) or words.plain(kind)
    number = _word(value, "entity_id") if _word(value, "entity_type") == "PHONE_NUMBER" else ""
    yield Said(
        aspect="alert",
        subject=kind,
        text=gettext_noop("Meta: %(said)s") % {"said": said}
        if active
        else gettext_noop("Not so any more: %(plain)s.") % {"plain": words.plain(kind)},
        is_problem=active and severity in ("CRITICAL", "WARNING"),
        number=number,
    )


def _capability(value: Json, event: str) -> Iterator[Said]:
    limit = _limit(value)
    text = gettext_noop("What the account may do has changed.")
    if limit:
        text = gettext_noop("The account may write to %(limit)s.") % {"limit": limit}
    yield Said(aspect="capability", text=text, messaging_limit=limit)


def _security(value: Json, event: str) -> Iterator[Said]:
    number = _word(value, "display_phone_number")
    known = words.SECURITY.get(event)
    if known:
        yield Said(aspect="security", text=known.text, is_problem=known.is_problem, number=number)
    else:
        yield from _other("security")(value, event)


def _template_status(value: Json, event: str) -> Iterator[Said]:
    if not event and "new_quality_score" in value:
        yield from _template_quality(value, event)
        return
    known = words.TEMPLATES.get(event)
    name, key = _template(value)
    reason = words.reason(_word(value, "reason"))
    values = {"name": name, "value": known.text if known else words.plain(event), "reason": reason}
    text = gettext_noop("Template %(name)s: %(value)s.") % values
    if reason:
        text = gettext_noop("Template %(name)s: %(value)s (%(reason)s).") % values
    yield Said(
        aspect="template",
        subject=name,
        text=text + (f" {known.advice}" if known and known.advice else ""),
        is_problem=bool(known and known.is_problem),
        template=key,
        status=words.TEMPLATE_STATUSES.get(event, ""),
        category=_word(value, "message_template_category"),
    )


def _template_quality(value: Json, event: str) -> Iterator[Said]:
    name, _ = _template(value)
    score = _word(value, "new_quality_score")
    low = score == "RED"
    text = gettext_noop("Template %(name)s: quality %(score)s.") % {
        "name": name,
        "score": words.QUALITY_SCORES.get(score, words.plain(score)),
    }
    advice = gettext_noop("Meta may pause it: customers block or report it.") if low else ""
    yield Said(aspect="template quality", subject=name, text=f"{text} {advice}".strip(), is_problem=low)


def _template_category(value: Json, event: str) -> Iterator[Said]:
    name, key = _template(value)
    now, soon = _word(value, "new_category"), _word(value, "correct_category")
    text = words.category(name, words.plain(now), words.plain(soon))
    yield Said(aspect="template category", subject=name, text=text, template=key, category=now)


def _template_text(value: Json, event: str) -> Iterator[Said]:
    name, _ = _template(value)
    text = gettext_noop("Template %(name)s: its text was changed.") % {"name": name}
    yield Said(aspect="template text", subject=name, text=text)


def _template(value: Json) -> tuple[str, tuple[str, str]]:
    name = text_of(value.get("message_template_name")).strip()[:TEMPLATE_NAME_MAX_LENGTH]
    language = _word(value, "message_template_language").replace("-", "_")
    return f"“{name}” ({language})", (name, language)


_FIELDS: Final[dict[str, Callable[[Json, str], Iterator[Said]]]] = {
    "account_update": _account,
    "account_alerts": _alert,
    "account_review_update": _review,
    "business_capability_update": _capability,
    "message_template_components_update": _template_text,
    "message_template_quality_update": _template_quality,
    "message_template_status_update": _template_status,
    "phone_number_name_update": _name,
    "phone_number_quality_update": _quality,
    "security": _security,
    "template_category_update": _template_category,
}
