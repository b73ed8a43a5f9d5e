"""Fields accept their JSON type only."""

from typing import Any

import pytest
from rest_framework.serializers import ValidationError

from leadsite.rest.fields import (
    StrictBooleanField,
    StrictCharField,
    StrictChoiceField,
    StrictDateTimeField,
    StrictIntegerField,
)
from tests.cases import each_case

WORD = StrictChoiceField([("order", "Order"), ("booking", "Booking")])
OTHERS: list[tuple[Any, list[Any]]] = [
    (StrictCharField(), [5, 1.5, True, [], {}]),
    (StrictIntegerField(), ["5", 5.0, True, []]),
    (StrictBooleanField(), ["yes", 1, "true", []]),
    (WORD, ["cake", 5, True, []]),
    (StrictChoiceField([("5", "Five")]), [5, 5.0, True, []]),
]


@pytest.mark.parametrize(
    ("field", "value"),
    [(StrictCharField(), "5"), (StrictIntegerField(), 5), (StrictBooleanField(), True), (WORD, "order")],
)
def test_its_own_type_is_accepted(field: Any, value: Any) -> None:
    assert field.run_validation(value) == value


@each_case(("field", "value"), [(field, value) for field, values in OTHERS for value in values])
def test_another_type_is_refused(field: Any, value: Any) -> None:
    with pytest.raises(ValidationError):
        field.run_validation(value)


@pytest.mark.parametrize("time", ["9999-12-31T23:59:59-12:00", "9999-12-31T23:59:59Z", "0001-01-01T00:00:00+14:00"])
def test_a_time_that_not_every_zone_has_is_refused(time: str) -> None:
    with pytest.raises(ValidationError, match=r"years 2 to 9998|out of range"):
        StrictDateTimeField().run_validation(time)


def test_the_error_for_an_unknown_choice_lists_the_choices_and_does_not_quote_it() -> None:
    with pytest.raises(ValidationError) as refusal:
        WORD.run_validation("cake")
    assert refusal.value.detail == ["Must be one of order, booking."]
