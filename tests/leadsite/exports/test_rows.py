"""An export has the rows of the list, and no others."""

import pytest

from leads.models import DeletedLead
from leads.services.delete import delete_lead
from tests.cases import each_case
from tests.leadsite.exports.exported import export, table
from tests.staff import staff_of

pytestmark = pytest.mark.django_db


@each_case("kind", ["csv", "xlsx"])
@each_case(
    "query", ["", "status__exact=lost", "q=cake+2", "q=Ana", "type__exact=order&q=cake", "status__exact=new&p=2"]
)
def test_an_export_has_the_rows_of_the_list(kind, query, leads, owner, stranger):
    stranger.has_lead(customer_name="Ana 9", details="cake 9")
    staff = staff_of(owner)
    shown = staff.client.get(f"/admin/leads/lead/?{query.replace('&p=2', '')}").context["cl"].result_list
    rows = table(export(staff, "lead", query, format=kind))
    assert [row["id"] for row in rows] == [str(lead.pk) for lead in shown]


def test_deleted_leads_are_exported_from_their_list_only(leads, owner):
    delete_lead(user_id=owner.id, lead_id=leads[0].pk, person_id=owner.id)
    staff = staff_of(owner)
    assert [row["id"] for row in table(export(staff, "deletedlead"))] == [str(leads[0].pk)]
    assert len(table(export(staff, "lead"))) == 2
    assert DeletedLead.objects.count() == 1


@each_case("query", ["nonsense=1", "status__exact=", "created_at__gte=yesterday", "q=" + "x+" * 30])
def test_a_filter_that_the_list_refuses_exports_nothing_else(query, leads, owner):
    response = export(staff_of(owner), "lead", query)
    assert response.status_code == 302 or table(response) == []
