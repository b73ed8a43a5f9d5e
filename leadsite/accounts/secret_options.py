"""Secrets that commands get: from standard input or a file, so that they are in no list of processes and no history."""

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from django.core.management.base import CommandError

HELP: Final = "; - reads a line of standard input, @FILE a file, so that it is in no list of processes"


def read_secrets(given: Mapping[str, str]) -> dict[str, str]:
    """Return the secrets of these options, by the same names. Raises CommandError as read_secret does, and where
    several are to be read from standard input: which of them comes first could only be guessed.
    """
    piped = [name for name, value in given.items() if value == "-"]
    if len(piped) > 1:
        raise CommandError(f"{' and '.join(piped)} both read standard input. Give one of them as @FILE.")
    return {name: read_secret(name, value) for name, value in given.items()}


def read_secret(name: str, given: str) -> str:
    """Return the secret that an option gives: "-" is a line of standard input, @FILE the content of a file.

    Raises CommandError where that cannot be read, or is empty.
    """
    if given == "-":
        found, where = sys.stdin.readline(), "standard input"
    elif given.startswith("@"):
        where = given[1:]
        try:
            found = Path(where).read_text(encoding="utf-8")
        except (OSError, ValueError) as error:
            raise CommandError(f"{name}: {where} cannot be read ({type(error).__name__}).") from error
    else:
        return given
    if not found.strip():
        raise CommandError(f"{name}: {where} is empty; it must have the secret and nothing else.")
    return found.strip()
