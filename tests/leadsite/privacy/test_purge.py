"""purge_deleted: what was deleted long ago is removed for good."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from django.db.models import F
from django.db.models.functions import Now

from conversations.models import Conversation, Customer, Message
from leads.models import Lead
from leads.services.delete import delete_lead, restore_lead
from leadsite.privacy import purge
from tests.factories import Business
from tests.whatsapp import meta
from tests.whatsapp.inbox import Inbox

PHONE = "+1234567890"


def never() -> bool:
    return False


def deleted(business: Business, lead_id: UUID, *, days: int) -> None:
    delete_lead(user_id=business.id, lead_id=lead_id, person_id=None)
    conversations = Conversation.all_objects.filter(leads=lead_id).exclude(deleted_at=None)
    conversations.update(deleted_at=F("deleted_at") - timedelta(days=days))
    Lead.all_objects.filter(pk=lead_id).update(deleted_at=F("deleted_at") - timedelta(days=days))


def counts() -> list[int]:
    models: list[Any] = [Customer.objects, Conversation.all_objects, Lead.all_objects, Message.objects]
    return [manager.count() for manager in models]


def test_all_of_a_customer_goes(owner: Business, stranger: Business) -> None:
    inbox = Inbox(owner)
    inbox.gets(meta.text(), meta.text())
    stranger.has_lead()
    deleted(owner, inbox.leads[0].pk, days=31)
    assert counts() == [2, 2, 2, 2]
    assert purge.purge_deleted(should_stop=never) == 5
    assert counts() == [1, 1, 1, 0]
    assert purge.purge_deleted(should_stop=never) == 0


@pytest.mark.parametrize(("days", "setting", "left"), [(29, 30, 1), (31, 30, 0), (2, 1, 0), (400, 0, 1)])
def test_the_setting_says_when(owner: Business, settings: Any, days: int, setting: int, left: int) -> None:
    settings.DELETED_DAYS = setting
    deleted(owner, owner.has_lead().lead_id, days=days)
    purge.purge_deleted(should_stop=never)
    assert counts() == [left, left, left, 0]


def test_what_is_not_deleted_stays(owner: Business) -> None:
    gone, kept = [owner.has_lead(customer_phone=PHONE) for _ in range(2)]
    deleted(owner, gone.lead_id, days=31)
    other = owner.has_lead()
    deleted(owner, other.lead_id, days=31)
    restore_lead(user_id=owner.id, lead_id=other.lead_id)
    purge.purge_deleted(should_stop=never)
    assert set(Lead.objects.values_list("pk", flat=True)) == {kept.lead_id, other.lead_id}
    assert counts() == [2, 2, 2, 0]


def test_a_conversation_waits_for_its_last_lead(owner: Business) -> None:
    first, last = [owner.has_lead(customer_phone=PHONE).lead_id for _ in range(2)]
    deleted(owner, first, days=31)
    deleted(owner, last, days=3)
    purge.purge_deleted(should_stop=never)
    assert counts() == [1, 1, 1, 0]
    Lead.all_objects.update(deleted_at=Now() - timedelta(days=31))
    Conversation.all_objects.update(deleted_at=Now() - timedelta(days=31))
    purge.purge_deleted(should_stop=never)
    assert counts() == [0, 0, 0, 0]


def test_a_customer_with_another_conversation_or_a_choice_stays(owner: Business) -> None:
    deleted(owner, owner.has_lead(customer_phone=PHONE).lead_id, days=31)
    owner.has_lead(customer_phone=PHONE)
    deleted(owner, owner.has_lead().lead_id, days=31)
    Customer.objects.exclude(phone=PHONE).update(marketing_choice_at=Now(), marketing_opted_out_at=Now())
    purge.purge_deleted(should_stop=never)
    assert counts() == [2, 1, 1, 0]


def test_many_rows_take_several_chunks(owner: Business, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(purge, "ROWS", 2)
    monkeypatch.setattr(purge, "CUSTOMERS", 2)
    inbox = Inbox(owner)
    inbox.gets(*(meta.text() for _ in range(5)))
    deleted(owner, inbox.leads[0].pk, days=31)
    for _ in range(4):
        deleted(owner, owner.has_lead().lead_id, days=31)
    assert purge.purge_deleted(should_stop=never) == 20
    assert counts() == [0, 0, 0, 0]
