"""Undo of updates: what has been changed since stays."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import transaction

from conversations.models import Conversation, Customer, Label, Message, Note
from leads.models import ImportChange, ImportRun, Lead
from leads.services.file_rows import UPDATE, check_rows
from leads.services.import_rows import import_leads as import_rows
from leads.services.undo import undo_leads
from leadsite.accounts.people.services import set_rotation
from leadsite.core import clock
from tests.factories import NOTHING, Business
from tests.leads.importing.operator import import_leads, run, write
from tests.sessions import session, waiting
from tests.site import until
from tests.staff import person_of

ROWS = ["a,+4915100000001,Anna B.,contacted,Two cakes", "b,+4915100000002,Bert B.,lost,Rolls"]
HEADER = "External ID,Phone,Name,Status,Notes"


@pytest.fixture
def updated(owner: Business, tmp_path) -> str:
    owner.has_lead(customer_phone="+4915100000001", customer_name="Anna", details="Cake", external_id="a")
    owner.has_lead(customer_phone="+4915100000002", customer_name="Bert", details="Bread", external_id="b")
    file = write(tmp_path / "a.csv", *ROWS, header=HEADER)
    return str(import_leads(owner, file, "--on-duplicate", "update", "--batch-size", 1).summary["run"])


def test_updated_leads_and_names_are_given_back(owner, updated):
    result = run("undo_import", updated)
    assert (result.code, result.summary["restored"], result.summary["names_restored"]) == (0, 2, 2)
    assert set(Lead.objects.values_list("details", "status")) == {("Cake", "new"), ("Bread", "new")}
    assert set(Customer.objects.values_list("name", flat=True)) == {"Anna", "Bert"}
    assert ImportRun.objects.get().state == "undone"
    assert not ImportChange.objects.exists()
    assert run("undo_import", updated).summary["restored"] == 0


def test_what_was_changed_since_stays_and_is_counted(owner, updated):
    Lead.objects.filter(external_id="a").update(details="Three cakes")
    Customer.objects.filter(name="Bert B.").update(name="Bertram")
    for _ in range(2):
        result = run("undo_import", updated)
        assert (result.code, result.summary["kept_changes"], result.summary["names_kept"]) == (1, 1, 1)
        assert "1 updated lead keeps what has been changed since." in result.error
    first = Lead.objects.get(external_id="a")
    assert (first.details, first.status) == ("Three cakes", "new")
    assert set(Customer.objects.values_list("name", flat=True)) == {"Anna", "Bertram"}


@pytest.fixture
def rewritten(owner: Business, tmp_path) -> str:
    """A run that has created a lead, and rewritten it in later batches: for a test with transactions of their own."""
    rows = ["a,+4915100000001,Anna,new,Cake", "a,+4915100000001,Anna B.,contacted,Two cakes", "a,+4915100000001,,,Pie"]
    file = write(tmp_path / "a.csv", *rows, header=HEADER)
    imported = import_leads(owner, file, "--on-duplicate", "update", "--batch-size", 1).summary
    assert (imported["created"], imported["updated"]) == (1, 2)
    return str(imported["run"])


@pytest.mark.django_db(transaction=True)
def test_a_lead_that_the_run_created_and_updated_is_removed_with_its_conversation(owner, rewritten):
    result = run("undo_import", rewritten)
    assert (result.code, result.summary["removed"]) == (0, 1)
    assert owner.row_counts() == NOTHING


@pytest.mark.django_db(transaction=True)
def test_a_lead_that_the_run_created_and_updated_stays_once_the_customer_has_written(owner, rewritten):
    written = Conversation.objects.get()
    Message.objects.create(user=owner.user, conversation=written, direction="in", content="Hi", status="received")
    result = run("undo_import", rewritten)
    assert (result.code, result.summary["removed"], result.summary["left"]) == (1, 0, 1)
    assert owner.row_counts() == (1, 1, 1)


@pytest.mark.django_db(transaction=True)
def test_a_lead_that_staff_changed_between_two_batches_of_the_run_stays(owner):
    importing = ImportRun.objects.create(user=owner.user, file_name="a.csv")
    _import_batch(importing, customer_phone="+4915100000001", external_id="a", customer_name="Anna", details="Cake")
    Lead.objects.update(status="qualified", updated_at=clock.now())
    _import_batch(importing, external_id="a", details="Two cakes")
    step = undo_leads(user_id=owner.id, run_id=importing.pk, before=None, limit=10)
    assert (step.undone, step.remaining) == (0, 1)
    assert Lead.objects.get().status == "qualified"


def _import_batch(importing: ImportRun, **said: str) -> None:
    rows = check_rows([said], defaults={"type": "inquiry"}, on_duplicate=UPDATE)
    with transaction.atomic():
        import_rows(
            user_id=importing.user_id, rows=rows, source="import", on_duplicate=UPDATE, import_run_id=importing.pk
        )


def test_a_name_that_was_filled_is_blank_again(owner, tmp_path):
    owner.has_lead(customer_phone="+4915100000001")
    Customer.objects.update(name="")
    imported = import_leads(owner, write(tmp_path / "a.csv", "b,+4915100000001,Anna,,Cake", header=HEADER)).summary
    assert Customer.objects.get().name == "Anna"
    assert run("undo_import", imported["run"]).summary["names_restored"] == 1
    assert Customer.objects.get().name == ""


@pytest.mark.django_db(transaction=True)
def test_leads_that_keep_the_date_of_the_file_are_removed_with_their_conversations(owner, tmp_path):
    rows = ["a,+4915100000001,Anna,new,2020-05-01", "b,+4915100000001,Anna,new,2020-06-01"]
    file = write(tmp_path / "a.csv", *rows, header="External ID,Phone,Name,Status,created_time")
    imported = import_leads(owner, file, "--keep-dates").summary
    assert imported["created"] == 2
    assert run("undo_import", imported["run"]).code == 0
    assert owner.row_counts() == (0, 0, 0)


PHONES = [f"+4915100000{number:03}" for number in range(1, 6)]


@pytest.mark.django_db(transaction=True)
def test_work_of_staff_on_the_conversation_since_then_stays_with_its_lead_and_is_counted(owner, tmp_path):
    file = write(tmp_path / "a.csv", *(f"{phone},Anna,order,Cake" for phone in PHONES), header="Phone,Name,Type,Notes")
    imported = import_leads(owner, file).summary["run"]
    noted, labelled, assigned, snoozed, _ = (conversation_of(phone) for phone in PHONES)
    note(noted, "Wants it without nuts")
    label = Label.objects.create(user=owner.user, name="Urgent")
    Conversation.objects.filter(pk=labelled.pk).update(label_ids=[label.pk], updated_at=clock.now())
    Conversation.objects.filter(pk=assigned.pk).update(assigned_to=owner.user, updated_at=clock.now())
    Conversation.objects.filter(pk=snoozed.pk).update(snoozed_until=clock.now(), updated_at=clock.now())
    result = run("undo_import", imported)
    assert (result.code, result.summary["removed"], result.summary["left"]) == (1, 1, 4)
    assert set(Customer.objects.values_list("phone", flat=True)) == set(PHONES[:4])
    assert Note.objects.get().text == "Wants it without nuts"


@pytest.mark.django_db(transaction=True)
def test_leads_that_people_got_in_turn_from_the_import_are_removed(owner, tmp_path):
    for email in ("ben@example.com", "cleo@example.com"):
        person_of(owner, "agent", email)
    set_rotation(business_id=owner.id, on=True)
    rows = [f"{phone},Anna,order,Cake {number}" for phone in PHONES for number in range(2)]
    imported = import_leads(owner, write(tmp_path / "a.csv", *rows, header="Phone,Name,Type,Notes")).summary["run"]
    assert not Conversation.objects.filter(assigned_to=None).exists()
    assert run("undo_import", imported).code == 0
    assert owner.row_counts() == NOTHING


@pytest.mark.django_db(transaction=True)
def test_a_note_that_is_being_written_stays(owner, tmp_path):
    """The undo waits for the note's transaction, and finds the note then."""
    file = write(tmp_path / "a.csv", f"{PHONES[0]},Anna,order,Cake", header="Phone,Name,Type,Notes")
    imported = import_leads(owner, file).summary["run"]
    written = conversation_of(PHONES[0])
    with session() as writer, session() as observer, ThreadPoolExecutor(1) as pool:
        writer.execute(
            "INSERT INTO notes (user_id, conversation_id, author_id, text, created_at, updated_at)"
            " VALUES (%s, %s, %s, 'Hello', now(), now())",
            [owner.id, written.pk, owner.id],
        )

        def commit() -> None:
            until(lambda: waiting(observer) == 1)
            writer.commit()

        committed = pool.submit(commit)
        result = run("undo_import", imported)
        committed.result()
    assert (result.summary["removed"], result.summary["left"]) == (0, 1)
    assert Note.objects.get().conversation_id == written.pk


def conversation_of(phone: str) -> Conversation:
    return Conversation.objects.get(customer__phone=phone)


def note(conversation: Conversation, text: str) -> None:
    Note.objects.create(
        user_id=conversation.user_id, conversation=conversation, author_id=conversation.user_id, text=text
    )
