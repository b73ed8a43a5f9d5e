"""What a merge remembers for its undo: rows as they were, and the ids of those that it moved. Plain JSON."""

import json
from collections.abc import Iterable
from typing import Any, Final
from uuid import UUID

from django.apps import apps
from django.db.models import Model, Q, QuerySet

from conversations.models import Conversation, Customer, Message
from leads.models import DistinctPair, Lead
from leadsite.core.statements import fetch_rows

# The columns of the customer who stays that a merge may write.
WRITTEN: Final = (
    "name",
    "profile_name",
    "profile_name_at",
    "phone",
    "whatsapp_user_id",
    "identified_at",
    "marketing_opted_out_at",
    "marketing_choice_at",
)
# Of the conversation that stays, where two become one.
JOINED: Final = ("last_message_at", "last_inbound_at", "assigned_to_id", "handled_at")
# Of these tables the caller of `move_related` moves the rows.
_LEFT: Final = (Conversation, DistinctPair, Lead, Message)
_ROW: Final = "SELECT to_jsonb(t) FROM {table} AS t WHERE id = %s"
_INSERT: Final = "INSERT INTO {table} ({columns}) SELECT {columns} FROM jsonb_populate_record(NULL::{table}, %s::jsonb)"


def row_of(model: type[Model], row_id: Any) -> dict[str, Any]:
    """Return all columns of a row as JSON. Raises IndexError where there is none."""
    found = fetch_rows(_ROW.format(table=model._meta.db_table), [row_id])[0][0]
    return dict(json.loads(found) if isinstance(found, str) else found)


def insert_row(model: type[Model], row: dict[str, Any]) -> None:
    """Insert a row as `row_of` returned it. Caller holds the transaction. Raises django.db.Error."""
    # A column that did not exist then has its default: it is not named.
    columns = [field.column for field in model._meta.concrete_fields if not field.generated and field.column in row]
    statement = _INSERT.format(table=model._meta.db_table, columns=", ".join(columns))
    fetch_rows(statement, [json.dumps(row)])


def may_join(source_id: UUID, target_id: UUID) -> QuerySet[Conversation]:
    """The conversations of both that a merge may join with others: active ones, and those that only hold signs."""
    both = Conversation.all_objects.filter(customer_id__in=(source_id, target_id))
    return both.filter(Q(status=Conversation.Status.ACTIVE) | Q(last_message_at=None))


def before(*, source_id: UUID, target_id: UUID) -> dict[str, Any]:
    """Return what is to be remembered before two customers are merged. Caller holds the transaction, both locked."""
    own = Conversation.all_objects.filter(customer_id=source_id)
    source = Customer(pk=source_id)
    return {
        "source": row_of(Customer, source_id),
        "pairs": [row_of(DistinctPair, pair.pk) for pair in DistinctPair.objects.of(source)],
        "target_before": row_of(Customer, target_id),
        "conversations": _texts(own.values_list("pk", flat=True)),
        "joined": [_conversation(conversation) for conversation in may_join(source_id, target_id)],
    }


def after(memory: dict[str, Any], *, target_id: UUID, related: list[list[Any]], moves: Iterable[UUID]) -> None:
    """Complete what is remembered after the merge: of the conversations, only those that are gone are kept."""
    ids = [one["row"]["id"] for one in memory["joined"]]
    stay = Conversation.all_objects.filter(pk__in=ids).values_list("pk", "snoozed_until")
    left = {str(pk): until.isoformat() if until else None for pk, until in stay}
    memory["joined_before"] = {
        one["row"]["id"]: one | {"snoozed_after": left[one["row"]["id"]]}
        for one in memory["joined"]
        if one["row"]["id"] in left
    }
    memory["joined"] = [one for one in memory["joined"] if one["row"]["id"] not in left]
    memory["pairs"] = _moved_pairs(memory)
    memory["target_after"] = row_of(Customer, target_id)
    memory["related"] = related
    memory["moves"] = _texts(moves)


def move_related(model: type[Model], source_id: UUID, target_id: UUID) -> list[list[Any]]:
    """Point all rows that refer to one row to another one; return model, field and ids of these rows.

    Conversations, leads, messages and pairs of customers are left to the caller. A row stays where the other has one
    that excludes it: what a person has read, for example. Caller holds the transaction.
    """
    moved = []
    for field in model._meta.get_fields(include_hidden=True):
        refers = field.auto_created and not field.concrete and (field.one_to_many or field.one_to_one)
        other: Any = field.related_model
        if not refers or other in _LEFT or other._meta.proxy or not other._meta.managed:
            continue
        name = str(field.remote_field.name)  # type: ignore[union-attr] # a relation has one
        ids = _movable(other, name, source_id, target_id)
        if ids and other._base_manager.filter(pk__in=ids).update(**{f"{name}_id": target_id}):
            moved.append([other._meta.label, name, _texts(ids)])
    return moved


def move_back(related: list[list[Any]], target_id: UUID, source_id: UUID) -> None:
    """Undo move_related, for the rows that are still there. Caller holds the transaction."""
    for label, name, ids in related:
        model: Any = apps.get_model(label)
        model._base_manager.filter(pk__in=ids, **{f"{name}_id": target_id}).update(**{f"{name}_id": source_id})


def _movable(model: Any, name: str, source_id: UUID, target_id: UUID) -> list[Any]:
    rows = model._base_manager.filter(**{f"{name}_id": source_id})
    fields = [one.fields for one in model._meta.total_unique_constraints if name in one.fields]
    if model._meta.get_field(name).unique:
        fields.append((name,))
    theirs = model._base_manager.filter(**{f"{name}_id": target_id})
    for unique in fields:
        others = [one for one in unique if one != name]
        taken = set(theirs.values_list(*others)) if others else set(theirs.values_list(name))
        keys = {pk: tuple(values) for pk, *values in rows.values_list("pk", *others)}
        free = [pk for pk, key in keys.items() if (key not in taken if others else not taken)]
        rows = model._base_manager.filter(pk__in=free)
    return list(rows.values_list("pk", flat=True))


def _moved_pairs(memory: dict[str, Any]) -> dict[str, Any]:
    """What DistinctPairManager.move_back needs: the ids of the pairs that were moved, and the rows that are gone."""
    ids = [row["id"] for row in memory["pairs"]]
    left = _texts(DistinctPair.objects.filter(pk__in=ids).values_list("pk", flat=True))
    removed = [row for row in memory["pairs"] if row["id"] not in left]
    return {"ids": left, "removed": removed, "source_id": memory["source"]["id"]}


def _conversation(conversation: Conversation) -> dict[str, Any]:
    """A conversation with the ids of what it has, also of what is deleted."""
    leads = Lead.all_objects.filter(conversation=conversation).values_list("pk", flat=True)
    messages = Message.objects.filter(conversation=conversation).values_list("pk", flat=True)
    return {
        "row": row_of(Conversation, conversation.pk),
        "leads": _texts(leads),
        "messages": _texts(messages),
    }


def _texts(ids: Iterable[Any]) -> list[str]:
    return [str(one) for one in ids]
