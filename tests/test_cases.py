"""Many cases in one test."""

import pytest

from leadsite.accounts.models import User
from tests.cases import each_case
from tests.factories import Business


@each_case("first, second", [(1, 2), (2, 3)])
@each_case("third", range(3))
def test_each_case_has_its_values(first: int, second: int, third: int):
    assert (first, second - first) in {(1, 1), (2, 1)}
    assert third in range(3)


@each_case("email", ["a@b.example", "a@b.example"])
def test_each_case_begins_with_the_rows_of_the_fixtures(owner: Business, email: str):
    assert User.objects.count() == 1
    User.objects.create_user(email)


def test_all_failed_cases_are_named():
    @each_case("number", [1, 2, 3, 4])
    def even(number: int):
        assert number % 2 == 0

    with pytest.raises(ExceptionGroup, match=r"2 of 4 cases of .*even failed") as failed:
        even()
    assert [error.__notes__ for error in failed.value.exceptions] == [
        ["This was the case {'number': 1}."],
        ["This was the case {'number': 3}."],
    ]


def test_a_case_without_a_value_is_an_error():
    with pytest.raises(AssertionError):
        each_case("a, b", [(1,)])


def test_a_case_that_should_have_raised_is_named():
    @each_case("text", ["1", "x"])
    def refused(text: str):
        with pytest.raises(ValueError, match="invalid"):
            int(text)

    with pytest.raises(BaseExceptionGroup, match="1 of 2") as failed:
        refused()
    assert "DID NOT RAISE" in str(failed.value.exceptions[0])
