"""Bulk changes: the choice, the chunks, cancel and undo."""

from collections import Counter
from datetime import timedelta

import pytest
from django.contrib.admin.models import LogEntry
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from leads.bulk import changes, chunks
from leads.models import BulkChange, ChosenLead, Lead
from leadsite.webhooks.models import WebhookEvent
from leadsite.webhooks.services import create_endpoint
from tests.factories import Business
from tests.sessions import is_free, processes, session, waiting
from tests.site import until
from tests.staff import person_of

pytestmark = pytest.mark.django_db
MANY = 12


@pytest.fixture(autouse=True)
def small_chunks(monkeypatch):
    monkeypatch.setattr(chunks, "CHUNK_SIZE", 5)


def leads_of(business: Business, count: int = MANY, **fields) -> list[Lead]:
    ids = [business.has_lead(**fields).lead_id for _ in range(count)]
    return list(Lead.objects.filter(pk__in=ids).order_by("pk"))


def start(business: Business, leads=None, **values) -> BulkChange:
    chosen = Lead.objects.filter(user=business.user) if leads is None else leads
    return changes.start_bulk_change(person_id=business.id, leads=chosen, values=values)


def finish(change: BulkChange) -> BulkChange:
    chunks.process_at_once(change=change)
    return change


def statuses() -> Counter[str]:
    return Counter(Lead.objects.values_list("status", flat=True))


def test_all_chosen_leads_are_changed_and_the_change_says_who_did_it(owner):
    leads_of(owner)
    change = finish(start(owner, status="contacted"))
    assert (change.state, change.total, change.changed) == ("finished", MANY, MANY)
    assert (change.user, change.person) == (owner.user, owner.user)
    assert statuses() == {"contacted": MANY}
    assert set(Lead.objects.values_list("version", flat=True)) == {2}


def test_leads_that_arrive_or_match_later_are_not_changed(owner):
    leads_of(owner, 3)
    change = start(owner, Lead.objects.filter(status="new"), status="contacted")
    late = owner.has_lead()
    finish(change)
    assert (change.total, change.changed) == (3, 3)
    assert Lead.objects.get(pk=late.lead_id).status == "new"


def test_each_lead_that_is_kept_is_counted_with_its_reason(owner):
    change_me, same, converted, other, doomed = leads_of(owner, 5)
    Lead.objects.filter(pk=same.pk).update(status="contacted")
    Lead.objects.filter(pk=converted.pk).update(status="converted")
    change = start(owner, status="contacted")
    Lead.objects.filter(pk=other.pk).update(status="qualified")
    Lead.objects.filter(pk=doomed.pk).delete()
    finish(change)
    assert (change.changed, change.same, change.refused, change.overtaken, change.gone) == (1, 1, 1, 1, 1)
    assert dict(change.chosen.exclude(outcome="").values_list("lead_id", "outcome")) == {
        same.pk: "same",
        converted.pk: "refused",
        other.pk: "overtaken",
        doomed.pk: "gone",
    }
    assert Lead.objects.get(pk=change_me.pk).status == "contacted"
    assert Lead.objects.get(pk=same.pk).version == 2  # not written again


def test_an_undo_gives_back_what_was_before_and_says_what_was_changed_since(owner):
    first, second, *_ = leads_of(owner)
    Lead.objects.filter(pk=first.pk).update(status="qualified")
    change = finish(start(owner, status="contacted"))
    Lead.objects.filter(pk=second.pk).update(status="converted")
    late = owner.has_lead(status="contacted")
    changes.undo_bulk_change(change=change)
    finish(change)
    assert (change.state, change.restored, change.remaining) == ("undone", MANY - 1, 1)
    assert statuses() == {"new": MANY - 2, "qualified": 1, "converted": 1, "contacted": 1}
    assert Lead.objects.get(pk=first.pk).status == "qualified"
    assert Lead.objects.get(pk=late.lead_id).status == "contacted"


def test_an_undo_of_an_assignment_gives_back_each_former_assignee(owner):
    first, *_ = leads_of(owner, 3)
    person = person_of(owner, "agent")
    Lead.objects.filter(pk=first.pk).update(assigned_to=person)
    change = finish(start(owner, assigned_to_id=owner.id))
    assert Lead.objects.filter(assigned_to=owner.user).count() == 3
    changes.undo_bulk_change(change=change)
    finish(change)
    assert list(Lead.objects.order_by("pk").values_list("assigned_to", flat=True)) == [person.pk, None, None]


def test_a_change_is_cancelled_between_two_chunks_and_can_be_resumed_or_undone(owner):
    leads_of(owner)
    change = start(owner, type="booking")
    assert chunks.process_chunk(change_id=change.pk)
    changes.cancel_bulk_change(change=change)
    assert not chunks.process_chunk(change_id=change.pk)
    assert (change.state, change.changed) == ("cancelled", 5)
    with pytest.raises(changes.WrongState):
        changes.cancel_bulk_change(change=change)
    changes.resume_bulk_change(change=change)
    assert finish(change).changed == MANY
    changes.undo_bulk_change(change=change)
    finish(change)
    with pytest.raises(changes.WrongState):
        changes.undo_bulk_change(change=change)
    assert (change.state, change.restored) == ("undone", MANY)
    assert set(Lead.objects.values_list("type", flat=True)) == {"order"}


