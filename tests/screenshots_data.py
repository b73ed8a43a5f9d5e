"""The chats in the pictures of `make screenshots`. Runs within Django, beside the served demo."""

import io
from typing import Any, Final

from django.core.management import call_command
from django.utils import timezone

from conversations.models import Customer, Message
from leads.merging.distinct import tell_apart
from leads.models import Lead
from leads.services.change import change_lead
from leadsite.accounts.models import User
from leadsite.exports.columns import COLUMNS
from leadsite.exports.services import start_export
from leadsite.figures.counting import count_days
from tests.screenshots import AMINA, posted
from whatsapp.models import Channel, MessageTemplate

# Written in leadsite/demo/chats.py.
CAKE: Final = "Could you bake a three-tier lemon cake for 40 guests? Saturday the 12th."
OFFER: Final = "We can do that. 240 € with delivery to Sonnenallee."
OLIVER: Final = "+447700900123"


def fill(site: str) -> None:
    owner = User.objects.get(email="demo@leadsite.example")

    def says(phone: str, name: str = "", **options: str) -> str:
        output = io.StringIO()
        who = {"name": name, **options}
        call_command("simulate_whatsapp", "--url", site, f"--from={phone}", "--json", stdout=output, **who)
        return posted(output)

    offer = Message.objects.get(user=owner, content=OFFER)
    says(AMINA, kind="reaction", text="❤️", message_id=offer.provider_id or "")
    asked = Message.objects.get(user=owner, content=CAKE)
    says(AMINA, kind="edit", text=CAKE.replace("40", "45"), message_id=asked.provider_id or "")
    says(OLIVER, "Oliver Smith", text="Hello again! The other baker cancelled. Is June still free?")
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
    baker = Customer.objects.get(user=owner, name="Oliver Smith", phone=OLIVER)
    for user_id, name in (("GB.1349120865530274", "Oliver Smith"), ("DE.2249120865530275", "Farida Haddad")):
        Customer.objects.create(user=owner, name=name, whatsapp_user_id=user_id)
    Customer.objects.create(user=owner, name="F. Haddad", phone="+49015120000011")
    other = Customer.objects.filter(user=owner, name="Oliver Smith").exclude(pk=baker.pk).exclude(phone=None).get()
    tell_apart(user_id=owner.pk, ids=(baker.pk, other.pk), person_id=owner.pk)


def templates(owner: User) -> None:
    """One that begins with a photo; the others are those of the demo."""
    account = Channel.objects.get(user=owner).waba_id
    components = [
        {"type": "HEADER", "format": "IMAGE"},
        {"type": "BODY", "text": "Hello {{1}}, your {{2}} is ready. We are open until six."},
        {"type": "BUTTONS", "buttons": [{"type": "QUICK_REPLY", "text": "Thanks"}]},
    ]
    known = {"waba_id": account, "category": "utility", "status": "approved", "status_at": timezone.now()}
    MessageTemplate.objects.create(user=owner, name="cake_photo", language="en_US", components=components, **known)
