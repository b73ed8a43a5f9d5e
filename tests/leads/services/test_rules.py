"""check_lead: the table of cases without a database, and which external ids are taken."""

from typing import Any

import pytest

from leads.services.rules import (
    EXTERNAL_ID_TAKEN,
    CheckedLead,
    LeadError,
    NewLead,
    check_lead,
    external_ids,
    without_taken,
)
from tests.cases import each_case
from tests.factories import ORDER
from tests.leads.lead_cases import BAD, BAD_JSON, GOOD, MISSING

TEXTS = {
    name: case
    for name, case in (BAD | BAD_JSON).items()
    if case.field in NewLead.__slots__ and all(isinstance(value, str) for value in case.body.values())
}


def lead(**fields: Any) -> NewLead:
    return NewLead(**{name: value for name, value in (ORDER | fields).items() if value not in (MISSING, None)})


def good(external_id: str | None) -> CheckedLead:
    checked = check_lead(lead(external_id=external_id))
    assert isinstance(checked, CheckedLead)
    return checked


@each_case("case", GOOD)
def test_a_valid_lead_is_trimmed_and_normalised(case):
    fields: Any = GOOD[case]
    given = lead(**fields)
    checked = check_lead(given)
    assert isinstance(checked, CheckedLead)
    assert (checked.phone, checked.phone_key) == ("+1234567890", "+1234567890")
    assert (checked.name, checked.details) == (given.customer_name.strip(), given.details)


@each_case("case", TEXTS)
def test_an_invalid_lead_has_the_error_of_its_field(case: str) -> None:
    refused = TEXTS[case]
    required = {"customer_phone": "", "customer_name": "", "type": ""}
    error = check_lead(NewLead(**(required | refused.body)))
    assert isinstance(error, LeadError)
    assert (error.field, error.constraint) == (refused.field, refused.constraint)
    assert error.sqlstate == ("23514" if refused.constraint else "LD001")


@pytest.mark.parametrize("text", ["a\0b", "\ud800"])
def test_text_that_cannot_be_stored_is_an_error(text: str) -> None:
    error = check_lead(lead(details=text))
    assert isinstance(error, LeadError)
    assert (error.field, error.constraint) == ("details", None)


def test_the_second_of_two_leads_with_one_external_id_has_an_error() -> None:
    bad = LeadError("type", "type is wrong.", "leads_type_valid")
    checked: list[CheckedLead | LeadError] = [good("a"), bad, good(" a "), good("b"), good(None), good(None)]
    assert external_ids(checked) == ["a", "b"]
    assert without_taken(checked, {"b"}) == [
        checked[0],
        bad,
        EXTERNAL_ID_TAKEN,
        EXTERNAL_ID_TAKEN,
        checked[4],
        checked[5],
    ]
    assert EXTERNAL_ID_TAKEN.sqlstate == "23505"
