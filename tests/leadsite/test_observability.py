"""Records that the log leaves out."""

import logging
from typing import Any

import pytest
from procrastinate.exceptions import ConnectorException


def is_logged(name: str, error: Exception, **extra: Any) -> bool:
    """Whether a library's logger, as the settings configure it, logs an error."""
    logger = logging.getLogger(name)
    exc_info = (type(error), error, None)
    return bool(logger.filter(logger.makeRecord(name, logging.ERROR, "", 0, "failed", (), exc_info, extra=extra)))


@pytest.mark.parametrize("name", ["procrastinate.utils", "procrastinate.worker", "procrastinate.worker.worker"])
def test_a_lost_connection_is_not_logged_by_procrastinate_too(name: str) -> None:
    assert not is_logged(name, ConnectorException("the server is away"))


@pytest.mark.parametrize("name", ["procrastinate.utils", "procrastinate.worker", "procrastinate.worker.worker"])
def test_other_errors_of_procrastinate_and_all_of_jobs_are_logged(name: str) -> None:
    assert is_logged(name, TypeError("a fault"))
    assert is_logged(name, ConnectorException("the server is away"), job={"id": 1})


def test_the_reconnections_of_a_pool_are_not_logged() -> None:
    assert not logging.getLogger("psycopg.pool").isEnabledFor(logging.WARNING)
