"""Logs: one JSON object a line (readable lines in the demo), each with the request id of what caused it."""

import logging
from typing import Any

import structlog
from procrastinate.exceptions import ConnectorException

# Applied to every event, ours and those of libraries that use the standard logging.
_SHARED: list[structlog.typing.Processor] = [
    structlog.contextvars.merge_contextvars,  # request_id, user_id, ip from django-structlog
    structlog.stdlib.add_log_level,
    structlog.stdlib.add_logger_name,
    structlog.processors.TimeStamper(fmt="iso", utc=True),
]


class NotOfLostConnections(logging.Filter):
    """Takes out what procrastinate says, with pages of tracebacks, when its connections are lost.

    `worker_interrupted` says that in a line (leadsite/worker.py). What it says of jobs stays, whatever they died of.
    """

    def filter(self, record: logging.LogRecord) -> bool:
        error = record.exc_info[1] if record.exc_info else None
        return hasattr(record, "job") or not isinstance(error, ConnectorException)


_LOGGERS: dict[str, Any] = {
    # Django would print its own line for each 4xx; django-structlog's request_finished says it once.
    "django.request": {"level": "ERROR"},
    # A scanner that guesses host names gets its 400; each with a traceback would fill the log.
    "django.security.DisallowedHost": {"level": "CRITICAL"},
    "django.server": {"handlers": ["stderr"], "level": "INFO", "propagate": False},
    # It would say of each command which periodic tasks there are, and three lines of each job that went well.
    "procrastinate": {"level": "WARNING"},
    "procrastinate.utils": {"filters": ["not_of_lost_connections"]},
    "procrastinate.worker": {"filters": ["not_of_lost_connections"]},
    "procrastinate.worker.worker": {"filters": ["not_of_lost_connections"]},
    # The worker's pool tries again and again, and says so each time; `worker_interrupted` says it once.
    "psycopg.pool": {"level": "ERROR"},
}


def logging_settings(*, level: str, readable: bool) -> dict[str, Any]:
    """Configure structlog and return Django's LOGGING: everything to standard error, at `level` and above.

    Customer text is never put into a line as it is: JSON escapes it, and the readable form prints its repr.
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
        "filters": {"not_of_lost_connections": {"()": NotOfLostConnections}},
        "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "structured"}},
        "root": {"handlers": ["stderr"], "level": level},
        "loggers": _LOGGERS,
    }