def test_what_an_undo_has_begun_cannot_be_resumed(owner):
    leads_of(owner)
    change = finish(start(owner, status="contacted"))
    changes.undo_bulk_change(change=change)
    chunks.process_chunk(change_id=change.pk)
    changes.fail_bulk_change(change_id=change.pk, reason="The disk is full.")
    change.refresh_from_db()
    with pytest.raises(changes.WrongState):
        changes.resume_bulk_change(change=change)
    changes.undo_bulk_change(change=change)
    finish(change)
    assert (change.state, change.restored, change.remaining) == ("undone", MANY, 0)


def test_a_selection_over_several_businesses_belongs_to_the_person(owner, stranger, admin_user):
    leads_of(owner, 2)
    leads_of(stranger, 2)
    every = changes.start_bulk_change(person_id=admin_user.pk, leads=Lead.objects.all(), values={"status": "contacted"})
    assert (every.user, every.total) == (admin_user, 4)
    theirs = Lead.objects.filter(user=owner.user)
    one = changes.start_bulk_change(person_id=admin_user.pk, leads=theirs, values={"status": "contacted"})
    assert (one.user, one.person) == (owner.user, admin_user)


def test_integrators_and_the_history_are_told_as_of_single_changes(owner):
    create_endpoint(user_id=owner.id, url="https://crm.example.com/", events=["lead.updated"])
    leads = leads_of(owner, 3)
    Lead.objects.filter(pk=leads[0].pk).update(status="converted")
    WebhookEvent.objects.all().delete()
    finish(start(owner, status="contacted"))
    told = {row.payload["data"]["id"]: row.payload["data"]["status"] for row in WebhookEvent.objects.all()}
    assert told == {str(lead.pk): "contacted" for lead in leads[1:]}
    entry = LogEntry.objects.get(object_id=leads[1].pk)
    assert (entry.user_id, entry.get_change_message()) == (owner.id, "Changed Status.")
    assert entry.object_repr == str(leads[1])
    assert not LogEntry.objects.filter(object_id=leads[0].pk).exists()


def test_the_number_of_statements_of_a_chunk_does_not_depend_on_its_size(owner, monkeypatch):
    leads_of(owner, 40)
    change = start(owner, status="contacted")
    counts = []
    for size in (2, 30):
        monkeypatch.setattr(chunks, "CHUNK_SIZE", size)
        with CaptureQueriesContext(
            connection,
        ) as queries:
            assert chunks.process_chunk(change_id=change.pk)
        counts.append(len(queries))
    assert counts[0] == counts[1] <= 12


def test_old_choices_are_deleted_and_then_there_is_no_undo(owner):
    leads_of(owner, 3)
    change = finish(start(owner, status="contacted"))
    recent = finish(start(owner, status="qualified"))
    BulkChange.objects.filter(pk=change.pk).update(finished_at=timezone.now() - timedelta(days=31))
    changes.prune_bulk_changes()
    assert set(ChosenLead.objects.values_list("change_id", flat=True)) == {recent.pk}
    with pytest.raises(changes.WrongState, match="older than 30 days"):
        changes.undo_bulk_change(change=change)


def test_no_statement_deletes_more_than_a_batch_of_old_choices(owner, monkeypatch):
    monkeypatch.setattr(changes, "PRUNE_SIZE", 3)
    leads_of(owner, 10)
    for _ in range(2):
        change = start(owner, status="contacted")
        # Written in another order than that of the ids.
        for lead_id in change.chosen.order_by("-lead_id").values_list("lead_id", flat=True)[::2]:
            change.chosen.filter(lead_id=lead_id).update(outcome="same")
        BulkChange.objects.filter(pk=change.pk).update(
            state="finished", finished_at=timezone.now() - timedelta(days=31)
        )
    with connection.cursor() as cursor:
        # The rows come in the order in which they were written.
        cursor.execute("SET LOCAL enable_indexscan = off; SET LOCAL enable_bitmapscan = off")
    deleted = []

    def count(execute, sql, params, many, context):
        result = execute(sql, params, many, context)
        if sql.startswith("DELETE"):
            deleted.append(context["cursor"].rowcount)
        return result

    with connection.execute_wrapper(count):
        changes.prune_bulk_changes()
    assert (sum(deleted), max(deleted)) == (20, 3)


@pytest.mark.django_db(transaction=True)
def test_several_workers_with_one_change_change_each_lead_once(owner):
    leads_of(owner, 40)
    change = start(owner, status="contacted")
    with processes(3) as pool:
        for done in [pool.submit(process_all, change.pk) for _ in range(3)]:
            done.result()
    change.refresh_from_db()
    assert (change.state, change.changed) == ("finished", 40)
    assert set(Lead.objects.values_list("version", flat=True)) == {2}


def process_all(change_id) -> None:
    while chunks.process_chunk(change_id=change_id):
        pass


@pytest.mark.django_db(transaction=True)
def test_customers_are_locked_before_leads(owner):
    """A writer that holds the customer can still lock the lead: lock waits cannot form a cycle."""
    lead = leads_of(owner, 1)[0]
    change = start(owner, status="contacted")
    with session() as other, processes(1) as pool:
        other.execute("SELECT FROM customers WHERE user_id = %s FOR UPDATE", [owner.id])
        done = pool.submit(process_all, change.pk)
        until(lambda: waiting(other) == 1)
        assert is_free(Lead.objects.filter(pk=lead.pk))
        other.execute("UPDATE leads SET details = 'Newer' WHERE id = %s", [lead.pk])
        other.commit()
        done.result()
    assert Lead.objects.values_list("status", "details").get() == ("contacted", "Newer")
