"""Service that queues outgoing messages, with conversation and, if requested, a lead. queue.py sends them."""

from dataclasses import dataclass, field
from typing import Any, Final
from uuid import UUID

from django.conf import settings
from django.db import Error, transaction
from django.utils.translation import gettext_noop

from conversations.models import Conversation, Customer, Message
from conversations.models.openings import Opening
from conversations.services.change import NO_CONVERSATION, UnknownConversation
from conversations.visible_text import visible_text
from leads.models import Lead, LeadRow
from leadsite.core import clock, metrics
from leadsite.core.transactions import after_commit, retried
from whatsapp.media.attachments import Attachment, add_attachment
from whatsapp.message_templates.store import render_template
from whatsapp.outbound.providers import PROVIDERS
from whatsapp.outbound.refusals import (
    NOT_CONNECTED,
    OPTED_OUT,
    WINDOW_CLOSED,
    MessageRefused,
    OptedOut,
    WindowClosed,
    check_text,
    check_unanswered,
    refusal_of,
)
from whatsapp.outbound.routing import Route, find_route
from whatsapp.outbound.wakeup import wake_sender

TEXT: Final = "text"
TEMPLATE: Final = "template"


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipient:
    """The recipient: a phone number (E.164) or a WhatsApp user id. A name that is not blank replaces the customer's."""

    phone: str | None = None
    whatsapp_user_id: str | None = None
    customer_name: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class LeadRequest:
    """The lead to create with a message. `source`: a Lead.Source."""

    type: str
    details: str = ""
    source: str = Lead.Source.API.value


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageContent:
    """What to send: a text, a file, or a template in Meta's format ({name, language: {code}, components}), which may
    have a file as its header (whatsapp/message_templates/headers.py).

    `author_id`: the person who wrote it in the admin.
    """

    content: str
    template: dict[str, Any] | None = None
    author_id: UUID | None = None
    media: Attachment | None = None

    @property
    def kind(self) -> str:
        if self.template:
            return TEMPLATE
        return self.media.kind if self.media else TEXT


@dataclass(frozen=True, slots=True)
class Queued:
    message_id: UUID
    conversation_id: UUID
    lead_id: UUID | None
    is_window_open: bool
    status: str = field(default=Message.Status.QUEUED.value, init=False)


def send_message(
    *,
    user_id: UUID,
    to: Recipient,
    message: MessageContent,
    lead: LeadRequest | None = None,
    channel_id: UUID | None = None,
    unless_answered_after: UUID | None = None,
) -> Queued:
    """Queue a message to a customer, with a lead if requested. Opens the transaction.

    `channel_id`: the number to send it from; otherwise that to which the customer wrote last, or the first.
    `unless_answered_after`: as `reply` has it, in the customer's newest conversation.

    With a lead the message joins the active conversation or opens one. Without a lead it reopens the newest
    conversation if that is completed and none is active. Raises MessageRefused, AnsweredMeanwhile, WindowClosed,
    OptedOut; django.db.Error where the database is away or stayed locked.
    """
    if lead and not visible_text(to.customer_name):
        raise MessageRefused(gettext_noop("A lead needs the customer's name."), field="customerName")
    check_text(message.content, is_needed=message.kind == TEXT)
    try:
        return _send(user_id, to, message, lead, channel_id=channel_id, seen_id=unless_answered_after)
    except Error as error:
        metrics.leads_created(lead.source if lead else Lead.Source.API.value, "failed", int(lead is not None))
        if refusal := refusal_of(error):
            raise refusal from error
        raise


def reply(
    *, user_id: UUID, conversation_id: UUID, message: MessageContent, unless_answered_after: UUID | None = None
) -> Queued:
    """Queue a message into a conversation. Opens the transaction.

    `unless_answered_after`: the newest message that the writer has seen. Where the business has answered the customer
    since, nothing is stored.
    Raises UnknownConversation, AnsweredMeanwhile, and what send_message raises.
    """
    check_text(message.content, is_needed=message.kind == TEXT)
    try:
        return _reply(user_id=user_id, conversation_id=conversation_id, message=message, seen_id=unless_answered_after)
    except Error as error:
        if refusal := refusal_of(error):
            raise refusal from error
        raise


