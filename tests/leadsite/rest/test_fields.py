"""Fields accept their JSON type only."""

from typing import Any

import pytest
from rest_framework.serializers import ValidationError

from leadsite.rest.fields import StrictBooleanField, StrictCharField, StrictChoiceField, StrictIntegerField
from tests.cases import each_case

WORD = StrictChoiceField([("order", "Order"), ("booking", "Booking")])
OTHERS: list[tuple[Any, list[Any]]] = [
    (StrictCharField(), [5, 1.5, True, [], {}]),
    (StrictIntegerField(), ["5", 5.0, True, []]),
    (StrictBooleanField(), ["yes", 1, "true", []]),
    (WORD, ["cake", 5, True, []]),
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


def test_the_error_for_an_unknown_choice_lists_the_choices_and_does_not_quote_it() -> None:
    with pytest.raises(ValidationError) as refusal:
        WORD.run_validation("cake")
    assert refusal.value.detail == ["Must be one of order, booking."]
