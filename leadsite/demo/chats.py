"""What the customers of the demo's bakery have written to it, and it to them, before the first start.

As a delivery of Meta's, signed and received like those that are posted: customers' messages, those that the owner wrote
on the phone, and their statuses. What people do in the inbox is done by the services.
"""

import json
import time
from collections.abc import Iterator
from datetime import timedelta
from typing import Any, Final, NamedTuple
from zoneinfo import ZoneInfo

from django.db import transaction
from django.utils import timezone

from conversations.models import Conversation, Label, Message
from conversations.services.change import change_conversation
from conversations.services.notes import add_note
from leadsite.accounts.models import User
from leadsite.core import clock
from leadsite.inbox.models import QuickReply
from whatsapp.inbound.authentication import authenticate_meta
from whatsapp.inbound.ingest import receive
from whatsapp.inbound.signature import sign_for_meta
from whatsapp.models import Channel, ListedTemplate, MessageTemplate
from whatsapp.simulator.bodies import Content, Customer, meta_echo, meta_message, meta_status, new_message_id
from whatsapp.simulator.site import signing_for


class Line(NamedTuple):
    """`ago`: minutes before the first start. `status`: of what the bakery wrote; "" for what the customer wrote."""

    ago: int
    text: str
    status: str = ""
    kind: str = "text"
    advertisement: str = ""


HOUR, DAY = 60, 24 * 60
AMINA: Final = Customer(phone="+4915123456789", name="Amina Yılmaz")
JOAO: Final = Customer(phone="+5511987654321", name="João Pereira")
LUCIA: Final = Customer(phone="+525512345678", name="Lucía Hernández")
JOHN: Final = Customer(phone="+12345678901", name="John Doe")
# These have no lead before they write.
FARIDA: Final = Customer(phone="+4915120000011", name="Farida Haddad")
NOA: Final = Customer(phone="+972501234567", name="נועה לוי")
NGOZI: Final = Customer(phone="+2348031234567", name="Ngozi Okafor")
NEWCOMERS: Final = (FARIDA, NOA, NGOZI)
CHATS: Final[dict[Customer, tuple[Line, ...]]] = {
    LUCIA: (
        Line(3 * DAY, "Hola! Do you bake without gluten?"),
        Line(3 * DAY - 20, "Hola Lucía! Yes: almond cake, brownies, and bread on Fridays.", "read"),
        Line(2 * DAY, "Great. Could you send me the prices?"),
        Line(2 * DAY - 30, "The almond cake is 32 €, six brownies 15 €, the bread 6 €.", "read"),
    ),
    JOHN: (
        Line(DAY + 3 * HOUR, "Good morning! Can you deliver 24 croissants every weekday at 7:30?"),
        Line(DAY + 2 * HOUR, "Yes, with pleasure. From Monday?", "read"),
        Line(DAY + HOUR, "Monday is perfect. One invoice at the end of the month, please."),
        Line(9 * HOUR, "The invoice address has arrived, thank you. See you on Monday.", "failed"),
    ),
    AMINA: (
        Line(DAY + 2 * HOUR, "Hello! I saw your cakes on Instagram.", advertisement="Wedding cakes in Berlin"),
        Line(DAY + 2 * HOUR - 1, "Could you bake a three-tier lemon cake for 40 guests? Saturday the 12th."),
        Line(DAY + HOUR, "Hello Amina, with pleasure! Lemon with elderflower cream, as in the picture?", "read"),
        Line(50, "Like this one, please", kind="image"),
        Line(31, "We can do that. 240 € with delivery to Sonnenallee.", "read"),
        Line(4, "Perfect! Do you need a deposit?"),
    ),
    NGOZI: (
        Line(7 * HOUR, "Hello, is there a table for four on Friday at six?"),
        Line(6 * HOUR, "There is, by the window. See you on Friday, Ngozi!", "delivered"),
    ),
    JOAO: (Line(3 * HOUR, "Podemos ser sete em vez de seis?"),),
    NOA: (Line(66, "שלום, יש לכם עוגות טבעוניות?"),),
    FARIDA: (Line(35, "Can you make 200 baklava for a wedding on the 19th? We would pick them up."),),
}
QUICK_REPLIES: Final = {
    "hours": "Hello {name}, we are open from Tuesday to Sunday, 7 to 18.",
    "deposit": "Thank you, {name}! A deposit of 20 % is enough, the rest on the day.",
}
TEMPLATES: Final = (
    ("cake_ready", "en_US", "utility", "Hello {{1}}, your {{2}} is ready. We are open until six."),
    ("reminder", "en_US", "utility", "Hello {{1}}, may we still help you with your question?"),
    ("autumn_offer", "de", "marketing", "Hallo {{1}}, im Herbst gibt es unseren Pflaumenkuchen wieder."),
)


