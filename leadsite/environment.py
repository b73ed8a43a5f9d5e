"""Reads variables of the environment for settings.py: what they hold is right, or one sentence says what is wrong."""

import logging
import re
import zoneinfo
from typing import Any, Final

import environ
from django.core.exceptions import ImproperlyConfigured

FALSE: Final = frozenset(("false", "off", "n", "no", "0"))
TRUE: Final = frozenset(environ.Env.BOOLEAN_TRUE_STRINGS)
# The least and the most of each number; others are from 0 to what PostgreSQL calls an integer.
LIMITS: Final = {
    "PORT": (1, 65_535),
    "DELIVERY_DAYS": (0, 36_500),
    "FAILED_DELIVERY_DAYS": (1, 36_500),
    "WHATSAPP_MESSAGES_PER_SECOND": (1, 10_000),
    "WHATSAPP_PAIR_SECONDS": (0, 3600),
    "WHATSAPP_PAIR_BURST": (1, 10_000),
}
ANY_NUMBER: Final = (0, 2**31 - 1)
SCHEMES: Final = ("postgresql://", "postgres://")


class Environment(environ.Env):
    """As django-environ's, but strict. An empty number or truth value counts as one that is not set."""

    def get_value(
        self, var: str, cast: Any = None, default: Any = environ.Env.NOTSET, parse_default: bool = False
    ) -> Any:
        """Raises ImproperlyConfigured."""
        text = str(self.ENVIRON.get(var, "")).strip()
        if cast not in (bool, int) or text.startswith("$"):
            return super().get_value(var, cast, default, parse_default)
        if not text:
            return default
        if cast is bool:
            if text.lower() not in TRUE | FALSE:
                raise ImproperlyConfigured(f"{var} is {text!r}. Write true or false.")
            return text.lower() in TRUE
        return _number(var, text)

    def level(self, var: str, default: str) -> str:
        """A level of logging. Raises ImproperlyConfigured."""
        level = str(self.str(var, "") or default).upper()
        if level not in logging.getLevelNamesMapping():
            raise ImproperlyConfigured(f"{var} is {level!r}. Write DEBUG, INFO, WARNING or ERROR.")
        return level

    def zone(self, var: str, default: str) -> str:
        """The name of a time zone. Raises ImproperlyConfigured."""
        name = str(self.str(var, "") or default)
        try:
            zoneinfo.ZoneInfo(name)
        except (ValueError, OSError, zoneinfo.ZoneInfoNotFoundError) as error:
            raise ImproperlyConfigured(f"{var} is {name!r}. Write a zone such as Europe/Berlin or UTC.") from error
        return name

    def choice(self, var: str, default: str, words: tuple[str, ...]) -> str:
        """One of a few words. Raises ImproperlyConfigured."""
        word = str(self.str(var, "")).strip().lower() or default
        if word not in words:
            raise ImproperlyConfigured(f"{var} is {word!r}. Write one of {', '.join(words)}.")
        return word

    def origin(self, var: str, default: str = "") -> str:
        """Scheme and host, or nothing. Raises ImproperlyConfigured."""
        origin = str(self.str(var, "")).strip().rstrip("/") or default
        if origin and not origin.startswith(("https://", "http://")):
            raise ImproperlyConfigured(f"{var} is {origin!r}. Write it with its scheme: https://leads.example.com")
        return origin


def database_of(url: str) -> dict[str, Any]:
    """Django's settings of the database at an address. Raises ImproperlyConfigured, without the password in it."""
    config: dict[str, Any] = {}
    if url.startswith(SCHEMES):
        try:
            config = environ.Env.db_url_config(url)
        except ValueError:
            config = {}
    if not config.get("NAME"):
        raise ImproperlyConfigured(
            "DATABASE_URL is not an address of a PostgreSQL database. Write postgresql://USER:PASSWORD@HOST:PORT/NAME,"
            " and special characters in the password as %XX (%40 for @, %2F for /)."
        )
    return config


def _number(var: str, text: str) -> int:
    least, most = LIMITS.get(var, ANY_NUMBER)
    number = int(text) if re.fullmatch("[0-9]{1,10}", text) else -1
    if not least <= number <= most:
        raise ImproperlyConfigured(f"{var} is {text[:50]!r}. Write a whole number from {least} to {most}.")
    return number
