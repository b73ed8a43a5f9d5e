"""The chats in the pictures of `make screenshots`. Runs within Django, beside the served demo."""

import io
import time
from datetime import timedelta
from typing import Any
from uuid import UUID

from django.core.management import call_command
from django.db.models import F
from django.utils import timezone

from conversations.models import Conversation, Customer, Message
from leads.merging.distinct import tell_apart
from leads.models import Lead
from leads.services.change import change_lead
from leadsite.accounts.models import User
from leadsite.exports.columns import COLUMNS
from leadsite.exports.services import start_export
from leadsite.figures.counting import count_days
from tests.screenshots import AMINA, posted
from whatsapp.models import Channel, MessageTemplate
from whatsapp.outbound.enqueue import MessageContent, reply

CAKE = "Could you bake a three-tier lemon cake for 40 guests? Saturday the 12th."
QUESTIONS = (
    ("+4915120000011", "Farida Haddad", "Can you make 200 baklava for a wedding on the 19th? We would pick them up."),
    ("+5511987654321", "João Pereira", "Podemos ser sete em vez de seis?"),
    ("+972501234567", "נועה לוי", "שלום, יש לכם עוגות טבעוניות?"),
    ("+447700900123", "Oliver Smith", "Hello again! The other baker cancelled. Is June still free?"),
    ("+2348031234567", "Ngozi Okafor", "Thank you, see you on Friday."),
)


def fill(site: str) -> None:
    owner = User.objects.get(email="demo@leadsite.example")

    def says(phone: str, name: str = "", **options: str) -> str:
        output = io.StringIO()
        who = {"name": name, **options}
        call_command("simulate_whatsapp", "--url", site, f"--from={phone}", "--json", stdout=output, **who)
        return posted(output)

    def answers(phone: str, text: str) -> UUID:
        chat = Conversation.objects.get(customer__phone=phone, status="active")
        content = MessageContent(content=text, author_id=owner.pk)
        return reply(user_id=owner.pk, conversation_id=chat.pk, message=content).message_id

    says(AMINA, "Amina Yılmaz", text="Hello! I saw your cakes on Instagram.", ad="Wedding cakes in Berlin")
    asked = says(AMINA, text=CAKE)
    answers(AMINA, "Hello Amina, with pleasure! Lemon with elderflower cream, as in the picture?")
    move(AMINA, timedelta(days=1))
    says(AMINA, kind="image", text="Like this one, please")
    offer = answers(AMINA, "We can do that. 240 € with delivery to Sonnenallee.")
    sent = wait_for_id(offer)
    says(AMINA, kind="reaction", text="❤️", message_id=sent)
    says(AMINA, kind="edit", text=CAKE.replace("40", "45"), message_id=asked)
    says(AMINA, text="Perfect! Do you need a deposit?")
    for phone, name, text in QUESTIONS:
        says(phone, name, text=text)
    answers("+2348031234567", "See you on Friday, Ngozi!")
    broken = answers("+2348031234567", "We have moved the table to the window.")
    wait_for_id(broken)
    Message.objects.filter(pk=broken).update(
        status="failed", error="131026: The message could not be delivered. The number may not be on WhatsApp any more."
    )
    Conversation.objects.filter(customer__phone="+5511987654321").update(assigned_to=owner)
    lead = Lead.objects.filter(conversation__customer__phone=AMINA).latest("pk")
    if lead.status == Lead.Status.NEW:
        change_lead(user_id=owner.pk, lead_id=lead.pk, changes={"status": "contacted"})
    of_further_pages(owner)


def of_further_pages(owner: User) -> None:
    duplicates(owner)
    templates(owner)
    columns = [column.name for column in COLUMNS["lead"]]
    chosen: dict[str, Any] = {
        "kind": "lead",
        "query": "status__exact=new",
        "columns": columns,
        "file_format": "xlsx",
        "total": 6,
    }
    start_export(person_id=owner.pk, business_id=owner.pk, **chosen)
    count_days(days=30)


def duplicates(owner: User) -> None:
    """Two who may be one person, by their names and by a number in two spellings; and two who are not."""
    baker = Customer.objects.get(user=owner, name="Oliver Smith", phone="+447700900123")
    for user_id, name in (("GB.1349120865530274", "Oliver Smith"), ("DE.2249120865530275", "Farida Haddad")):
        Customer.objects.create(user=owner, name=name, whatsapp_user_id=user_id)
    Customer.objects.create(user=owner, name="F. Haddad", phone="+49015120000011")
    other = Customer.objects.filter(user=owner, name="Oliver Smith").exclude(pk=baker.pk).exclude(phone=None).get()
    tell_apart(user_id=owner.pk, ids=(baker.pk, other.pk), person_id=owner.pk)


def templates(owner: User) -> None:
    account = Channel.objects.get(user=owner).waba_id
    body = {"type": "BODY", "text": "Hello {{1}}, your {{2}} is ready. We are open until six."}
    offer = {"type": "BODY", "text": "Hallo {{1}}, im Herbst gibt es unseren Pflaumenkuchen wieder."}
    photo = {"type": "HEADER", "format": "IMAGE"}
    buttons = {"type": "BUTTONS", "buttons": [{"type": "QUICK_REPLY", "text": "Thanks"}]}
    for name, language, category, components in (
        ("cake_ready", "en_US", "utility", [body, buttons]),
        ("cake_photo", "en_US", "utility", [photo, body, buttons]),
        ("autumn_offer", "de", "marketing", [offer]),
    ):
        known = {"waba_id": account, "category": category, "status": "approved", "status_at": timezone.now()}
        MessageTemplate.objects.create(user=owner, name=name, language=language, components=components, **known)


def move(phone: str, by: timedelta) -> None:
    """What has been written so far was written earlier."""
    messages = Message.objects.filter(conversation__customer__phone=phone)
    messages.update(sort_at=F("sort_at") - by, provider_time=F("provider_time") - by, created_at=F("created_at") - by)


def wait_for_id(message_id: UUID) -> str:
    """The provider's id of a message, once the worker has sent it and the customer has read it."""
    for _ in range(100):
        message = Message.objects.get(pk=message_id)
        if message.status == "read":
            return str(message.provider_id)
        time.sleep(0.2)
    raise SystemExit("The demo's worker does not send.")
