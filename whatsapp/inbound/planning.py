"""Decides what to store of a delivery that was read: finds the channels that it may reach."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Final, NamedTuple
from uuid import UUID

from conversations.incoming import MessageEvent
from leads.received import Received, Stored
from whatsapp.inbound.account_events import AccountPlan, plan_account_events
from whatsapp.inbound.authentication import Signature
from whatsapp.inbound.events import Reading, StatusEvent
from whatsapp.inbound.routing import Route, Routed, new_facts, route_events
from whatsapp.message_templates.store import with_template_texts
from whatsapp.models import KnownChannel, WebhookDelivery
from whatsapp.outbound.requeue import TemporaryFailure

State = WebhookDelivery.State

ERROR_MAX_LENGTH: Final = 10_000
NOT_SIGNED: Final = "Left out, because it is not signed with the secret of this number"
UNDECIDED: Final = "Not stored yet, because the secret of this number cannot be decrypted"


class Facts(NamedTuple):
    """Of a channel: its account and display number, and whether this is its first delivery, message and status."""

    waba_id: str
    display_number: str
    is_first_delivery: bool
    is_first_inbound: bool
    is_first_status: bool


@dataclass(slots=True)
class Plan:
    """What to store of a delivery, and the state and error of the delivery."""

    state: str
    notes: list[str] = field(default_factory=list)
    unrouted: list[str] = field(default_factory=list)
    received: Received = field(default_factory=Received)
    temporary: list[TemporaryFailure] = field(default_factory=list)  # failures that are not among the statuses received
    stopped: dict[UUID, tuple[str, datetime]] = field(default_factory=dict)
    facts: dict[UUID, Facts] = field(default_factory=dict)  # of channels for which others are stored
    account: AccountPlan = field(default_factory=AccountPlan)
    signed_by: list[str] = field(default_factory=list)
    signature: str = ""
    is_refused: bool = False  # everything in it belongs to numbers whose secret did not sign it
    is_tried_again: bool = False  # what is left out may be stored by a later attempt

    def with_result(self, stored: Stored) -> "Plan":
        """Return the plan with a note about the notices that were left out."""
        left_out = f"Left out {stored.left_out} notices: their customers are not stored."
        return replace(self, notes=[*self.notes, left_out]) if stored.left_out else self

    def failed(self, reason: str) -> "Plan":
        """Return the plan for the body alone, after its effects could not be stored."""
        kept = Plan(state=State.FAILED, notes=[reason], unrouted=self.unrouted, is_tried_again=True)
        return replace(kept, signed_by=self.signed_by, signature=self.signature)

    @property
    def error(self) -> str:
        numbers = [f"Not connected, or switched off: {number}" for number in self.unrouted]
        return "\n".join(numbers + self.notes)[:ERROR_MAX_LENGTH]


def plan_delivery(reading: Reading, received_at: datetime, signature: Signature) -> Plan:
    """Look up the channels of what was read; leave out what the signature does not cover. Raises django.db.Error."""
    numbers = {event.channel for event in reading.events}
    signature.look_up(numbers)
    covered, refused = _covered(numbers, signature)
    routes = {
        number: Route(channel.id, channel.user_id, channel.waba_id, channel.display_number)
        for number, channel in covered.items()
        if channel.active
    }
    routed = route_events(reading.events, routes, received_at, refused)
    waba_ids = {route.channel_id: route.waba_id for route in routes.values()}
    routed.received.messages = with_template_texts(routed.received.messages, waba_ids)
    account = plan_account_events(reading.reports, signature)
    undecided = {number for number in routed.refused if _is_undecided(signature, number)}
    not_covered = [f"{UNDECIDED if one in undecided else NOT_SIGNED}: {one}" for one in routed.refused]
    is_tried_again = bool(undecided) or account.is_undecided
    return Plan(
        state=_state_of(reading, routed, is_tried_again=is_tried_again),
        notes=not_covered + reading.rejected + reading.notes + account.notes,
        unrouted=routed.unrouted,
        received=routed.received,
        temporary=routed.temporary,
        stopped=routed.stopped,
        facts=_facts(reading, routes, covered),
        account=account,
        signed_by=_signed_by(signature, account.covered),
        signature=signature.header,
        is_refused=not (covered or routed.unrouted or account.is_kept) and bool(routed.refused or account.is_refused),
        is_tried_again=is_tried_again,
    )


def _state_of(reading: Reading, routed: Routed, *, is_tried_again: bool) -> str:
    if is_tried_again:
        return State.FAILED
    return State.UNROUTED if routed.unrouted else State.FAILED if reading.rejected else State.PROCESSED


def _is_undecided(signature: Signature, number: str) -> bool:
    """Whether the secret of a number that was refused may have signed the delivery: it could not be decrypted."""
    channel = signature.known[number]
    return channel is not None and channel.id in signature.unreadable


def _facts(reading: Reading, routes: Mapping[str, Route], covered: Mapping[str, KnownChannel]) -> dict[UUID, Facts]:
    """Return what is new of each channel: its account, its display number, or the first delivery of a kind."""
    facts = new_facts(reading.accounts, reading.display_numbers, routes)
    inbound = {one.channel for one in reading.events if isinstance(one, MessageEvent) and one.direction == "in"}
    reported = {one.channel for one in reading.events if isinstance(one, StatusEvent)}
    found = {}
    for number, route in routes.items():
        channel = covered[number]
        firsts = (
            not channel.has_delivery,
            number in inbound and not channel.has_inbound,
            number in reported and not channel.has_status,
        )
        if route.channel_id in facts or any(firsts):
            known = facts.get(route.channel_id, (route.waba_id, route.display_number))
            found[route.channel_id] = Facts(*known, *firsts)
    return found


def _covered(numbers: Iterable[str], signature: Signature) -> tuple[dict[str, KnownChannel], set[str]]:
    """Return the channels of those numbers that the signature covers, and the numbers that it does not.

    A number that nobody has connected is covered by the list: it is kept until somebody does.
    """
    covered, refused = {}, set()
    for number in numbers:
        channel = signature.known[number]
        if channel and signature.covers(channel):
            covered[number] = channel
        elif channel or not signature.by_list:
            refused.add(number)
    return covered, refused


def unread(note: str, signature: Signature) -> Plan:
    """Return the plan for a body alone that could not be read."""
    signed_by = _signed_by(signature, ())
    return Plan(state=State.FAILED, notes=[note], signed_by=signed_by, signature=signature.header)


def _signed_by(signature: Signature, of_accounts: Iterable[UUID]) -> list[str]:
    numbers = (channel.id for channel in signature.known.values() if channel and signature.covers(channel))
    return signature.stored({*numbers, *of_accounts})


def name_of(received: Received) -> str:
    """Return what a single event is, for the delivery's error."""
    if received.messages:
        return f"message {received.messages[0].event.provider_id}"
    if received.statuses:
        return f"status of {received.statuses[0].provider_id}"
    return "a change of number or id"