def fill_chats(business: User, channel: Channel, *, agent: User) -> None:
    """Let them write, once: where the business has any message already, nothing is done."""
    secret = signing_for(channel.provider, channel.phone_number_id).secret
    if not secret or Message.objects.filter(user=business).exists():
        return
    # In one delivery, so that there is all of it or, after a kill, nothing.
    bodies = [json.loads(body) for body in _bodies(channel.phone_number_id, time.time())]
    body = json.dumps({**bodies[0], "entry": [entry for one in bodies for entry in one["entry"]]}).encode()
    receive(body=body, signature=authenticate_meta(body, sign_for_meta(body, secret), Channel.objects))
    _work(business, agent)
    _texts(business, Channel.objects.get(pk=channel.pk))


def _bodies(number: str, now: float) -> Iterator[bytes]:
    for customer, lines in CHATS.items():
        for line in lines:
            about: dict[str, Any] = {"channel": number, "customer": customer, "message_id": new_message_id()}
            at = now - line.ago * 60
            content = Content(kind=line.kind, text=line.text, advertisement=line.advertisement)
            yield (meta_echo if line.status else meta_message)(content=content, at=at, **about)
            if line.status:
                yield meta_status(status=line.status, at=at + 20, **about)


def _work(business: User, agent: User) -> None:
    """What the owner and the agent have done with the chats."""
    labels = {
        name: Label.objects.get_or_create(user=business, name=name, defaults={"colour": colour})[0].pk
        for name, colour in (("Wedding", Label.Colour.PINK), ("Regular", Label.Colour.BLUE))
    }
    tomorrow = timezone.localtime(clock.now(), ZoneInfo(business.time_zone)) + timedelta(days=1)
    for customer, changes in (
        (JOAO, {"assigned_to_id": agent.pk}),
        (JOHN, {"assigned_to_id": business.pk, "label_ids": [labels["Regular"]]}),
        (FARIDA, {"label_ids": [labels["Wedding"]]}),
        (NGOZI, {"snoozed_until": tomorrow.replace(hour=9, minute=0, second=0, microsecond=0)}),
    ):
        if chat := _chat(business, customer):
            change_conversation(user_id=business.pk, conversation_id=chat.pk, changes=changes)
    if chat := _chat(business, AMINA):
        text = f"@{business.get_full_name()} she was in the shop today and would like to taste the cream first."
        add_note(user_id=business.pk, conversation_id=chat.pk, author_id=agent.pk, text=text)


def _texts(business: User, channel: Channel) -> None:
    """Quick replies, and templates as an account at Meta would list them."""
    for shortcut, text in QUICK_REPLIES.items():
        QuickReply.objects.get_or_create(user=business, shortcut=shortcut, defaults={"text": text})
    listed = [
        ListedTemplate(
            name=name,
            language=language,
            provider_id=f"demo-{name}",
            category=category,
            status="approved",
            components=[{"type": "BODY", "text": text}],
        )
        for name, language, category, text in TEMPLATES
    ]
    with transaction.atomic():
        MessageTemplate.objects.store(
            user_id=business.pk, waba_id=channel.waba_id, templates=listed, listed_at=clock.now()
        )


def _chat(business: User, customer: Customer) -> Conversation | None:
    """None where the person was erased in this demo: what they wrote before is not stored again."""
    mine = Conversation.objects.filter(user=business, status=Conversation.Status.ACTIVE)
    return mine.filter(customer__phone=customer.phone).first()
