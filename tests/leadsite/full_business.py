"""A row of each model that the admin shows, of one business."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

from django.contrib.auth.models import Group
from django.utils import timezone

from conversations.models import Conversation, Label, Message, Note, NoteMention
from leads.models import BulkChange, ChosenLead, ImportRefusal, ImportRun
from leads.services.delete import delete_lead
from leadsite.accounts.models import Invitation, LoginAttempt, Membership, Session, User
from leadsite.accounts.services import issue_api_key
from leadsite.inbox.models import QuickReply, SavedView
from leadsite.monitoring.models import FailedTransaction
from leadsite.webhooks.models import WebhookEvent
from leadsite.webhooks.services import create_endpoint
from tests.factories import Business
from tests.staff import HOSTILE
from whatsapp.models import AccountEvent, Channel, ListedTemplate, MessageTemplate, WebhookDelivery


def with_rows(business: Business, text: str = HOSTILE) -> None:
    """Create a row of each model, with this text wherever a text can be, and a long one in details and contents."""
    long = text + "x" * (10_000 - len(text))
    lead = business.has_lead(customer_name=text, details=long)
    for direction, status in (("in", "received"), ("out", "failed")):
        Message.objects.create(
            user=business.user,
            conversation_id=lead.conversation_id,
            direction=direction,
            status=status,
            content=long,
            error=text,
            extras={"text": text},
        )
    with_work(business, lead.conversation_id, text)
    deleted = business.has_lead(customer_name=text, details=long)
    delete_lead(user_id=business.id, lead_id=deleted.lead_id, person_id=business.id)
    number = Channel.objects.count()
    Channel.objects.create(user=business.user, phone_number_id=f"{number}{text}", display_number=text)
    WebhookDelivery.objects.create(provider="cloud", body=text.encode(), state="unrouted", error=text, unrouted=[text])
    template = ListedTemplate(
        name=text,
        language="de",
        provider_id=text[:20],
        category=text[:20],
        status=text[:20],
        components=[{"type": "BODY", "text": text}],
    )
    listed_at = datetime(2026, 11, 28, 12, tzinfo=UTC)
    MessageTemplate.objects.store(user_id=business.id, waba_id="1", templates=[template], listed_at=listed_at)
    about = {"waba_id": "1", "field": "security", "text": text, "value": {"a": text}, "digest": str(number)}
    AccountEvent.objects.create(user=business.user, is_problem=True, at=timezone.now(), **about)
    with_runs(business, lead.lead_id, text)
    Group.objects.create(name=f"{number}{text}")
    endpoint = create_endpoint(
        user_id=business.id, url="https://hooks.invalid/", events=["lead.created"], description=text
    ).endpoint
    WebhookEvent.objects.create(
        user=business.user, endpoint=endpoint, type="lead.created", payload={"text": text}, error=text
    )
    issue_api_key(user=business.user, name=text)
    with_operations(business, text)
    with_people(business, text)
    User.objects.filter(pk=business.id).update(business_name=text, name=text)


def with_work(business: Business, conversation_id: UUID, text: str) -> None:
    """A label, a quick reply, a note that mentions somebody, and a saved view."""
    number = Channel.objects.count()
    label = Label.objects.create(user=business.user, name=f"{number}{text}"[:30])
    Conversation.objects.filter(pk=conversation_id).update(label_ids=[label.pk])
    QuickReply.objects.create(user=business.user, shortcut=f"reply{number}", text=text)
    note = Note.objects.create(user=business.user, conversation_id=conversation_id, author=business.user, text=text)
    NoteMention.objects.create(user=business.user, note=note, person=business.user)
    SavedView.objects.create(user=business.user, person=business.user, name=f"{number}{text}"[:40])


def with_runs(business: Business, lead_id: UUID, text: str) -> None:
    """An import and a bulk change."""
    run = ImportRun.objects.create(
        user=business.user, file_name=text, state="finished", read=1, failed=1, columns=[text]
    )
    ImportRefusal.objects.create(user=business.user, run=run, line=2, reason=text, cells=[text, text])
    values = {"status": "lost", "lost_reason": text}
    change = BulkChange.objects.create(
        user=business.user, person=business.user, values=values, state="finished", total=1, gone=1
    )
    ChosenLead.objects.create(
        change=change, lead_id=lead_id, status="new", type="order", lost_reason=text, outcome="gone"
    )


def with_people(business: Business, text: str) -> None:
    """An invitation, and a person who works for the business, which also makes its login one."""
    number = Channel.objects.count()
    email = f"invited{number}@{business.user.email.partition('@')[2]}"
    expires = timezone.now() + timedelta(days=7)
    Invitation.objects.create(business=business.user, email=email, nonce=text[:32], expires_at=expires)
    person = User.objects.create(email=f"person-{email}", name=text, is_staff=True)
    Membership.objects.create(person=person, business=business.user, role="agent")
    Membership.objects.get_or_create(person=business.user, business=business.user, role="owner")


def with_operations(business: Business, text: str) -> None:
    """A failed transaction, a session, and a failed login."""
    number = Channel.objects.count()
    FailedTransaction.objects.create(
        constraint=text, source="api", user=business.user, error=text, operation=text, input={"a": text}
    )
    key = f"zz{number}{business.id}"
    used = {"user": business.user, "browser": text, "address": text, "last_seen_at": timezone.now()}
    Session.objects.create(session_key=key, session_data="", expire_date=timezone.now() + timedelta(days=1), **used)
    until = timezone.now() + timedelta(minutes=5)
    LoginAttempt.objects.create(key=str(number), account=text, address=text, attempts=1, allowed=1, until=until)
