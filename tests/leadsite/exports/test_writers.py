"""Cells that look like formulas, and texts that XML cannot hold."""

import csv
import io
from datetime import datetime

import openpyxl
import pytest

from leads.models import Lead
from leadsite.accounts.models import User
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


def test_a_workbook_has_times_of_the_business_a_frozen_bold_header_and_widths(owner):
    User.objects.filter(pk=owner.id).update(time_zone="Asia/Tokyo")
    owner.has_lead(customer_name="x", details="cake")
    Lead.objects.update(created_at="2026-01-31T20:30:15Z")
    columns = ["details", "created_at", "updated_at"]
    response = export(staff_of(owner), "lead", columns=columns, format="xlsx")
    sheet = openpyxl.load_workbook(io.BytesIO(response.content))["Sheet1"]
    assert sheet["B2"].value == datetime(2026, 2, 1, 5, 30, 15)  # noqa: DTZ001 - a workbook has no time zones
    assert sheet["B2"].is_date
    assert (sheet.freeze_panes, sheet["A1"].font.bold) == ("A2", True)
    widths = [sheet.column_dimensions[letter].width for letter in "AB"]
    assert widths[0] > widths[1] >= len("2026-02-01 05:30:15")
    # As it was: what has been exported can be imported again.
    assert table(response)[0]["created"] == "2026-02-01 05:30:15"
