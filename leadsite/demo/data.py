"""The demo's business, login, API key, WhatsApp number and leads, created through the services."""

from dataclasses import dataclass
from pathlib import Path

from django.conf import settings
from django.db import transaction
from knox.crypto import hash_token

from conversations.models import Conversation
from leads.models import Lead
from leads.services.create import create_leads
from leads.services.rules import NewLead
from leadsite.accounts.models import ApiKey, User
from leadsite.accounts.people.create import create_person
from leadsite.accounts.people.models import Role
from leadsite.accounts.services import create_business, issue_api_key, own_itself
from leadsite.demo.chats import fill_chats
from whatsapp.channels import ChannelTaken, connect_channel
from whatsapp.models import Channel

EMAIL = "demo@leadsite.example"
AGENT = "agent@leadsite.example"
VIEWER = "viewer@leadsite.example"
PHONE_NUMBER_ID = "100000000000001"
DISPLAY_NUMBER = "+49 30 5550100"
LEADS = (
    NewLead(
        customer_phone="+49 151 23456789",
        customer_name="Amina Yılmaz",
        type=Lead.Type.ORDER,
        details="Three-tier lemon cake for 40 guests, Saturday the 12th, delivery to Sonnenallee.",
    ),
    NewLead(
        customer_phone="+55 11 98765-4321",
        customer_name="João Pereira",
        type=Lead.Type.BOOKING,
        status=Lead.Status.CONTACTED,
        details="Table for six on Friday at 20:00, one high chair.",
    ),
    NewLead(
        customer_phone="+52 1 55 1234 5678",
        customer_name="Lucía Hernández",
        type=Lead.Type.INQUIRY,
        details="Do you bake without gluten? Asks for the price list.",
    ),
    NewLead(
        customer_phone="+1 234 567 8901",
        customer_name="John Doe",
        type=Lead.Type.ORDER,
        status=Lead.Status.QUALIFIED,
        details="24 croissants every weekday at 7:30, wants an invoice at the end of the month.",
    ),
    NewLead(
        customer_phone="+91 98765 43210",
        customer_name="Priya Sharma",
        type=Lead.Type.BOOKING,
        status=Lead.Status.CONVERTED,
        details="Baking class for two, paid.",
        conversation_status=Conversation.Status.COMPLETED,
    ),
    NewLead(
        customer_phone="+44 20 7946 0958",
        customer_name="Oliver Smith",
        type=Lead.Type.INQUIRY,
        status=Lead.Status.LOST,
        details="Wedding cake in June; found a baker nearer to the venue.",
        conversation_status=Conversation.Status.ARCHIVED,
    ),
)


@dataclass(frozen=True)
class Demo:
    email: str
    password: str
    api_key: str
    agent: str = AGENT
    viewer: str = VIEWER


class NotADemo(Exception):
    """The database has businesses, and no demo."""


def ensure_demo(data_dir: Path, *, force: bool) -> Demo:
    """Create missing demo data and return the login and key. Runs at each start.

    Raises NotADemo where the database belongs to an installation, unless `force`.
    """
    user = User.objects.filter(email=EMAIL).first()
    if user is None:
        if not force and User.objects.exists():
            raise NotADemo(
                "The database in DATABASE_URL has businesses and no demo, and the demo would create a superuser there."
                " Use another database; for a demo in this one: LEADSITE_DEMO=force make run."
            )
        user = create_business(email=EMAIL, name="Bella's Bakery", staff=True).user
        user.country, user.time_zone = "DE", "Europe/Berlin"
    # The demo's login is a superuser, so that it also shows the pages for operators.
    user.is_staff = user.is_superuser = user.is_active = True
    user.name = user.name or "Bella Rossi"
    user.set_password(settings.DEMO_PASSWORD)
    user.save()
    with transaction.atomic():
        own_itself(user=user)
    agent = _people(user)
    if not Lead.objects.filter(user=user).exists():
        create_leads(user_id=user.pk, leads=LEADS, source=Lead.Source.MANUAL)
    if (channel := _connect_whatsapp(user)) is not None and agent is not None:
        fill_chats(user, channel, agent=agent)
    return Demo(email=EMAIL, password=settings.DEMO_PASSWORD, api_key=_api_key(user, data_dir / "demo-api-key"))


def _people(business: User) -> User | None:
    """An agent, who is returned, and a viewer, with the demo's password."""
    _person(business, VIEWER, "Vera Lind", Role.VIEWER)
    return _person(business, AGENT, "Ayo Okafor", Role.AGENT)


def _person(business: User, email: str, name: str, role: Role) -> User | None:
    person = create_person(email=email, business=business, role=role, name=name, password=settings.DEMO_PASSWORD)
    if person is not None and not person.check_password(settings.DEMO_PASSWORD):
        person.set_password(settings.DEMO_PASSWORD)
        person.save(update_fields=["password"])
    return person


def _connect_whatsapp(user: User) -> Channel | None:
    # Another business may have the demo's number and keeps it; the demo works without.
    try:
        channel = connect_channel(user_id=user.pk, phone_number_id=PHONE_NUMBER_ID)
    except ChannelTaken:
        return None
    Channel.objects.filter(pk=channel.pk, display_number="").update(display_number=DISPLAY_NUMBER)
    return channel


def _api_key(user: User, file: Path) -> str:
    """The demo's API key, from a file next to the demo's secrets: the database has only its hash."""
    if file.exists():
        key = file.read_text(encoding="ascii").strip()
        if ApiKey.objects.filter(digest=hash_token(key), user=user).exists():
            return key
    key = issue_api_key(user=user, name="make run")
    file.touch(mode=0o600)
    file.write_text(key + "\n", encoding="ascii")
    return key
