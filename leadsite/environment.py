"""Reads environment variables for settings.py; an invalid value raises ImproperlyConfigured with one sentence."""

import logging
import re
import zoneinfo
from typing import Any, Final

import environ
from django.core.exceptions import ImproperlyConfigured

FALSE: Final = frozenset(("false", "off", "n", "no", "0"))
TRUE: Final = frozenset(environ.Env.BOOLEAN_TRUE_STRINGS)
# Minimum and maximum of each integer variable. The default range ends at PostgreSQL's largest integer.
LIMITS: Final = {
    "PORT": (1, 65_535),
    "AUDIT_DAYS": (0, 36_500),
    "DELETED_DAYS": (0, 36_500),
    "DELIVERY_DAYS": (0, 36_500),
    "FAILED_DELIVERY_DAYS": (1, 36_500),
    "FAILED_TRANSACTION_DAYS": (1, 36_500),
    "SESSION_IDLE_HOURS": (1, 8760),
    "SESSION_MAX_DAYS": (1, 365),
    "WHATSAPP_MESSAGES_PER_SECOND": (1, 10_000),
    "WHATSAPP_PAIR_SECONDS": (0, 3600),
    "WHATSAPP_PAIR_BURST": (1, 10_000),
}
DEFAULT_LIMITS: Final = (0, 2**31 - 1)
SCHEMES: Final = ("postgresql://", "postgres://")


class Environment(environ.Env):
    """django-environ's Env with strict parsing. An empty integer or boolean counts as unset."""

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
        """Return the name of a logging level. Raises ImproperlyConfigured."""
        level = str(self.str(var, "") or default).upper()
        if level not in logging.getLevelNamesMapping():
            raise ImproperlyConfigured(f"{var} is {level!r}. Write DEBUG, INFO, WARNING or ERROR.")
        return level

    def zone(self, var: str, default: str) -> str:
        """Return the name of a time zone. Raises ImproperlyConfigured."""
        name = str(self.str(var, "") or default)
        try:
            zoneinfo.ZoneInfo(name)
        except (ValueError, OSError, zoneinfo.ZoneInfoNotFoundError) as error:
            raise ImproperlyConfigured(f"{var} is {name!r}. Write a zone such as Europe/Berlin or UTC.") from error
        return name

    def choice(self, var: str, default: str, choices: tuple[str, ...]) -> str:
        """Return one of `choices`, in lower case. Raises ImproperlyConfigured."""
        choice = str(self.str(var, "")).strip().lower() or default
        if choice not in choices:
            raise ImproperlyConfigured(f"{var} is {choice!r}. Write one of {', '.join(choices)}.")
        return choice

    def origin(self, var: str, default: str = "") -> str:
        """Return scheme and host without a trailing slash, or "". Raises ImproperlyConfigured."""
        origin = str(self.str(var, "")).strip().rstrip("/") or default
        if origin and not origin.startswith(("https://", "http://")):
            raise ImproperlyConfigured(f"{var} is {origin!r}. Write it with its scheme: https://leads.example.com")
        return origin

    def origins(self, var: str) -> list[str]:
        """Return origins, as browsers send them. Raises ImproperlyConfigured for anything else, also for "*"."""
        found = [str(one).strip() for one in self.list(var, default=[])]
        for one in found:
            if not re.fullmatch(r"https?://[A-Za-z0-9.-]+(:[0-9]{1,5})?|https?://\[[0-9a-fA-F:]+\](:[0-9]{1,5})?", one):
                raise ImproperlyConfigured(
                    f"{var} has {one!r}. Write each origin with its scheme and without a path: https://app.example.com"
                )
        return [one.lower() for one in found]


def parse_database_url(url: str, variable: str = "DATABASE_URL") -> dict[str, Any]:
    """Return Django's database settings for a URL. Raises ImproperlyConfigured; its message never has the password."""
    config: dict[str, Any] = {}
    if url.startswith(SCHEMES):
        try:
            config = environ.Env.db_url_config(url)
        except ValueError:
            config = {}
    if not config.get("NAME"):
        raise ImproperlyConfigured(
            f"{variable} is not the URL of a PostgreSQL database. Write postgresql://USER:PASSWORD@HOST:PORT/NAME,"
            " with special characters of the password as %XX (%40 for @, %2F for /)."
        )
    return config


def parse_email_url(url: str) -> dict[str, Any]:
    """Return Django's e-mail settings for a URL. Raises ImproperlyConfigured; its message never has the password."""
    if not url:
        return {}
    try:
        config = environ.Env.email_url_config(url)
    except (ImproperlyConfigured, ValueError):
        config = {}
    if not config or ("smtp" in config["EMAIL_BACKEND"] and not config["EMAIL_HOST"]):
        raise ImproperlyConfigured(
            "EMAIL_URL is not the URL of a mail server. Write smtp+tls://USER:PASSWORD@HOST:587 or smtp+ssl://…:465,"
            " with special characters of the password as %XX."
        )
    usual = 587 if config.get("EMAIL_USE_TLS") else 465 if config.get("EMAIL_USE_SSL") else 25
    return config | {"EMAIL_PORT": config["EMAIL_PORT"] or usual}


def _number(var: str, text: str) -> int:
    minimum, maximum = LIMITS.get(var, DEFAULT_LIMITS)
    number = int(text) if re.fullmatch("[0-9]{1,10}", text) else -1
    if not minimum <= number <= maximum:
        raise ImproperlyConfigured(f"{var} is {text[:50]!r}. Write a whole number from {minimum} to {maximum}.")
    return number
