"""Long exports: the worker writes them, and they end after a day."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import translation

from conversations.models import Customer
from leadsite.accounts.models import Membership, User
from leadsite.accounts.services import give_owner_a_group
from leadsite.core import clock
from leadsite.exports import limits, services
from leadsite.exports.models import Export, ExportFile
from leadsite.privacy.erasing import erase_customer
from tests.leadsite.exports.exported import export, table
from tests.staff import member_of, operator, staff_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def long(leads, owner, monkeypatch):
    """An export of more rows than a request writes, waiting for a worker; and the page of its owner."""
    monkeypatch.setattr(limits, "AT_ONCE", 1)
    staff = staff_of(owner)
    response = export(staff, "lead", "q=cake", format="xlsx")
    return staff, response["Location"]


def test_a_long_one_is_written_by_the_worker_and_downloaded_for_a_day(long, leads, owner, stranger):
    staff, path = long
    assert "data-import-progress" in staff.get(path).content.decode()
    assert staff.get(f"{path}file/").status_code == 302
    assert staff.get(f"{path}progress/").json()["over"] is False
    services.process_export(Export.objects.get().pk, should_stop=lambda: False)
    assert (
        staff.get(f"{path}progress/").json() | {"progress": 1.0, "over": True, "read": 3}
        == staff.get(f"{path}progress/").json()
    )
    assert f"{path}file/" in staff.get(path).content.decode()
    rows = table(staff.get(f"{path}file/"))
    assert [row["id"] for row in rows] == [str(lead.pk) for lead in reversed(leads)]
    for other in (staff_of(stranger), member_of(owner, "agent"), operator()):
        assert other.get(path).status_code == 404
        assert other.get(f"{path}file/").status_code == 404
    Export.objects.update(created_at=clock.now() - timedelta(hours=25))
    assert staff.get(f"{path}file/").status_code == 404
    services.prune_exports()
    assert not Export.objects.exists()
    assert not ExportFile.objects.exists()


def test_a_long_one_is_in_the_language_of_the_page_that_asked_for_it(leads, owner, monkeypatch):
    monkeypatch.setattr(limits, "AT_ONCE", 1)
    User.objects.filter(pk=owner.id).update(language="de")
    staff = staff_of(owner)
    path = export(staff, "lead", columns=["type", "source"])["Location"]
    with translation.override("en"):
        services.process_export(Export.objects.get().pk, should_stop=lambda: False)
    assert table(staff.get(f"{path}file/")) == [{"Typ": "Bestellung", "Herkunft": "Manuell"}] * 3


def test_a_person_who_has_left_gets_no_file(long, owner):
    User.objects.get(pk=owner.id).memberships.update(role="viewer")
    User.objects.get(pk=owner.id).groups.clear()
    services.process_export(Export.objects.get().pk, should_stop=lambda: False)
    assert Export.objects.get().state == "failed"
    assert "may not see" in Export.objects.get().error


def test_a_person_who_works_for_another_business_now_gets_none_of_its_rows_in_the_former(long, owner, stranger):
    stranger.has_lead(details="cake of others")
    Membership.objects.filter(person=owner.user).delete()
    Membership.objects.create(person=owner.user, business=stranger.user, role="owner")
    services.process_export(Export.objects.get().pk, should_stop=lambda: False)
    assert Export.objects.get().state == "failed"
    assert "may not see" in Export.objects.get().error
    assert not ExportFile.objects.exists()


def test_a_worker_that_is_stopped_leaves_it_to_another_and_two_write_it_once(long):
    export_id = Export.objects.get().pk
    services.process_export(export_id, should_stop=lambda: True)
    assert Export.objects.get().state == "waiting"
    services.process_export(export_id, should_stop=lambda: False)
    services.process_export(export_id, should_stop=lambda: False)
    assert ExportFile.objects.count() == 1


def test_a_worker_that_is_stopped_is_not_counted_as_killed(long):
    export_id = Export.objects.get().pk
    for _ in range(services.MAX_ATTEMPTS + 1):
        services.process_export(export_id, should_stop=lambda: True)
    services.process_export(export_id, should_stop=lambda: False)
    assert (Export.objects.get().state, Export.objects.get().attempts) == ("finished", 1)


def _taken_over(stop: bool) -> Callable[[], bool]:
    """While this worker was suspended, another one has taken its export and written it."""

    def should_stop() -> bool:
        Export.objects.update(updated_at=clock.now() - 2 * services.STALE)
        services.process_export(Export.objects.get().pk, should_stop=lambda: False)
        if stop:
            return True
        raise ValueError("The first worker has a fault.")

    return should_stop


def test_a_worker_that_was_overtaken_and_is_stopped_leaves_the_export_of_the_other_one(long):
    services.process_export(Export.objects.get().pk, should_stop=_taken_over(stop=True))
    assert Export.objects.get().state == "finished"


def test_a_worker_that_was_overtaken_and_fails_leaves_the_export_of_the_other_one(long):
    Export.objects.update(format="csv")  # the garbage collector reports a workbook whose file was closed first
    with pytest.raises(ValueError, match="fault"):
        services.process_export(Export.objects.get().pk, should_stop=_taken_over(stop=False))
    assert (Export.objects.get().state, Export.objects.get().error) == ("finished", "")


def test_a_killed_worker_is_followed_by_another_three_times(long):
    for number in range(4):
        Export.objects.filter(attempts=number).update(state="running", updated_at=clock.now() - timedelta(minutes=2))
        if number < 3:
            Export.objects.update(attempts=number + 1)
    Export.objects.update(state="running", updated_at=clock.now() - timedelta(minutes=2))
    services.process_export(Export.objects.get().pk, should_stop=lambda: False)
    assert "Three workers" in Export.objects.get().error


def test_an_erasure_deletes_the_exports_of_the_business(long, owner):
    services.process_export(Export.objects.get().pk, should_stop=lambda: False)
    erase_customer(user_id=owner.id, customer_id=Customer.objects.order_by("pk")[0].pk)
    assert not Export.objects.exists()
    assert not ExportFile.objects.exists()


def test_an_erasure_deletes_the_exports_of_operators_who_see_all_businesses(leads, owner, stranger, monkeypatch):
    monkeypatch.setattr(limits, "AT_ONCE", 1)
    stranger.has_lead(details="cake")
    stranger.has_lead(details="cake")
    export(staff_of(stranger), "lead", "q=cake")
    export(operator(), "lead", "q=cake")
    for pk in Export.objects.values_list("pk", flat=True):
        services.process_export(pk, should_stop=lambda: False)
    erase_customer(user_id=owner.id, customer_id=Customer.objects.filter(user=owner.user)[0].pk)
    assert Export.objects.get().user == stranger.user
    assert ExportFile.objects.get().user == stranger.user


@pytest.fixture
def every(leads, owner, stranger, monkeypatch):
    """An export of all businesses, written for an operator who works for one of them; the operator's page of it."""
    monkeypatch.setattr(limits, "AT_ONCE", 1)
    stranger.has_lead(details="cake of others")
    staff = operator()
    Membership.objects.create(person=User.objects.get(is_superuser=True), business=owner.user, role="owner")
    path = export(staff, "lead", "q=cake")["Location"]
    services.process_export(Export.objects.get().pk, should_stop=lambda: False)
    assert len(table(staff.get(f"{path}file/"))) == 4
    User.objects.filter(is_superuser=True).update(is_superuser=False)
    give_owner_a_group(person=User.objects.get(pk=Export.objects.get().person_id))
    return staff, path


