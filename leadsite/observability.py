"""Logging: one JSON object per line (plain lines in the demo), with the id of the request."""

import logging
from typing import Any

import structlog
from procrastinate.exceptions import ConnectorException

# Applied to structlog events and to records of the standard logging module.
_SHARED: list[structlog.typing.Processor] = [
    structlog.contextvars.merge_contextvars,  # request_id, user_id, ip from django-structlog
    structlog.stdlib.add_log_level,
    structlog.stdlib.add_logger_name,
    structlog.processors.TimeStamper(fmt="iso", utc=True),
]


class LostConnectionFilter(logging.Filter):
    """Drops procrastinate's long tracebacks about lost connections.

    leadsite/worker.py logs `worker_interrupted` instead. Records about jobs stay, whatever their error.
    """

    def filter(self, record: logging.LogRecord) -> bool:
        error = record.exc_info[1] if record.exc_info else None
        return hasattr(record, "job") or not isinstance(error, ConnectorException)


_LOGGERS: dict[str, Any] = {
    # Django would log its own line for each 4xx, which django-structlog's request_finished reports already.
    "django.request": {"level": "ERROR"},
    # Scanners send wrong host names and get 400; a traceback for each would fill the log.
    "django.security.DisallowedHost": {"level": "CRITICAL"},
    "django.server": {"handlers": ["stderr"], "level": "INFO", "propagate": False},
    # At INFO, procrastinate lists the periodic tasks at each command and writes three lines for each successful job.
    "procrastinate": {"level": "WARNING"},
    "procrastinate.utils": {"filters": ["lost_connections"]},
    "procrastinate.worker": {"filters": ["lost_connections"]},
    "procrastinate.worker.worker": {"filters": ["lost_connections"]},
    # The worker's pool warns at each reconnection attempt; `worker_interrupted` reports it once.
    "psycopg.pool": {"level": "ERROR"},
}


def logging_settings(*, level: str, readable: bool) -> dict[str, Any]:
    """Configure structlog and return Django's LOGGING: everything at `level` and above goes to standard error.

    Text from customers cannot forge log lines: JSON escapes it, and the readable form prints its repr.
    """
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *_SHARED,
            structlog.processors.StackInfoRenderer(),
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=True,
    )
    renderer: Any = (
        structlog.dev.ConsoleRenderer(colors=False) if readable else structlog.processors.JSONRenderer(sort_keys=True)
    )
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {
            "structured": {
                "()": structlog.stdlib.ProcessorFormatter,
                "foreign_pre_chain": _SHARED,
                "processors": [
                    structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                    structlog.processors.format_exc_info,
                    renderer,
                ],
            }
        },
        "filters": {"lost_connections": {"()": LostConnectionFilter}},
        "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "structured"}},
        "root": {"handlers": ["stderr"], "level": level},
        "loggers": _LOGGERS,
    }
