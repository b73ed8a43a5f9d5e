"""The section `webhooks` of the document: what is posted to an integrator's endpoint."""

from typing import Any, Final

from leadsite.rest.schema import A_TIME, AN_ID
from leadsite.webhooks.models import TEST, EventType

# The component that `data` is, and when the event is posted: also the table in guide.md.
EVENTS: Final = {
    EventType.LEAD_CREATED.value: ("Lead", "A lead was created: by API, SQL, WhatsApp, admin or import."),
    EventType.LEAD_UPDATED.value: (
        "Lead",
        "A field of a lead changed. A change of the customer's name or number alone is no event.",
    ),
    EventType.LEAD_DELETED.value: (
        "Lead",
        "A lead was deleted. It is kept for a while, and can be restored; not one that a merge of customers or the undo"
        " of its import has removed.",
    ),
    EventType.LEAD_RESTORED.value: ("Lead", "A deleted lead was restored."),
    EventType.MESSAGE_RECEIVED.value: (
        "Message",
        "A customer wrote. It is posted again, with the same id of the message and another `webhook-id`, if WhatsApp"
        " delivers the content later.",
    ),
    EventType.MESSAGE_STATUS.value: (
        "Message",
        "A message to a customer is now `sent`, `delivered`, `read`, `failed` or `unknown`.",
    ),
}
_HEADERS: Final = {
    "webhook-id": ("The event's id: the same at each attempt. Keep those that you have processed.", {"type": "string"}),
    "webhook-timestamp": (
        "When this attempt was made, in Unix seconds. Refuse one more than five minutes off.",
        {"type": "string", "pattern": "^[0-9]+$"},
    ),
    "webhook-signature": (
        "`v1,` and the base64 of HMAC-SHA256 over `{webhook-id}.{webhook-timestamp}.{raw body}`, with the endpoint's"
        " secret; several, separated by spaces, for 24 hours after the secret was rotated. See Webhooks.",
        {"type": "string", "pattern": "^v1,[A-Za-z0-9+/=]+( v1,[A-Za-z0-9+/=]+)*$"},
    ),
}
_ANSWERS: Final = {
    "2XX": "It is delivered. Answer within ten seconds; the body is not read.",
    "410": "The endpoint is disabled: nothing more is posted.",
    "default": "Any other answer, or none: it is posted again later, for a day. `Retry-After` in seconds is respected.",
}


def webhooks() -> dict[str, Any]:
    """The events by their names."""
    data = {"type": "object", "required": ["endpoint_id"], "properties": {"endpoint_id": _ID}}
    test = _posted(TEST, "You have asked for it by POST /api/webhook-endpoints/{endpoint_id}/test.", data)
    test["post"]["requestBody"]["content"]["application/json"]["examples"] = {
        "Posted": {"value": {"type": TEST, "timestamp": A_TIME, "data": {"endpoint_id": AN_ID}}}
    }
    return {
        **{
            name: _posted(name, when, {"$ref": f"#/components/schemas/{component}"})
            for name, (component, when) in EVENTS.items()
        },
        TEST: test,
    }


_ID: Final = {"type": "string", "format": "uuid"}


def _posted(name: str, when: str, data: dict[str, Any]) -> dict[str, Any]:
    event = {
        "type": "object",
        "required": ["type", "timestamp", "data"],
        "properties": {
            "type": {"type": "string", "enum": [name]},
            "timestamp": {"type": "string", "format": "date-time", "description": "When it happened."},
            "data": data,
        },
    }
    parameters = [
        {"name": header, "in": "header", "required": True, "description": text, "schema": schema}
        for header, (text, schema) in _HEADERS.items()
    ]
    operation = {
        "operationId": f"posted_{name.replace('.', '_')}",
        "summary": name,
        "description": when,
        "tags": ["webhooks"],
        # The receiver's, not the API's: the signature says that it comes from leadsite.
        "security": [],
        "parameters": parameters,
        "requestBody": {"required": True, "content": {"application/json": {"schema": event}}},
        "responses": {status: {"description": text} for status, text in _ANSWERS.items()},
    }
    return {"post": operation}
