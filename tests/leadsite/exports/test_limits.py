"""How many long exports a business may have."""

from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from procrastinate.contrib.django.models import ProcrastinateJob

from leadsite.core import clock
from leadsite.exports import limits, services, tasks
from leadsite.exports.models import Export
from tests.leadsite.exports.exported import export
from tests.staff import Staff, member_of, staff_of

pytestmark = pytest.mark.django_db
CONTEXT: Any = SimpleNamespace(should_abort=lambda: False)


@pytest.fixture(autouse=True)
def long(leads, monkeypatch):
    monkeypatch.setattr(limits, "AT_ONCE", 1)


def orders(staff: Staff) -> bool:
    """Whether the page of a new export leads to that of its progress."""
    return "Location" in export(staff, "lead", "q=cake")


def test_a_business_has_a_few_exports_in_progress_and_its_next_is_refused_with_a_reason(owner, stranger):
    stranger.has_lead(details="cake")
    stranger.has_lead(details="cake")
    for _ in range(limits.MAX_IN_PROGRESS):
        assert orders(staff_of(owner))
    for staff in (staff_of(owner), member_of(owner, "agent")):
        page = export(staff, "lead", "q=cake")
        assert page.status_code == 200
        assert "Your business has 3 exports in progress." in page.content.decode()
    assert Export.objects.count() == limits.MAX_IN_PROGRESS
    assert orders(staff_of(stranger))
    services.process_export(Export.objects.earliest("pk").pk, should_stop=lambda: False)
    assert orders(staff_of(owner))


def test_a_business_has_a_limited_number_of_files_and_those_of_yesterday_do_not_count(owner, monkeypatch):
    monkeypatch.setattr(limits, "MAX_A_DAY", 2)
    for _ in range(2):
        assert orders(staff_of(owner))
    Export.objects.update(state="finished")
    assert "Your business has 2 long exports of the last day." in export(staff_of(owner), "lead").content.decode()
    Export.objects.update(created_at=clock.now() - timedelta(hours=25))
    assert orders(staff_of(owner))


def test_an_export_that_failed_has_no_file(owner, monkeypatch):
    monkeypatch.setattr(limits, "MAX_A_DAY", 1)
    assert orders(staff_of(owner))
    Export.objects.update(state="failed")
    assert orders(staff_of(owner))


def test_a_business_has_one_written_at_a_time_and_then_the_next(owner, stranger):
    """A worker does four jobs at a time: long exports of one business would keep those of the others waiting."""
    for _ in range(2):
        stranger.has_lead(details="cake")
    for staff in (staff_of(owner), staff_of(owner), staff_of(stranger)):
        assert orders(staff)
    first, second, other = Export.objects.order_by("pk")
    Export.objects.filter(pk=first.pk).update(state="running", attempts=1)
    for waiting in (second, other):
        process(waiting)
    assert [one.state for one in Export.objects.order_by("pk")] == ["running", "waiting", "finished"]
    ProcrastinateJob.objects.all().delete()
    Export.objects.filter(pk=first.pk).update(updated_at=clock.now() - 2 * services.STALE)
    process(first)
    assert [job.args for job in ProcrastinateJob.objects.all()] == [{"export_id": str(second.pk)}]
    process(second)
    assert Export.objects.get(pk=second.pk).state == "finished"


def process(export: Export) -> None:
    tasks.write_export(CONTEXT, export_id=str(export.pk))
