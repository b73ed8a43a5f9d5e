"""The page of an import: the file of refused rows."""

import csv
import io

import pytest

from leads.models import ImportRun, Lead
from tests.factories import Business
from tests.leads.uploading import decide, run_worker, the_run, upload
from tests.staff import Staff, address, staff_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def staff(owner: Business) -> Staff:
    return staff_of(owner)


def test_refused_rows_are_quoted_and_can_be_imported_again(staff):
    upload(staff, "name,phone,type,details\n=cmd(),nonsense,order,+1\n")
    decide(staff, "import")
    run_worker()

    response = staff.get(address("refused", the_run()))

    assert response["Content-Type"] == "text/csv; charset=utf-8"
    assert "leads-refused.csv" in response["Content-Disposition"]
    text = b"".join(response.streaming_content).decode("utf-8-sig")
    header, row = csv.reader(io.StringIO(text))
    assert header == ["name", "phone", "type", "details", "line", "field", "reason"]
    assert row[:6] == ["'=cmd()", "nonsense", "order", "'+1", "2", "customer_phone"]
    ImportRun.objects.all().delete()
    upload(staff, text.replace("nonsense", "+4915100000009"))
    decide(staff, "import")
    run_worker()
    assert Lead.objects.get().details == "+1"
