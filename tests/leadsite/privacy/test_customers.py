"""Customers who are deleted by age leave nothing by which one knows who they were."""

from datetime import timedelta

import pytest
from django.contrib.admin.models import CHANGE, LogEntry

from conversations.models import Customer, CustomerMove
from leads.models import Lead
from leadsite.core import clock
from leadsite.privacy.purge import purge_deleted
from leadsite.privacy.retention import delete_old
from tests.cases import each_case
from tests.leads.merging.pairs import customer_of, make_one
from tests.leadsite.privacy.test_erasing import dump
from tests.leadsite.privacy.test_purge import deleted, never

pytestmark = pytest.mark.django_db
# Of Sheena, whose numbers these are, and of Ana, who is the same person.
WORDS = ("Sheena", "Ana", "6505551234", "6505550000", "6505559999", "4915100000001")


def purge(owner, settings):
    for lead in Lead.objects.filter(user=owner.user, conversation__customer__name="Sheena"):
        deleted(owner, lead.pk, days=31)
    purge_deleted(should_stop=never)


def delete_by_age(owner, settings):
    settings.CLOSED_LEAD_DAYS = 30
    old = Lead.objects.filter(user=owner.user, conversation__customer__name="Sheena")
    old.update(status="lost", updated_at=clock.now() - timedelta(days=31))
    delete_old(now=clock.now(), should_stop=never)


def moved(owner, former, phone):
    CustomerMove.objects.create(user=owner.user, former=former, phone=phone, moved_at=clock.now())


@pytest.fixture
def sheena(owner):
    """Sheena had two other numbers before, and was a second customer, Ana. Staff have worked on both."""
    sheena = customer_of(owner.has_lead(customer_name="Sheena", customer_phone="+16505551234"))
    ana = customer_of(owner.has_lead(customer_name="Ana", customer_phone="+4915100000001"))
    moved(owner, "+16505550000", "+16505559999")
    moved(owner, "+16505559999", "+16505551234")
    LogEntry.objects.log_actions(str(owner.id), [sheena, *sheena.conversations.all()], CHANGE, "")
    LogEntry.objects.log_actions(str(owner.id), [ana], CHANGE, "")
    make_one(owner, ana, sheena)
    return sheena


def traces():
    return sorted({(table, word) for table, row in dump() for word in WORDS if word in row})


@each_case("by", [purge, delete_by_age])
def test_nothing_says_who_a_deleted_customer_was(by, sheena, owner, settings):
    tables = {table for table, _ in traces()}
    assert {"customers", "customer_moves", "customer_merges", "django_admin_log"} < tables
    by(owner, settings)
    assert not Customer.objects.exists()
    assert traces() == []


@each_case("by", [purge, delete_by_age])
def test_what_is_known_of_others_stays(by, sheena, owner, stranger, settings):
    """Also of who has a number now that was Sheena's, and of the same person at another business."""
    otto = customer_of(owner.has_lead(customer_name="Otto", customer_phone="+447700900123"))
    for business, former, phone in (
        (owner, "+447700900000", "+447700900123"),
        (stranger, "+16505559999", "+16505551234"),
    ):
        moved(business, former, phone)
    LogEntry.objects.log_actions(str(owner.id), [otto], CHANGE, "")
    by(owner, settings)
    assert Customer.objects.get() == otto
    assert sorted(CustomerMove.objects.values_list("former", flat=True)) == ["+16505559999", "+447700900000"]
    assert LogEntry.objects.get().object_id == str(otto.pk)
