"""The columns that each list can be exported with, and their texts, in the language of the page."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from zoneinfo import ZoneInfo

from django.utils.translation import gettext_noop


@dataclass(frozen=True, slots=True)
class Column:
    """`title`: the import knows its translations. `read`: the value of a row as the list shows it; times are written in
    the business's zone. `width`: in Excel, in characters; a time needs 19.
    """

    name: str
    title: str
    read: Callable[[Any], Any]
    width: int = 20


def _person(row: Any) -> str:
    return row.assigned_to.person_name if row.assigned_to else ""


def _of_customer(customer: Callable[[Any], Any]) -> list[Column]:
    return [
        Column("customer_name", gettext_noop("name"), lambda row: customer(row).name, 28),
        Column("customer_phone", gettext_noop("phone"), lambda row: customer(row).phone),
        Column("whatsapp_user_id", gettext_noop("whatsapp user id"), lambda row: customer(row).whatsapp_user_id),
    ]


_LEAD: Final = [
    Column("id", "id", lambda row: row.pk, 37),
    *_of_customer(lambda row: row.conversation.customer),
    Column("type", gettext_noop("type"), lambda row: row.get_type_display()),
    Column("status", gettext_noop("status"), lambda row: row.get_status_display()),
    Column("details", gettext_noop("details"), lambda row: row.details, 60),
    Column("lost_reason", gettext_noop("lost reason"), lambda row: row.lost_reason, 30),
    Column("source", gettext_noop("source"), lambda row: row.get_source_display()),
    Column("external_id", gettext_noop("external id"), lambda row: row.external_id),
    Column("assigned_to", gettext_noop("assigned to"), _person),
    Column("created_at", gettext_noop("created"), lambda row: row.created_at),
    Column("updated_at", gettext_noop("changed"), lambda row: row.updated_at),
]
COLUMNS: Final[dict[str, Sequence[Column]]] = {
    "lead": _LEAD,
    "deletedlead": [*_LEAD, Column("deleted_at", gettext_noop("deleted"), lambda row: row.deleted_at)],
    "conversation": [
        Column("id", "id", lambda row: row.pk, 37),
        *_of_customer(lambda row: row.customer),
        Column("status", gettext_noop("status"), lambda row: row.get_status_display()),
        Column("assigned_to", gettext_noop("assigned to"), _person),
        Column("waiting_since", gettext_noop("waiting since"), lambda row: row.waiting_since),
        Column("last_message_at", gettext_noop("last message"), lambda row: row.last_message_at),
        Column("last_inbound_at", gettext_noop("last from the customer"), lambda row: row.last_inbound_at),
        Column("created_at", gettext_noop("created"), lambda row: row.created_at),
    ],
    "customer": [
        Column("id", "id", lambda row: row.pk, 37),
        *_of_customer(lambda row: row),
        Column("opted_out_at", gettext_noop("opted out of marketing"), lambda row: row.marketing_opted_out_at),
        Column("created_at", gettext_noop("created"), lambda row: row.created_at),
        Column("updated_at", gettext_noop("changed"), lambda row: row.updated_at),
    ],
}
RELATED: Final = {
    "lead": ["conversation__customer", "assigned_to"],
    "deletedlead": ["conversation__customer", "assigned_to"],
    "conversation": ["customer", "assigned_to"],
    "customer": [],
}


def chosen_columns(kind: str, names: Sequence[str]) -> list[Column]:
    """Return those of the columns that are named, in their own order."""
    return [column for column in COLUMNS[kind] if column.name in names]


def cells_of(row: Any, columns: Sequence[Column], zone: ZoneInfo) -> list[str | datetime]:
    """Return a row as texts and times of the zone."""
    return [_cell(column.read(row), zone) for column in columns]


def _cell(value: Any, zone: ZoneInfo) -> str | datetime:
    if isinstance(value, datetime):
        return value.astimezone(zone)
    return "" if value is None else str(value)
