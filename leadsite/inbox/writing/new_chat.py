"""Writing to a number, also one that nobody has written to yet: a text or a template, with a lead if wanted."""

from contextlib import nullcontext
from dataclasses import dataclass, replace
from functools import partial
from typing import Final
from uuid import UUID

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, QueryDict
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_http_methods

from conversations.local_phone import read_typed
from conversations.models import Conversation, Customer
from conversations.phone import PhoneInvalid, phone_key
from conversations.services.change import ConversationRefused
from leads.models import Lead
from leads.services.refusals import LeadRefused
from leadsite.accounts.business.places import country_of
from leadsite.adminkit.values import read_uuid
from leadsite.core import clock
from leadsite.inbox.access import Viewer, writer_of
from leadsite.inbox.changes import BY_SCRIPT
from leadsite.inbox.parameters import tab_of
from leadsite.inbox.views import answered_meanwhile, whole_page
from leadsite.inbox.work.filters import filters_of
from leadsite.inbox.writing.attaching import given_header
from leadsite.inbox.writing.chooser import Chooser, read_chooser
from leadsite.languages.texts import shown
from leadsite.rest import once
from whatsapp.message_templates.rendering import describe
from whatsapp.models import Channel, SendingChannel
from whatsapp.outbound.enqueue import LeadRequest, MessageContent, Recipient, send_message
from whatsapp.outbound.refusals import NOT_CONNECTED, TEXT_MAX_LENGTH, AnsweredMeanwhile, MessageRefused
from whatsapp.outbound.routing import find_route

_SENT_BY: Final = {"to": "to", "customerName": "name", "leadType": "lead_type", "message": "text", "from": "from"}
_CHOOSE: Final = _("Choose a template, and fill it in.")


@dataclass(slots=True)
class NewChat:
    """What is typed, and what is known of it. `problems`: by field, "" for the whole."""

    typed: dict[str, str]
    channels: list[SendingChannel]
    channel: SendingChannel | None
    phone: str
    customer: Customer | None
    chat: Conversation | None
    is_open: bool
    problems: dict[str, str]
    may_send_anyway: bool = False

    @property
    def kind(self) -> str:
        """Free text to somebody who has not written is refused by WhatsApp, so a template comes first."""
        chosen = self.typed["kind"]
        return chosen if chosen in ("text", "template") else "text" if self.is_open else "template"

    @property
    def problem(self) -> str:
        """The first of what is wrong with no field, or with fields that have no place of their own for it."""
        return next((self.problems[name] for name in ("", "from", "template") if name in self.problems), "")


@require_http_methods(["GET", "POST"])
def new_chat(request: HttpRequest) -> HttpResponse:
    """The form; with `send` or `anyway` it sends. Otherwise a POST is what was typed so far, as in templates.py."""
    viewer = writer_of(request)
    is_sending = "send" in request.POST or "anyway" in request.POST
    new = _read(viewer, request.POST, is_sending=is_sending)
    chooser = read_chooser(
        business_id=viewer.business_id,
        channel=new.channel,
        customer=new.customer,
        form=request.POST,
        files=request.FILES.keys(),
        is_sending=is_sending and new.kind == "template",
    )
    if is_sending and (queued := _send(request, viewer, new, chooser)):
        return HttpResponseRedirect(reverse("inbox-chat", args=[queued], query={"tab": "all"}))
    context = {"new": new, "chooser": chooser, "types": Lead.Type.choices}
    context |= {"tab": tab_of(request), "filters": filters_of(request)}
    if BY_SCRIPT in request.headers:
        return TemplateResponse(request, "inbox/writing/new_chat.html", context)
    return whole_page(request, viewer, None, status=422 if is_sending else 200, **context)


