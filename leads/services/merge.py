"""Service that merges two customers who are the same person. Caller holds the transaction."""

from typing import Any
from uuid import UUID

from django.db.models import Exists, OuterRef

from conversations.marketing import MarketingChoice
from conversations.models import Conversation, Customer, Message
from leads.first_messages import details_of
from leads.merging.memory import move_related
from leads.models import DistinctPair, Lead
from leadsite.core import clock


def merge_customers(*, source_id: UUID, target_id: UUID, keeps_leads: bool = False) -> list[list[Any]]:
    """Move everything of the source to the target and delete the source. Caller has locked both.

    The target keeps its own values, except that a name which a person or client gave to the source replaces a profile
    name. Two active conversations are merged, with their messages and leads, and so are completed ones that only hold
    signs. An unchanged lead that WhatsApp created in the source's conversation is deleted where the target's
    conversation has a lead: it would be a duplicate; with `keeps_leads` it stays. No message is lost, and what is
    deleted stays so. Rows of other tables that refer to the source, or to a conversation that is merged, refer to the
    target then; returns which (leads/merging/memory.py, `move_related`).

    Locks: the customers' conversations, leads and messages. Raises django.db.Error.
    """
    related: list[list[Any]] = []
    active = {
        conversation.customer_id: conversation
        for conversation in Conversation.objects.filter(
            customer_id__in=(source_id, target_id), status=Conversation.Status.ACTIVE
        )
    }
    if len(active) == 2:
        related += merge_conversations(active[source_id], active[target_id], keeps_leads=keeps_leads)
    now = clock.now()
    Conversation.all_objects.filter(customer_id=source_id).update(customer_id=target_id, updated_at=now)
    related += _merge_held_signs(target_id, keeps_leads=keeps_leads)
    source, target = (Customer.objects.get(pk=customer_id) for customer_id in (source_id, target_id))
    related += move_related(Customer, source_id, target_id)
    DistinctPair.objects.move(user_id=target.user_id, source_id=source_id, target_id=target_id)
    source.delete()
    Customer.objects.filter(pk=target_id).update(
        name=_given_name(target) or _given_name(source) or target.name or source.name,
        profile_name=_first(target.profile_name, source.profile_name),
        profile_name_at=_first(target.profile_name_at, source.profile_name_at),
    )
    Customer.objects.write_marketing_choices(_marketing_choice(source, target_id))
    return related


def _marketing_choice(customer: Customer, target_id: UUID) -> dict[UUID, MarketingChoice]:
    """The customer's last choice, for the target; the later one of both counts."""
    chosen_at = customer.marketing_choice_at
    stops = customer.marketing_opted_out_at is not None
    return {target_id: MarketingChoice(chosen_at, stops)} if chosen_at else {}


def _merge_held_signs(customer_id: UUID, *, keeps_leads: bool) -> list[list[Any]]:
    """Move signs of a customer who had no conversation (Opens.HOLDER) to the one that the customer has now."""
    threads = Conversation.objects.filter(customer_id=customer_id)
    holders = threads.filter(
        Exists(Message.objects.filter(conversation=OuterRef("pk"))),
        ~Exists(Lead.all_objects.filter(conversation=OuterRef("pk"))),
        status=Conversation.Status.COMPLETED,
        last_message_at=None,
    )
    held = {thread.pk: thread for thread in holders}
    others = threads.exclude(pk__in=held)
    target = others.filter(status=Conversation.Status.ACTIVE).first() or others.order_by("-created_at", "-pk").first()
    related: list[list[Any]] = []
    if target is None:
        return related
    for thread in held.values():
        related += merge_conversations(thread, target, keeps_leads=keeps_leads)
    return related


def _given_name(customer: Customer) -> str:
    """The name that a person or client gave; "" where it is the profile's."""
    return customer.name if customer.name != customer.profile_name else ""


def merge_conversations(source: Conversation, target: Conversation, *, keeps_leads: bool = False) -> list[list[Any]]:
    """Move everything of one conversation to another, and delete it. Returns what `move_related` does.

    Caller holds the transaction and has locked the customers. Raises django.db.Error.
    """
    now = clock.now()
    if not keeps_leads and Lead.objects.filter(conversation=target).exists():
        duplicates = Lead.all_objects.filter(pk__in=_untouched_leads(source))
        # Marked first, because integrators have been told of them: the mark writes the event lead.deleted.
        duplicates.update(deleted_at=now, updated_at=now)
        duplicates.delete()
    Lead.all_objects.filter(conversation=source).update(conversation=target, updated_at=now)
    Message.objects.filter(conversation=source).update(conversation=target, updated_at=now)
    source_pk = source.pk
    # A customer who waits in one of them waits in the merged one.
    waits = source.waiting_since or target.waiting_since
    related = move_related(Conversation, source_pk, target.pk)
    Conversation.objects.filter(pk=source_pk).delete()
    Conversation.objects.filter(pk=target.pk).update(
        last_message_at=_latest(target.last_message_at, source.last_message_at),
        last_inbound_at=_latest(target.last_inbound_at, source.last_inbound_at),
        assigned_to=_first(target.assigned_to_id, source.assigned_to_id),
        # A customer who waits is not put off, a reminder is not lost.
        snoozed_until=None if waits else _earliest(target.snoozed_until, source.snoozed_until),
        label_ids=sorted({*target.label_ids, *source.label_ids}),
        handled_at=None if waits else _latest(target.handled_at, source.handled_at),
        updated_at=now,
    )
    Conversation.objects.set_waiting([target.pk])
    Lead.objects.set_referral([target.pk])
    return related


def _untouched_leads(conversation: Conversation) -> list[UUID]:
    """The leads that WhatsApp created and that have not been changed since."""
    leads = Lead.objects.filter(
        conversation=conversation,
        source=Lead.Source.WHATSAPP,
        type=Lead.Type.INQUIRY,
        status=Lead.Status.NEW,
        assigned_to=None,
        external_id=None,
        first_message__isnull=False,
    ).select_related("first_message")
    return [
        lead.pk
        for lead in leads
        if (first := lead.first_message) and lead.details == details_of(first.kind, first.content, first.extras)
    ]


def _first(*values: Any) -> Any:
    """The first value that is not None."""
    return next((value for value in values if value is not None), None)


def _earliest(*moments: Any) -> Any:
    return min((moment for moment in moments if moment is not None), default=None)


def _latest(*moments: Any) -> Any:
    return max((moment for moment in moments if moment is not None), default=None)
