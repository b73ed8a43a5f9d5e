"""The forms of leads: their errors."""

import pytest

from tests.factories import NOTHING
from tests.leads.admin.lead_pages import ADD, TYPED, page_of
from tests.staff import errors_of, staff_of


@pytest.mark.parametrize(
    ("field", "typed"),
    [
        ("customer_phone", "0151 23456789"),
        ("customer_phone", "call me"),
        ("customer_phone", ""),
        ("customer_name", "  "),
        ("customer_name", "x" * 201),
        ("customer_name", "Am\0ina"),
        ("details", "x" * 10_001),
        ("type", "quote"),
        ("status", "done"),
    ],
)
def test_an_invalid_value_is_an_error_at_its_field(owner, field, typed):
    response = staff_of(owner).fill(ADD, **{**TYPED, field: typed})

    assert list(errors_of(response)) == [field]
    assert "A cake" in response.content.decode() or field == "details"
    assert owner.row_counts() == NOTHING


@pytest.mark.parametrize("day", ["9999-12-31", "0001-01-01"])
def test_a_follow_up_has_a_year_that_every_page_can_show(owner, day):
    owner.user.time_zone = "America/New_York" if day == "9999-12-31" else "Asia/Tokyo"
    owner.user.save()
    lead, path = page_of(owner)
    staff = staff_of(owner)

    response = staff.fill(path, follow_up_at_0=day, follow_up_at_1="23:30:00" if day == "9999-12-31" else "00:30:00")

    assert list(errors_of(response)) == ["follow_up_at"]
    lead.refresh_from_db()
    assert lead.follow_up_at is None
    staff.get(path)


def test_a_lost_lead_needs_a_reason(owner):
    lead, path = page_of(owner)
    staff = staff_of(owner)
    assert list(errors_of(staff.fill(path, status="lost"))) == ["lost_reason"]
    staff.fill(path, status="lost", lost_reason="Found a baker nearer")
    lead.refresh_from_db()
    assert (lead.status, lead.lost_reason) == ("lost", "Found a baker nearer")
