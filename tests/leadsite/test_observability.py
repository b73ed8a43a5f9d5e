"""What the log leaves out."""

import logging
from typing import Any

import pytest
from procrastinate.exceptions import ConnectorException


def is_logged(name: str, error: Exception, **extra: Any) -> bool:
    """Whether a library's logger, as the settings make it, lets the record of an error pass."""
    logger = logging.getLogger(name)
    exc_info = (type(error), error, None)
    return bool(logger.filter(logger.makeRecord(name, logging.ERROR, "", 0, "failed", (), exc_info, extra=extra)))


@pytest.mark.parametrize("name", ["procrastinate.utils", "procrastinate.worker", "procrastinate.worker.worker"])
def test_a_lost_connection_is_said_once_and_not_by_procrastinate(name: str) -> None:
    assert not is_logged(name, ConnectorException("the server is away"))


@pytest.mark.parametrize("name", ["procrastinate.utils", "procrastinate.worker", "procrastinate.worker.worker"])
def test_other_errors_of_procrastinate_and_all_of_jobs_are_logged(name: str) -> None:
    assert is_logged(name, TypeError("a fault"))
    assert is_logged(name, ConnectorException("the server is away"), job={"id": 1})


def test_a_pool_that_tries_again_says_nothing_of_it() -> None:
    assert not logging.getLogger("psycopg.pool").isEnabledFor(logging.WARNING)
