"""The reader of the tests' log finds what must not be there."""

import logging

import pytest
import structlog

from tests.factories import ORDER
from tests.logged import Reader


@pytest.mark.parametrize(
    "said", [ORDER["customer_phone"], "+4915112345678", f"ls_{'0a' * 32}", ORDER["details"], "16505551234"]
)
def test_a_number_a_key_or_a_text_is_found(all_that_is_logged: Reader, said: str) -> None:
    structlog.get_logger("leadsite").debug("refused", said=said)
    (line,) = all_that_is_logged.take()
    assert said in line


def test_what_a_library_says_of_an_error_is_read_too(all_that_is_logged: Reader) -> None:
    try:
        raise ValueError(ORDER["details"])
    except ValueError:
        logging.getLogger("library").exception("it failed")
    assert len(all_that_is_logged.take()) == 1


def test_what_is_masked_is_no_finding(all_that_is_logged: Reader) -> None:
    logging.getLogger("library").error("no answer from %s", ORDER["customer_phone"])
    assert all_that_is_logged.take() == []


def test_ids_and_times_are_not(all_that_is_logged: Reader) -> None:
    logging.getLogger("leadsite").info("01a225f5-0c4a-7889-ab90-e767b2642c38 at 2026-11-29T06:19:06.238182+00:00")
    assert all_that_is_logged.take() == []
