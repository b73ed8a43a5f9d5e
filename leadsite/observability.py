"""Django's LOGGING: one JSON object per line (plain lines in the demo), with the id of the request."""

import logging
from typing import Any

import structlog
from procrastinate.exceptions import ConnectorException

from leadsite.core.logs import lines


class LostConnectionFilter(logging.Filter):
    """Drops procrastinate's long tracebacks about lost connections.

    leadsite/worker.py logs `worker_interrupted` instead. Records about jobs stay, whatever their error.
    """

    def filter(self, record: logging.LogRecord) -> bool:
        error = record.exc_info[1] if record.exc_info else None
        return hasattr(record, "job") or not isinstance(error, ConnectorException)


_LOGGERS: dict[str, Any] = {
    # RequestLog has a line for each answer, and one with the traceback for each error that nobody handled.
    "django.request": {"level": "CRITICAL"},
    # Scanners send wrong host names and expired forms: security events with one line each (leadsite/errors.py).
    "django.security.DisallowedHost": {"level": "CRITICAL"},
    "django.security.csrf": {"level": "CRITICAL"},
    "django.server": {"handlers": ["stderr"], "level": "INFO", "propagate": False},
    # granian's lines of this process; those of its master are formatted by leadsite/server/granian_logs.json.
    "_granian": {"handlers": ["stderr"], "propagate": False},
    "granian.access": {"handlers": ["stderr"], "propagate": False},
    # At INFO, procrastinate lists the periodic tasks at each command and writes three lines for each successful job.
    "procrastinate": {"level": "WARNING"},
    "procrastinate.utils": {"filters": ["lost_connections"]},
    "procrastinate.worker": {"filters": ["lost_connections"]},
    "procrastinate.worker.worker": {"filters": ["lost_connections"]},
    # The worker's pool warns at each reconnection attempt; `worker_interrupted` reports it once.
    "psycopg.pool": {"level": "ERROR"},
}


def logging_settings(*, level: str, readable: bool) -> dict[str, Any]:
    """Configure structlog and return Django's LOGGING: everything at `level` and above goes to standard error."""
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *lines.SHARED,
            structlog.processors.StackInfoRenderer(),
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=True,
    )
    if not readable:
        lines.log_uncaught_errors()
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {"structured": {"()": lines.readable_formatter if readable else lines.json_formatter}},
        "filters": {"lost_connections": {"()": LostConnectionFilter}},
        "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "structured"}},
        "root": {"handlers": ["stderr"], "level": level},
        "loggers": _LOGGERS,
    }
