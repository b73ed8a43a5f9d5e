"""Leads with which every entry point is tested: REST, service and both SQL functions."""

from dataclasses import dataclass
from typing import Any

from tests.factories import ORDER


@dataclass(frozen=True)
class Refused:
    """A body with one error, the field named for it, and the constraint that the database names."""

    fields: dict[str, Any]
    field: str
    constraint: str | None = None

    @property
    def body(self) -> dict[str, Any]:
        return {name: value for name, value in (ORDER | self.fields).items() if value is not MISSING}


MISSING = object()

GOOD = {
    "the README's order": {},
    "no details": {"details": MISSING},
    "null details": {"details": None},
    "empty details": {"details": ""},
    "longest details": {"details": "ä" * 10_000},
    "longest name": {"customer_name": "𝒜" * 200},
    "a name to trim": {"customer_name": "  John\u00a0"},
    "brackets in the phone": {"customer_phone": "00 1 (234) 567-890"},
    "a booking": {"type": "booking"},
    "an inquiry": {"type": "inquiry"},
    "every status": {"status": "converted"},
    "emoji": {"customer_name": "👩‍🍳 Zoë", "details": "🎂 \u202eright to left"},
    "a quote and a backslash": {"customer_name": 'O\'Hara \\ "x"', "details": "'; DROP TABLE leads; --"},
}

# Errors that are possible with text arguments: for all four entry points.
BAD = {
    "no phone": Refused({"customer_phone": MISSING}, "customer_phone", "customers_identified"),
    "null phone": Refused({"customer_phone": None}, "customer_phone", "customers_identified"),
    "empty phone": Refused({"customer_phone": ""}, "customer_phone", "customers_identified"),
    "a phone that is too short": Refused({"customer_phone": "12345"}, "customer_phone", "customers_phone_e164"),
    "a phone in Arabic digits": Refused(
        {"customer_phone": "+\u0661\u0662\u0663\u0664\u0665\u0666\u0667\u0668"},
        "customer_phone",
        "customers_phone_e164",
    ),
    "no name": Refused({"customer_name": MISSING}, "customer_name"),
    "null name": Refused({"customer_name": None}, "customer_name"),
    "empty name": Refused({"customer_name": ""}, "customer_name"),
    "blank name": Refused({"customer_name": " \t\u3000\u2003"}, "customer_name"),
    "invisible name": Refused({"customer_name": "\u3164\u200b \u200e\u2800\ufe0f"}, "customer_name"),
    "long name": Refused({"customer_name": "x" * 201}, "customer_name", "customers_name_length"),
    "no type": Refused({"type": MISSING}, "type", "leads_type_valid"),
    "null type": Refused({"type": None}, "type", "leads_type_valid"),
    "empty type": Refused({"type": ""}, "type", "leads_type_valid"),
    "unknown type": Refused({"type": "invalid_type"}, "type", "leads_type_valid"),
    "type in capitals": Refused({"type": "Order"}, "type", "leads_type_valid"),
    "long details": Refused({"details": "x" * 10_001}, "details", "leads_details_length"),
    "null status": Refused({"status": None}, "status", "leads_status_valid"),
    "empty status": Refused({"status": ""}, "status", "leads_status_valid"),
    "unknown status": Refused({"status": "won"}, "status", "leads_status_valid"),
}

# Errors that are possible only in JSON.
BAD_JSON = {
    "phone as a number": Refused({"customer_phone": 1234567890}, "customer_phone"),
    "phone as a list": Refused({"customer_phone": ["+1234567890"]}, "customer_phone"),
    "name as a number": Refused({"customer_name": 5}, "customer_name"),
    "name as a Boolean": Refused({"customer_name": True}, "customer_name"),
    "name as an object": Refused({"customer_name": {"first": "John"}}, "customer_name"),
    "type as a list": Refused({"type": ["order"]}, "type"),
    "type as a number": Refused({"type": 1}, "type"),
    "details as an object": Refused({"details": {}}, "details"),
    "details as a number": Refused({"details": 12}, "details"),
    "status as a number": Refused({"status": 0}, "status"),
    "status as an object": Refused({"status": {"new": True}}, "status"),
    "external id as a number": Refused({"external_id": 17}, "external_id"),
    "empty external id": Refused({"external_id": ""}, "external_id", "leads_external_id_length"),
    "blank external id": Refused({"external_id": " \t"}, "external_id", "leads_external_id_length"),
    "long external id": Refused({"external_id": "x" * 201}, "external_id", "leads_external_id_length"),
    "an external id in another spelling": Refused({"externalId": "row-1"}, "externalId"),
    "a field that is not one": Refused({"detail": "Two cakes"}, "detail"),
    "a field that is not one, as null": Refused({"source": None}, "source"),
}
