"""Deliveries about accounts, in Meta's format, for tests."""

from typing import Any

from tests.whatsapp import inbox, meta
from whatsapp.models import AccountEvent, Channel, WebhookDelivery

WABA = "102290129340398"
NUMBER = "15550783881"


def entry(field: str, value: Any, *, waba_id: str = WABA, time: Any = meta.NOON) -> dict[str, Any]:
    return {"id": waba_id, "time": time, "changes": [{"field": field, "value": value}]}


def body(*entries: dict[str, Any]) -> bytes:
    return meta.raw({"object": "whatsapp_business_account", "entry": list(entries)})


def reports(field: str, value: Any, **more: Any) -> WebhookDelivery:
    """Post a delivery with this event, signed, which must be answered 200."""
    return deliver(entry(field, value, **more))


def deliver(*entries: dict[str, Any]) -> WebhookDelivery:
    answer = inbox.post(body(*entries))
    assert answer.status_code == 200, answer.content
    return WebhookDelivery.objects.order_by("-pk")[0]


def ban(state: str, **more: Any) -> WebhookDelivery:
    info = {"waba_ban_state": state, "waba_ban_date": "May 5, 2026"}
    return reports("account_update", {"event": "DISABLED_UPDATE", "ban_info": info}, **more)


def quality(event: str, *, number: str = NUMBER, limit: str = "TIER_10K", **more: Any) -> WebhookDelivery:
    value = {"display_phone_number": number, "event": event, "current_limit": limit}
    return reports("phone_number_quality_update", value, **more)


def template(event: str, *, name: str = "cake_ready", reason: str = "NONE", **more: Any) -> WebhookDelivery:
    value = {
        "event": event,
        "message_template_id": 1,
        "message_template_name": name,
        "message_template_language": "en-US",
        "reason": reason,
    }
    return reports("message_template_status_update", value, **more)


def connect(business: Any, number: str = meta.CHANNEL, *, waba_id: str = WABA, display: str = f"+{NUMBER}") -> Channel:
    return Channel.objects.create(
        user=business.user, phone_number_id=number, waba_id=waba_id, display_number=display, provider="cloud"
    )


def log() -> list[tuple[str, bool]]:
    return [(event.text, event.is_problem) for event in AccountEvent.objects.order_by("at", "pk")]