def _read(viewer: Viewer, form: QueryDict, *, is_sending: bool) -> NewChat:
    """Read the form, and look for the customer and their newest conversation."""
    names = ("to", "name", "from", "kind", "lead", "lead_type", "details", "text")
    typed = {name: form.get(name, "").replace("\0", "") for name in names}
    # Ids are in the order in which messages are stored: what has a later one was not seen when the form was opened.
    typed["opened"] = str(read_uuid(form.get("opened", "")) or clock.new_id())
    typed[once.FIELD] = form.get(once.FIELD) or once.new_key()
    typed["text"] = typed["text"].replace("\r\n", "\n").strip()[: 2 * TEXT_MAX_LENGTH]
    active = Channel.objects.sending(viewer.business_id)
    # A number that nothing has been done with yet sends nothing: offered only where there is no other.
    channels = [one for one in active if one.is_begun] or active
    new = NewChat(typed, channels, None, "", None, None, False, {})
    chosen = read_uuid(typed["from"])
    new.channel = next((one for one in channels if one.id == chosen), None)
    if is_sending and typed["from"] and new.channel is None:
        new.problems["from"] = shown(NOT_CONNECTED)
    new.channel = new.channel or (channels[0] if channels else None)
    if typed["to"].strip():
        try:
            new.phone = read_typed(typed["to"], country=country_of(viewer.business_id))
        except PhoneInvalid as error:
            new.problems["to"] = shown(error)
    elif is_sending:
        new.problems["to"] = gettext("Write the number of the customer.")
    if new.phone:
        _look_up(viewer, new)
    return new


def _look_up(viewer: Viewer, new: NewChat) -> None:
    mine = Customer.objects.filter(user_id=viewer.business_id, phone_key=phone_key(new.phone))
    new.customer = mine.first()
    if new.customer is None:
        return
    route = find_route(
        user_id=viewer.business_id,
        customer_id=new.customer.pk,
        address=new.phone,
        channel_id=new.channel.id if new.channel and new.typed["from"] else None,
    )
    if not new.typed["from"] and route.channel in new.channels:
        new.channel = route.channel  # that to which they wrote last
    new.is_open = route.open_until(clock.now()) is not None
    chats = Conversation.objects.newest_of([new.customer.pk]).get(new.customer.pk)
    new.chat = Conversation.objects.filter(pk=chats[0]).first() if chats else None


def _send(request: HttpRequest, viewer: Viewer, new: NewChat, chooser: Chooser) -> UUID | None:
    """Return the id of the conversation; None where something is wrong, which `new` says then."""
    message = _content(viewer, new, chooser)
    lead = None
    if new.typed["lead"]:
        kind = new.typed["lead_type"] if new.typed["lead_type"] in Lead.Type.values else Lead.Type.INQUIRY.value
        lead = LeadRequest(type=kind, details=new.typed["details"], source=Lead.Source.ADMIN.value)
        if not (new.typed["name"].strip() or (new.customer and new.customer.name)):
            new.problems["name"] = gettext("A lead needs the customer's name.")
    if message is None or new.problems:
        return None
    name = new.typed["name"].strip() or (new.customer.name if new.customer else "") or ""
    try:
        with given_header(request, viewer, chooser) if message.template else nullcontext() as media:
            sending = partial(
                send_message,
                user_id=viewer.business_id,
                to=Recipient(phone=new.phone, customer_name=name),
                message=replace(message, media=media),
                lead=lead,
                channel_id=new.channel.id if new.channel else None,
                unless_answered_after=None if "anyway" in request.POST else UUID(new.typed["opened"]),
            )
            done = once.do_once(request, user_id=viewer.business_id, do=lambda: str(sending().conversation_id))
            return UUID(done)
    except once.DoneBefore as before:
        return read_uuid(before.result)  # none after the customer was erased
    except AnsweredMeanwhile as refusal:
        new.problems[""], new.may_send_anyway = answered_meanwhile(viewer, refusal.answer), True
    except MessageRefused as refusal:
        new.problems[_SENT_BY.get(refusal.field or "", "")] = shown(refusal)
    except (ConversationRefused, LeadRefused) as refusal:
        new.problems[""] = shown(refusal)
    return None


def _content(viewer: Viewer, new: NewChat, chooser: Chooser) -> MessageContent | None:
    if new.kind == "text":
        if not new.typed["text"]:
            new.problems["text"] = gettext("Write a text, or choose a template.")
        return MessageContent(content=new.typed["text"], author_id=viewer.person_id)
    if chooser.sent is None:
        new.problems["template"] = chooser.problem or str(_CHOOSE)
        return None
    return MessageContent(content=describe(chooser.sent), template=chooser.sent, author_id=viewer.person_id)
