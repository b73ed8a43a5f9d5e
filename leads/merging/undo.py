"""Gives back what a merge moved. The rules: Note [Merges] in services.py."""

from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import Max, Q, QuerySet

from conversations.models import Conversation, Customer, CustomerMove, Message
from conversations.phone import phone_key
from leads.merging.memory import JOINED, WRITTEN, insert_row, move_back
from leads.models import CustomerMerge, DistinctPair, Lead
from leads.services.merge import merge_conversations
from leadsite.core import clock
from leadsite.core.statements import IsAnyOf


def owners_of(merge: CustomerMerge) -> list[UUID]:
    """Return the other customers who have a number or id of the one who comes back: they have written meanwhile."""
    row = (merge.moved or {}).get("source", {})
    has_one = Q()
    if row.get("phone_key"):
        has_one |= Q(phone_key=row["phone_key"])
    if row.get("whatsapp_user_id"):
        has_one |= Q(whatsapp_user_id=row["whatsapp_user_id"])
    if not has_one:
        return []
    others = Customer.objects.filter(has_one, user_id=merge.user_id).exclude(pk=merge.target_id)
    return list(others.order_by("phone_key", "whatsapp_user_id").values_list("pk", flat=True))


def give_back(merge: CustomerMerge) -> UUID | None:
    """Undo the merge; return the id of the customer. Caller holds the transaction and has locked the customers.

    None where nothing would identify the customer; the caller rolls back then.
    """
    moved = merge.moved or {}
    CustomerMove.objects.filter(pk__in=moved["moves"]).delete()
    _restore_target(merge.target_id, moved)
    customer_id = _restore_source(merge, moved)
    if customer_id is None:
        return None
    touched: set[UUID] = set()
    for conversation in Conversation.all_objects.filter(pk__in=moved["conversations"], customer_id=merge.target_id):
        touched.add(_place(conversation, customer_id))
    for joined in moved["joined"]:
        is_targets = joined["row"]["customer_id"] == str(merge.target_id)
        touched |= _part(merge, moved, joined, merge.target_id if is_targets else customer_id)
    move_back([one for one in moved["related"] if _refers_to_customer(one)], merge.target_id, customer_id)
    DistinctPair.objects.move_back(moved["pairs"], source_id=customer_id, target_id=merge.target_id)
    if touched:
        Conversation.objects.set_waiting(touched)
        Lead.objects.set_referral(sorted(touched))
    return customer_id


def _restore_target(target_id: UUID, moved: dict[str, Any]) -> None:
    """The customer who stays gets the own values back, where nobody has changed them since."""
    before, after = moved["target_before"], moved["target_after"]
    target = Customer.objects.get(pk=target_id)
    model: Any = Customer._meta
    changed = [name for name in WRITTEN if before[name] != after[name]]
    values = {
        name: model.get_field(name).to_python(before[name])
        for name in changed
        if getattr(target, name) == model.get_field(name).to_python(after[name])
    }
    # Two columns that a constraint compares.
    pair = {"marketing_opted_out_at", "marketing_choice_at"}
    if (pair & set(changed)) - values.keys():
        values = {name: value for name, value in values.items() if name not in pair}
    Customer.objects.filter(pk=target_id).update(**values, updated_at=clock.now())


def _restore_source(merge: CustomerMerge, moved: dict[str, Any]) -> UUID | None:
    """Insert the customer again, or complete the one who has the number by now. None where the one who stays has it."""
    row = moved["source"]
    owners = owners_of(merge)
    if not owners:
        taken = Customer.objects.filter(pk=merge.target_id).values("phone_key", "whatsapp_user_id")[0]
        # Somebody has given the number to the customer who stays: it is theirs.
        kept = {name: row[name] for name in ("phone_key", "whatsapp_user_id") if row[name] != taken[name]}
        if not any(kept.values()):
            return None
        dropped = {} if "phone_key" in kept else {"phone": None}
        dropped |= {} if "whatsapp_user_id" in kept else {"whatsapp_user_id": None}
        insert_row(Customer, row | dropped | {"updated_at": clock.now().isoformat()})
        return UUID(row["id"])
    home = Customer.objects.get(pk=owners[0])
    if home.name in ("", home.profile_name):
        Customer.objects.filter(pk=home.pk).update(name=row["name"] or home.name, updated_at=clock.now())
    return home.pk


def _place(conversation: Conversation, customer_id: UUID) -> UUID:
    """Give a conversation to a customer, who has at most one active one; return the conversation that there is."""
    active = Conversation.objects.filter(customer_id=customer_id, status=Conversation.Status.ACTIVE).first()
    is_active = conversation.status == Conversation.Status.ACTIVE and conversation.deleted_at is None
    if active is not None and is_active and active.pk != conversation.pk:
        merge_conversations(conversation, active, keeps_leads=True)
        return active.pk
    Conversation.all_objects.filter(pk=conversation.pk).update(customer_id=customer_id, updated_at=clock.now())
    return conversation.pk


