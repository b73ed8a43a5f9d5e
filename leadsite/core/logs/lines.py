"""One JSON object for each line of the log; in the demo a readable line.

Used by Django's processes (leadsite/observability.py), by granian's (leadsite/server/granian_logs.json), and for errors
that end a process.
"""

import logging
import sys
import threading
from types import TracebackType
from typing import Any, Final

import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

from leadsite.core.logs.masking import mask_numbers
from leadsite.core.logs.tracebacks import exception_of

# Applied to structlog's events and to records of the standard logging module.
SHARED: Final[list[Processor]] = [
    structlog.contextvars.merge_contextvars,  # request_id and client
    structlog.stdlib.add_log_level,
    structlog.stdlib.add_logger_name,
    structlog.processors.TimeStamper(fmt="iso", utc=True),
]
# What errors and libraries say, in whose words a customer's number may be.
_QUOTING: Final = ("error", "reason", "path")
# The fields of granian's access lines. The query string is left out: it has verify tokens and phone numbers.
_ACCESS: Final = {"method": "method", "path": "path", "status": "status", "dt_ms": "ms", "addr": "client"}


def json_formatter() -> logging.Formatter:
    return formatter(structlog.processors.JSONRenderer(sort_keys=True))


def readable_formatter() -> logging.Formatter:
    return formatter(structlog.dev.ConsoleRenderer(colors=False))


def formatter(renderer: Processor) -> logging.Formatter:
    """Text from customers cannot forge log lines: JSON escapes it, and the readable form prints its repr."""
    return structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=[*SHARED, _from_library],
        pass_foreign_args=True,
        processors=[
            structlog.stdlib.ProcessorFormatter.remove_processors_meta,
            structlog.processors.ExceptionRenderer(exception_of),
            _mask_numbers,
            renderer,
        ],
    )


def _from_library(logger: WrappedLogger, name: str, event: EventDict) -> EventDict:
    """A record that is not structlog's: its sentence may quote anything; granian's access lines have fields."""
    values = event.pop("positional_args", None)
    if event["_record"].name == "granian.access" and isinstance(values, dict):
        event["event"] = "access"
        event.update({ours: values.get(theirs) for theirs, ours in _ACCESS.items()})
    else:
        event["event"] = mask_numbers(str(event["event"]))
    return event


def _mask_numbers(logger: WrappedLogger, name: str, event: EventDict) -> EventDict:
    for field in _QUOTING:
        if isinstance(text := event.get(field), str):
            event[field] = mask_numbers(text)
    return event


def log_uncaught_errors() -> None:
    """Log warnings, and errors that end a process or a thread, like all others; not on a person's terminal."""
    logging.captureWarnings(True)
    if sys.stderr is not None and sys.stderr.isatty():
        return
    sys.excepthook = _uncaught
    threading.excepthook = lambda ended: _uncaught(ended.exc_type, ended.exc_value, ended.exc_traceback)
    sys.unraisablehook = lambda one: _uncaught(one.exc_type, one.exc_value, one.exc_traceback)


def log_failed_start(error: BaseException) -> None:
    """Log why a process does not start, whatever is configured already: a sentence, or the traceback of a fault."""
    record = logging.LogRecord("leadsite", logging.CRITICAL, "", 0, "start_failed", (), None)
    record.exc_info = (type(error), error, error.__traceback__)
    sys.stderr.write(json_formatter().format(record) + "\n")


def _uncaught(kind: type[BaseException], error: BaseException | None, traceback: TracebackType | None) -> Any:
    if issubclass(kind, KeyboardInterrupt):
        return
    logging.getLogger("leadsite").critical("uncaught_error", exc_info=(kind, error or kind(), traceback))
