"""Cells that look like formulas, and texts that XML cannot hold."""

import csv
import io

import pytest

from leads.models import Lead
from tests.cases import each_case
from tests.leadsite.exports.exported import export, table
from tests.staff import staff_of

pytestmark = pytest.mark.django_db


@each_case("text", ["=1+1", "+49 151", "-2", "@SUM(A1)", "\t=1", " =cmd|' /C calc'!A0", "\uff1d1"])
def test_formulas_are_quoted_and_come_back_as_they_were(text, owner):
    owner.has_lead(customer_name="x", details=text)
    staff = staff_of(owner)
    details = Lead.objects.get().details
    plain = export(staff, "lead", columns=["details"])
    ((cell,),) = list(csv.reader(io.StringIO(plain.content.decode("utf-8-sig"))))[1:]
    assert cell.startswith("'")
    for kind in ("csv", "xlsx"):
        assert [row["details"].strip() for row in table(export(staff, "lead", columns=["details"], format=kind))] == [
            details.strip()
        ]
    Lead.objects.all().delete()


def test_texts_that_xml_cannot_hold_do_not_spoil_the_workbook(owner):
    owner.has_lead(customer_name="x", details="a\x0bb <&> \u202e 😀")
    rows = table(export(staff_of(owner), "lead", columns=["details"], format="xlsx"))
    assert "<&>" in rows[0]["details"]
    assert "😀" in rows[0]["details"]
