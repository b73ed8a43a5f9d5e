"""Tracebacks for logs, without what errors quote of the data: see `words_of`."""

import traceback
from typing import Any, Final

from django.db import Error
from structlog.typing import ExcInfo

from leadsite.core.logs.masking import mask_numbers

_BECAUSE: Final = "\n\nThe above exception was the direct cause of the following exception:\n\n"
_DURING: Final = "\n\nDuring handling of the above exception, another exception occurred:\n\n"
_DATA_EXCEPTION: Final = "22"
LONGEST: Final = 500


def traceback_of(error: BaseException) -> str:
    """Return the traceback of an error and of those that led to it."""
    parts: list[str] = []
    seen: set[int] = set()
    current: BaseException | None = error
    while current is not None and id(current) not in seen:
        seen.add(id(current))
        parts.append(_one(current))
        if current.__cause__ is not None:
            parts.append(_BECAUSE)
            current = current.__cause__
        elif current.__context__ is not None and not current.__suppress_context__:
            parts.append(_DURING)
            current = current.__context__
        else:
            current = None
    if parts[-1] in (_BECAUSE, _DURING):
        parts.pop()
    return "".join(reversed(parts))


def words_of(error: BaseException) -> str:
    """Return the error's message.

    Of PostgreSQL only the first sentence with its SQLSTATE: the details quote whole rows. A value that is no number, no
    date or no JSON is quoted in the first sentence.
    """
    source: Any = error.__cause__ if isinstance(error, Error) else error
    diag = getattr(source, "diag", None)
    if diag is None or diag.sqlstate is None:
        return mask_numbers(str(error)[:LONGEST])
    sentence = str(diag.message_primary)
    if diag.sqlstate.startswith(_DATA_EXCEPTION):
        sentence = sentence.partition(":")[0]
    about = [diag.sqlstate, *([diag.constraint_name] if diag.constraint_name else [])]
    return f"{mask_numbers(sentence[:LONGEST])} ({', '.join(about)})"


def exception_of(exc_info: ExcInfo) -> str:
    """For structlog's ExceptionRenderer."""
    return traceback_of(exc_info[1])


def _one(error: BaseException) -> str:
    frames = "".join(traceback.format_tb(error.__traceback__))
    name = type(error).__qualname__
    if type(error).__module__ != "builtins":
        name = f"{type(error).__module__}.{name}"
    head = f"Traceback (most recent call last):\n{frames}" if frames else ""
    group = error.exceptions if isinstance(error, BaseExceptionGroup) else ()
    inner = "".join(f"\n\n{number}. {traceback_of(one)}" for number, one in enumerate(group, 1))
    return f"{head}{name}: {words_of(error)}{inner}"