@retried(operation="queue message")
def _send(
    user_id: UUID,
    to: Recipient,
    message: MessageContent,
    lead: LeadRequest | None,
    *,
    channel_id: UUID | None,
    seen_id: UUID | None,
) -> Queued:
    with transaction.atomic():
        # Two requests for one new customer at the same moment: the upsert locks the customer's row, so the second waits
        # and then joins the conversation of the first. An exception rolls everything back.
        customer_id = _customer(user_id, to)
        if seen_id:
            for newest_id, _ in Conversation.objects.newest_of([customer_id]).values():
                check_unanswered(newest_id, seen_id)
        (chat,) = Conversation.objects.join_or_open([Opening(user_id, customer_id)], reopen_completed=lead is None)
        lead_id = None
        if lead:
            row = LeadRow(user_id, chat.id, lead.type, lead.source, details=lead.details)
            (lead_id,) = Lead.objects.insert([row])
            after_commit(metrics.leads_created, lead.source, "created")
        address = to.phone or to.whatsapp_user_id or ""
        route = find_route(user_id=user_id, customer_id=customer_id, address=address, channel_id=channel_id)
        if channel_id and route.channel is None:
            raise MessageRefused(NOT_CONNECTED, field="from")
        return _queue(user_id, customer_id, chat.id, message, route, lead_id=lead_id)


@retried(operation="queue reply")
def _reply(*, user_id: UUID, conversation_id: UUID, message: MessageContent, seen_id: UUID | None) -> Queued:
    with transaction.atomic():
        # The customer may write, be merged into another, or be answered by somebody else at the same moment: all lock
        # the customer's row too.
        not_deleted = {"conversations__deleted_at": None}
        customer = Customer.objects.lock_owner_of(user_id=user_id, conversations=conversation_id, **not_deleted)
        if customer is None:
            raise UnknownConversation(NO_CONVERSATION)
        if seen_id:
            check_unanswered(conversation_id, seen_id)
        route = find_route(
            user_id=user_id,
            customer_id=customer.pk,
            address=customer.phone or customer.whatsapp_user_id or "",
            answers_user_id=None if message.template else customer.whatsapp_user_id,
        )
        return _queue(user_id, customer.pk, conversation_id, message, route)


def _customer(user_id: UUID, to: Recipient) -> UUID:
    """Find or insert the customer and lock the row. Caller holds the transaction."""
    if to.phone is None:
        return Customer.objects.upsert_by_user_id(
            user_id=user_id, whatsapp_user_id=to.whatsapp_user_id or "", name=to.customer_name
        )
    (customer,) = Customer.objects.upsert(user_id=user_id, customers=[(to.phone, to.customer_name)]).values()
    return customer.id


def _queue(
    user_id: UUID,
    customer_id: UUID,
    conversation_id: UUID,
    message: MessageContent,
    route: Route,
    *,
    lead_id: UUID | None = None,
) -> Queued:
    """Store the message and wake a worker. Caller holds the transaction and has locked the customer.

    Raises MessageRefused, WindowClosed, OptedOut.
    """
    is_open = route.open_until(clock.now()) is not None
    provider = PROVIDERS[route.channel.provider] if route.channel else None
    problem = provider.problem_of(message.content, message.template) if provider else None
    if provider and message.media:
        problem = problem or provider.problem_of_media(message.media.kind)
    if problem:
        raise MessageRefused(problem.sentence, field=problem.field)
    if not message.template and settings.WHATSAPP_ENFORCE_WINDOW and not is_open:
        raise WindowClosed(WINDOW_CLOSED, field="message")
    content, extras = _rendered(user_id, customer_id, route, message)
    message_id = Message.objects.queue(
        user_id=user_id,
        conversation_id=conversation_id,
        kind=message.kind,
        content=content,
        extras=extras,
        channel_id=route.channel.id if route.channel else None,
        address=route.address,
        author_id=message.author_id,
        parts=message.media.parts if message.media else None,
    )
    if message_id is None:
        raise UnknownConversation(NO_CONVERSATION)  # deleted at the same moment
    if message.media:
        add_attachment(message.media, user_id=user_id, message_id=message_id)
    wake_sender()
    return Queued(message_id, conversation_id, lead_id, is_open)


def _rendered(user_id: UUID, customer_id: UUID, route: Route, message: MessageContent) -> tuple[str, dict[str, Any]]:
    """Return content and extras of the row. Raises OptedOut, and MessageRefused for a template that cannot be sent."""
    file = message.media.extras if message.media else {}
    if not message.template:
        return message.media.content if message.media else message.content, file
    rendered = render_template(user_id=user_id, channel=route.channel, template=message.template)
    if rendered.problem:
        raise MessageRefused(
            gettext_noop("%(problem)s Nothing was stored.") % {"problem": rendered.problem}, field="template"
        )
    if rendered.is_marketing and Customer.objects.has_opted_out(customer_id):
        raise OptedOut(OPTED_OUT, field="template")
    # `is_marketing` is read when the message is claimed: the customer may opt out until then.
    marks = {"is_marketing": True} if rendered.is_marketing else {}
    return rendered.content, {"template": message.template, **marks, **file}
