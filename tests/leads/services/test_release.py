"""The open work of somebody who has left."""

from collections.abc import Callable

import pytest
from procrastinate.contrib.django.models import ProcrastinateJob

from conversations.models import Conversation, Opening
from conversations.services.change import change_conversation
from leads.models import Lead
from leads.services import release
from leads.tasks import release_work
from leadsite.accounts.models import Person, User
from leadsite.core.statements import fetch_rows
from tests.database import rows_read, use_indexes
from tests.factories import Business
from tests.staff import address, operator, person_of
from tests.whatsapp import meta, webhook_client
from whatsapp.models import Channel

pytestmark = pytest.mark.django_db


def test_open_work_is_unassigned_in_batches_and_nothing_else(owner, stranger, monkeypatch):
    monkeypatch.setattr(release, "AT_ONCE", 2)
    person, colleague = person_of(owner, "agent"), person_of(owner, "owner")
    for status in ("new", "contacted", "qualified", "lost", "converted"):
        owner.has_lead(status=status)
    stranger.has_lead()
    Lead.objects.update(assigned_to=person)
    Conversation.objects.update(assigned_to=person)
    kept = Conversation.objects.filter(user=owner.user).latest("pk")
    Conversation.objects.filter(pk=kept.pk).update(assigned_to=colleague)

    assert release.release_work(business_id=owner.id, person_id=person.pk) == 0  # still works there
    person.memberships.all().delete()
    assert release.release_work(business_id=owner.id, person_id=person.pk) == 7

    mine = Lead.objects.filter(user=owner.user)
    assert {lead.status for lead in mine.filter(assigned_to=person)} == {"lost", "converted"}
    assert Lead.objects.get(user=stranger.user).assigned_to == person
    assert Conversation.objects.get(pk=kept.pk).assigned_to == colleague


def test_closed_leads_in_front_are_read_once_and_not_for_each_batch(owner, monkeypatch):
    monkeypatch.setattr(release, "AT_ONCE", 1)
    person = person_of(owner, "agent")
    for status in ["lost"] * 40 + ["new"] * 5:
        owner.has_lead(status=status)
    Lead.objects.update(assigned_to=person)
    person.memberships.all().delete()
    use_indexes()
    # Other tests have left statistics of tables of another size.
    fetch_rows("ANALYZE leads, conversations")
    before = rows_read("leads")
    assert release.release_work(business_id=owner.id, person_id=person.pk) == 5
    assert rows_read("leads") - before < 2 * 45


def test_deleted_work_is_unassigned_too_because_it_can_be_restored(owner):
    person = person_of(owner, "agent")
    lead = owner.has_lead()
    Lead.objects.update(assigned_to=person)
    Conversation.objects.update(assigned_to=person)
    owner.client.delete(f"/api/leads/{lead.lead_id}")
    person.memberships.all().delete()
    release.release_work(business_id=owner.id, person_id=person.pk)
    restored = owner.client.post(f"/api/leads/{lead.lead_id}/restore").json()
    assert restored["assigned_to"] is None
    assert Conversation.objects.get().assigned_to is None


PHONE = "+4915123456789"


def by_message(chat: Conversation) -> None:
    Channel.objects.create(user=chat.user, phone_number_id=meta.CHANNEL)
    webhook_client.receive(
        meta.body(meta.messages_value(messages=[meta.text("Hello", from_=PHONE[1:], timestamp=1_800_000_000)]))
    )


def by_opening(chat: Conversation) -> None:
    Conversation.objects.join_or_open([Opening(chat.user_id, chat.customer_id)], reopen_completed=True)


def by_staff(chat: Conversation) -> None:
    change_conversation(user_id=chat.user_id, conversation_id=chat.pk, changes={"status": "active"})


@pytest.mark.parametrize("reopen", [by_message, by_opening, by_staff])
@pytest.mark.parametrize("assignee", ["there", "left", "viewer", "locked out", "operator", "business"])
def test_a_conversation_that_reopens_keeps_nobody_who_has_left(
    owner: Business, reopen: Callable[[Conversation], None], assignee: str
):
    person = owner.user if assignee == "business" else person_of(owner, "agent")
    if assignee in ("left", "operator"):
        person.memberships.all().delete()
    User.objects.filter(pk=person.pk).update(
        is_active=assignee != "locked out", is_superuser=assignee == "operator", is_staff=True
    )
    if assignee == "viewer":
        person.memberships.update(role="viewer")
    chat = Conversation.objects.get(pk=owner.has_lead(customer_phone=PHONE).conversation_id)
    Conversation.objects.update(status="completed", assigned_to=person)
    reopen(chat)
    chat.refresh_from_db()
    assert chat.status == "active"
    assert chat.assigned_to_id == (None if assignee in ("left", "viewer", "locked out") else person.pk)


@pytest.mark.parametrize("is_there", [True, False])
def test_a_lead_that_opens_again_keeps_nobody_who_has_left(owner: Business, is_there: bool):
    person = person_of(owner, "agent")
    lead = owner.has_lead(status="lost")
    Lead.objects.update(assigned_to=person)
    if not is_there:
        person.memberships.all().delete()
    path = f"/api/leads/{lead.lead_id}"
    # Of a closed one it is the name of who did the work.
    assert owner.client.patch(path, {"details": "By phone"}, format="json").json()["assigned_to"] is not None
    opened = owner.client.patch(path, {"status": "contacted"}, format="json").json()
    assert (opened["status"], opened["assigned_to"] is not None) == ("contacted", is_there)


@pytest.mark.parametrize("is_person", [True, False])
def test_the_open_work_of_a_login_that_is_locked_is_unassigned(owner: Business, is_person: bool):
    person = person_of(owner, "agent") if is_person else owner.user
    owner.has_lead()
    Lead.objects.update(assigned_to=person)
    Conversation.objects.update(assigned_to=person)
    row = Person.objects.get(pk=person.pk) if is_person else person
    assert operator().fill(address("change", row), is_active=None).status_code == 302
    jobs = [job.args for job in ProcrastinateJob.objects.filter(task_name=release_work.name)]
    for arguments in jobs:
        release_work(**arguments)
    assert (len(jobs), Conversation.objects.get().assigned_to) == ((1, None) if is_person else (0, person))
    assert Lead.objects.get().assigned_to == (None if is_person else person)
