"""All columns of each list."""

import pytest

from conversations.models import Conversation, Customer
from leads.models import Lead
from leadsite.accounts.models import User
from leadsite.exports.columns import COLUMNS
from tests.cases import each_case
from tests.leadsite.exports.exported import NEW, export, table
from tests.staff import staff_of

pytestmark = pytest.mark.django_db


@each_case("kind, model", [("conversation", Conversation), ("customer", Customer), ("lead", Lead)])
def test_each_list_is_exported_with_all_columns(kind, model, leads, owner):
    staff = staff_of(owner)
    page = staff.get(f"{NEW}/{kind}/").content.decode()
    assert f"{kind.capitalize()}s: <b>3</b>" in page
    names = [column.name for column in COLUMNS[kind]]
    rows = table(export(staff, kind, columns=names, format="xlsx"))
    assert {row["id"] for row in rows} == {str(pk) for pk in model.objects.values_list("pk", flat=True)}
    assert {row["name"] for row in rows} == {"Ana 0", "Ana 1", "Ana 2"}
    assert len(rows[0]) == len(names)


def test_chosen_columns_and_times_of_the_business(leads, owner):
    User.objects.filter(pk=owner.id).update(time_zone="Asia/Tokyo")
    Lead.objects.update(created_at="2026-01-31T20:30:00Z")
    rows = table(export(staff_of(owner), "lead", columns=["created_at", "lost_reason"]))
    assert [tuple(row) for row in rows] == [("lost reason", "created")] * 3
    assert {row["created"] for row in rows} == {"2026-02-01 05:30:00"}
