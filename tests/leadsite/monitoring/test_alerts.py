"""The self-check's findings on the Overview."""

import pytest

from leadsite.monitoring.models import IntegrityRun
from tests.factories import Business
from tests.staff import ESCAPED, HOSTILE, operator, staff_of


@pytest.mark.django_db
def test_operators_see_what_the_last_self_check_found(owner: Business) -> None:
    finding = {
        "check": "x",
        "count": 3,
        "meaning": "rows too many",
        "what_to_do": "Delete them.",
        "examples": [HOSTILE],
    }
    IntegrityRun.objects.create(seconds=1, total=1, findings=[finding])
    person = operator()
    page = person.get("/admin/overview/").content.decode()
    assert "found 3 rows too many" in page
    assert "Delete them." in page
    assert ESCAPED in page
    assert "rows too many" not in staff_of(owner).get("/admin/overview/").content.decode()
    IntegrityRun.objects.create(seconds=1, total=0)
    assert "self-check" not in person.get("/admin/overview/").content.decode()