def _part(merge: CustomerMerge, moved: dict[str, Any], joined: dict[str, Any], customer_id: UUID) -> set[UUID]:
    """Take a conversation that had become part of another one out of it; return the conversations that changed."""
    row = joined["row"]
    messages = Message.objects.filter(IsAnyOf("pk", joined["messages"]), conversation__customer_id=merge.target_id)
    leads = Lead.all_objects.filter(IsAnyOf("pk", joined["leads"]), conversation__customer_id=merge.target_id)
    from_ids = {*messages.values_list("conversation_id", flat=True), *leads.values_list("conversation_id", flat=True)}
    insert_row(Conversation, row | {"customer_id": str(customer_id), "status": "completed"})
    own = Conversation.all_objects.get(pk=row["id"])
    stayed = [moved["joined_before"].get(str(from_id), {}).get("messages", []) for from_id in from_ids]
    here = Message.objects.filter(conversation_id__in=from_ids)
    since = here.exclude(IsAnyOf("pk", [*joined["messages"], *(one for ids in stayed for one in ids)]))
    arrived = [pk for pk, address in since.values_list("pk", "address") if _is_of(address, moved["source"])]
    now = clock.now()
    theirs = [*messages.values_list("pk", flat=True), *arrived]
    Message.objects.filter(IsAnyOf("pk", theirs)).update(conversation=own, updated_at=now)
    begun = _leads_begun(moved, joined, from_ids).filter(IsAnyOf("first_message", arrived))
    begun.update(conversation=own, updated_at=now)
    leads.update(conversation=own, updated_at=now)
    move_back([one for one in moved["related"] if not _refers_to_customer(one)], min(from_ids, default=own.pk), own.pk)
    for from_id in from_ids:
        _restore_times(from_id, moved["joined_before"].get(str(from_id)), row)
    newest = Message.objects.filter(conversation=own).aggregate(last=Max("sort_at"))["last"]
    if newest and own.last_message_at and newest > own.last_message_at:
        Conversation.all_objects.filter(pk=own.pk).update(last_message_at=newest)
    own.status = row["status"]
    if own.status == "active" and customer_id != merge.target_id:
        return {_reactivate(own, customer_id), *from_ids}
    Conversation.all_objects.filter(pk=own.pk).update(status=row["status"])
    return {own.pk, *from_ids}


def _leads_begun(moved: dict[str, Any], joined: dict[str, Any], from_ids: set[UUID]) -> QuerySet[Lead]:
    """The leads that messages have begun since the merge: each belongs to who wrote its first message."""
    stayed = [moved["joined_before"].get(str(from_id), {}).get("leads", []) for from_id in from_ids]
    since = Lead.all_objects.filter(conversation_id__in=from_ids)
    return since.exclude(IsAnyOf("pk", [*joined["leads"], *(one for ids in stayed for one in ids)]))


def _reactivate(own: Conversation, customer_id: UUID) -> UUID:
    placed = _place(own, customer_id)
    if placed == own.pk:
        Conversation.all_objects.filter(pk=own.pk).update(status=Conversation.Status.ACTIVE)
    return placed


def _restore_times(conversation_id: UUID, joined: dict[str, Any] | None, source: dict[str, Any]) -> None:
    """The conversation that stays has its times, labels and snooze of before again, or later times of messages that
    have arrived since.
    """
    if joined is None:
        return
    before = joined["row"]
    meta: Any = Conversation._meta
    fields = {name: meta.get_field(name.removesuffix("_id")) for name in JOINED}
    values = {name: field.to_python(before[name]) for name, field in fields.items() if name != "assigned_to_id"}
    since = Message.objects.filter(conversation_id=conversation_id).exclude(IsAnyOf("pk", joined["messages"]))
    newest = since.aggregate(last=Max("sort_at"), inbound=Max("sort_at", filter=Q(direction="in", is_turn=True)))
    for name, time in (("last_message_at", newest["last"]), ("last_inbound_at", newest["inbound"])):
        values[name] = max((one for one in (values[name], time) if one), default=None)
    present = Conversation.all_objects.get(pk=conversation_id)
    # Staff may have closed it since: then it needs no answer, and its snooze is over.
    is_closed = present.status != before["status"]
    if newest["last"] or is_closed:
        del values["handled_at"]
    values["label_ids"] = _own_labels(present, joined, source)
    if not is_closed and present.snoozed_until == _moment(joined.get("snoozed_after")):
        values["snoozed_until"] = _own_snooze(joined, newest)
    Conversation.all_objects.filter(pk=conversation_id).update(**values, updated_at=clock.now())
    if before["assigned_to_id"] is None and source["assigned_to_id"]:
        got = Conversation.all_objects.filter(pk=conversation_id, assigned_to_id=source["assigned_to_id"])
        got.update(assigned_to_id=None)


def _own_labels(present: Conversation, joined: dict[str, Any], source: dict[str, Any]) -> list[UUID]:
    """Those of the conversation that stays, without those that only the other one had."""
    theirs = set(source["label_ids"]) - set(joined["row"]["label_ids"])
    return [one for one in present.label_ids if str(one) not in theirs]


def _own_snooze(joined: dict[str, Any], newest: dict[str, Any]) -> datetime | None:
    """Until when the conversation that stays was snoozed. `newest`: the times of messages that have arrived since: the
    customer's end a snooze, and so does an answer when it is back.
    """
    until = _moment(joined["row"]["snoozed_until"])
    is_back = until is not None and until <= clock.now()
    return None if newest["inbound"] or (newest["last"] and is_back) else until


def _moment(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None


def _is_of(address: str, row: dict[str, Any]) -> bool:
    """Whether a message was from, or to, this customer."""
    if not address:
        return False
    return address == row["whatsapp_user_id"] or phone_key("+" + address.lstrip("+")) == row["phone_key"]


def _refers_to_customer(related: list[Any]) -> bool:
    return related[1] != "conversation"