def test_who_is_no_operator_any_more_gets_no_export_of_all_businesses(every):
    staff, path = every
    assert staff.get("/admin/exports/").status_code == 200
    assert path not in staff.get("/admin/exports/").content.decode()
    for page in (path, f"{path}progress/", f"{path}file/"):
        assert staff.get(page).status_code == 404


def test_who_is_no_operator_any_more_has_none_written(every):
    ExportFile.objects.all().delete()
    Export.objects.update(state="waiting")
    services.process_export(Export.objects.get().pk, should_stop=lambda: False)
    assert Export.objects.get().state == "failed"
    assert "may not see" in Export.objects.get().error


def test_an_erasure_deletes_an_export_of_all_businesses_of_who_is_no_operator_any_more(every, stranger):
    erase_customer(user_id=stranger.id, customer_id=Customer.objects.get(user=stranger.user).pk)
    assert not Export.objects.exists()
    assert not ExportFile.objects.exists()


def test_the_pieces_of_old_exports_are_deleted_in_batches(long, monkeypatch):
    """They are megabytes."""
    monkeypatch.setattr(services, "PIECE", 1000)
    monkeypatch.setattr(services, "PRUNED_PIECES", 1, raising=False)
    services.process_export(Export.objects.get().pk, should_stop=lambda: False)
    pieces = ExportFile.objects.count()
    Export.objects.update(created_at=clock.now() - timedelta(hours=25))
    with CaptureQueriesContext(connection) as queries:
        assert services.prune_exports() == 1
    assert not ExportFile.objects.exists()
    assert sum('DELETE FROM "export_files"' in query["sql"] for query in queries.captured_queries) == pieces > 1
