"""System checks for manage.py check: missing or weak secrets, and the embedded database in production."""

import re
from collections.abc import Collection, Sequence
from typing import Any, Final

from django import db
from django.conf import settings
from django.core.checks import CheckMessage, Error, Warning  # noqa: A004 - Django's name

from leadsite.core.postgresql import replica
from leadsite.core.postgresql.rights import excess_rights

MIN_SECRET_LENGTH: Final = 16
FEWEST_CHARACTERS: Final = 6
GENERATE: Final = "Generate one with: python3 -c 'import secrets; print(secrets.token_urlsafe(32))'"
# Signs sessions, links and cookies: a person who guesses it can log in as anybody.
_SHORTEST: Final = {"SECRET_KEY": 32}
# Examples, also those of .env.example, and what people write until they write something better.
_EXAMPLE: Final = re.compile(
    r"(?:change|me|this|it|please|replace|password|passwort|secret|token|verify|webhook|whatsapp|meta|example|default"
    r"|sample|test|demo|admin|root|user|postgres|leadsite|django|insecure|key|app|api|my|your|insert|here|the|an?|some"
    r"|random|long|text|dev|prod|production|local|qwerty|letmein|abc(?:def)?|0?123456789|12345?|[-_ .:!*])+[0-9]{0,4}",
    re.IGNORECASE,
)


def check_encryption_keys(app_configs: Any, **options: Any) -> Sequence[CheckMessage]:
    short = [key for key in settings.FIELD_ENCRYPTION_KEYS if len(key) < MIN_SECRET_LENGTH]
    if not short:
        return []
    return [
        Error(
            f"{len(short)} of FIELD_ENCRYPTION_KEYS have fewer than {MIN_SECRET_LENGTH} characters.",
            hint="Generate each with: python3 -c 'import secrets; print(secrets.token_urlsafe(32))'",
            id="leadsite.E001",
        )
    ]


def check_second_factor(app_configs: Any, **options: Any) -> Sequence[CheckMessage]:
    if settings.STAFF_SECOND_FACTOR == "optional" or settings.FIELD_ENCRYPTION_KEYS:
        return []
    return [
        Error(
            f"STAFF_SECOND_FACTOR is {settings.STAFF_SECOND_FACTOR}, but nobody can set one up without a key.",
            hint="Set FIELD_ENCRYPTION_KEYS to a long random text, and keep a copy.",
            id="leadsite.E009",
        )
    ]


def check_mail(app_configs: Any, **options: Any) -> Sequence[CheckMessage]:
    """Links in mails are made from PUBLIC_URL only, never from what a client sends: without it nothing is mailed."""
    if not settings.EMAIL_URL or settings.PUBLIC_URL:
        return []
    return [
        Warning(
            "EMAIL_URL is set, but PUBLIC_URL is not: no mail is sent, and the login page offers no new password.",
            hint="Set PUBLIC_URL to the address of the site (https://leads.example.com), or remove EMAIL_URL.",
            id="leadsite.W005",
        )
    ]


def check_deployed_encryption_keys(app_configs: Any, **options: Any) -> Sequence[CheckMessage]:
    if settings.FIELD_ENCRYPTION_KEYS:
        return []
    return [
        Warning(
            "FIELD_ENCRYPTION_KEYS is empty: access tokens of WhatsApp channels cannot be stored.",
            hint="Set it to a long random text and keep a copy: stored tokens cannot be read without it.",
            id="leadsite.W001",
        )
    ]


def check_deployed_webhook(app_configs: Any, **options: Any) -> Sequence[CheckMessage]:
    if not settings.WHATSAPP_VERIFY_TOKEN:
        return [
            Warning(
                "WHATSAPP_VERIFY_TOKEN is empty, so Meta cannot verify the webhook's address and delivers nothing.",
                hint="Set it to any text, and enter the same text as the verify token in Meta's webhook configuration.",
                id="leadsite.W003",
            )
        ]
    if problem := weakness(settings.WHATSAPP_VERIFY_TOKEN):
        return [
            Error(
                f"WHATSAPP_VERIFY_TOKEN {problem}, so it can be guessed.",
                hint=f"{GENERATE}. Enter the same text in Meta's webhook configuration.",
                id="leadsite.E003",
            )
        ]
    return []


def weakness(secret: str, *, shortest: int = MIN_SECRET_LENGTH) -> str:
    """Return why a secret can be guessed, after its name in a sentence; "" where it cannot."""
    if len(secret) < shortest:
        return f"has fewer than {shortest} characters"
    if len(set(secret)) < FEWEST_CHARACTERS:
        return f"has fewer than {FEWEST_CHARACTERS} different characters"
    return "is made of words that everybody tries" if _EXAMPLE.fullmatch(secret) else ""


def check_deployed_secrets(app_configs: Any, **options: Any) -> Sequence[CheckMessage]:
    """Weak secrets, and one text in two places: a person who learns one of them has the other."""
    given = _given_secrets()
    problems = {name: weakness(text, shortest=_SHORTEST.get(name, MIN_SECRET_LENGTH)) for name, text in given}
    found: list[CheckMessage] = [
        Error(f"{name} {problem}, so it can be guessed.", hint=f"{GENERATE}.", id="leadsite.E004")
        for name, problem in problems.items()
        if problem
    ]
    if _EXAMPLE.fullmatch(settings.DATABASES["default"].get("PASSWORD") or ""):
        hint = "Give the role another password: ALTER ROLE … PASSWORD …"
        found.append(Error("The password in DATABASE_URL is one that everybody tries.", hint=hint, id="leadsite.E004"))
    names: dict[str, list[str]] = {}
    for name, text in [*given, ("WHATSAPP_VERIFY_TOKEN", settings.WHATSAPP_VERIFY_TOKEN)]:
        names.setdefault(text, []).append(name)
    for text, same in names.items():
        if text and len(same) > 1:
            sentence = f"{' and '.join(same)} are the same secret."
            found.append(Error(sentence, hint=f"{GENERATE}, one for each.", id="leadsite.E005"))
    return found


def _given_secrets() -> list[tuple[str, str]]:
    """Names and values of the secrets that are set. FIELD_ENCRYPTION_KEYS that are short have a check of their own."""
    keys = [key for key in settings.FIELD_ENCRYPTION_KEYS if len(key) >= MIN_SECRET_LENGTH]
    listed = [("FIELD_ENCRYPTION_KEYS", keys), ("WHATSAPP_APP_SECRETS", settings.WHATSAPP_APP_SECRETS)]
    numbered = [
        (f"{name} ({number}.)" if len(texts) > 1 else name, text)
        for name, texts in listed
        for number, text in enumerate(texts, 1)
    ]
    single = [(name, getattr(settings, name)) for name in ("SECRET_KEY", "METRICS_TOKEN") if getattr(settings, name)]
    return [*single, *numbered]


def check_deployed_https(app_configs: Any, **options: Any) -> Sequence[CheckMessage]:
    """Behind a proxy that ends TLS all requests come without it: each would be redirected to itself, for ever."""
    if not settings.SECURE_SSL_REDIRECT or settings.BEHIND_PROXY or settings.SERVER_HAS_CERTIFICATE:
        return []
    return [
        Error(
            "HTTPS is on, but BEHIND_PROXY is not: behind a proxy that ends TLS each page is redirected to itself.",
            hint="Set BEHIND_PROXY=true, and have the proxy set X-Forwarded-Proto and add to X-Forwarded-For. Where"
            " granian ends TLS itself, set GRANIAN_SSL_CERTIFICATE. Without TLS, as on a private network, HTTPS=false.",
            id="leadsite.E006",
        )
    ]


def check_deployed_site(app_configs: Any, **options: Any) -> Sequence[CheckMessage]:
    found: list[CheckMessage] = []
    if settings.DEBUG:
        hint = "Remove DEBUG: its error pages show settings and what customers wrote to everybody."
        found.append(Error("DEBUG is on.", hint=hint, id="leadsite.E007"))
    if any(host.strip() in ("*", ".") for host in settings.ALLOWED_HOSTS):
        hint = "Write the names of the site, separated by commas: otherwise links use what a client sends."
        found.append(Error("ALLOWED_HOSTS allows every host.", hint=hint, id="leadsite.E008"))
    return found


def check_deployed_database(app_configs: Any, **options: Any) -> Sequence[CheckMessage]:
    if not settings.EMBEDDED_POSTGRES:
        return []
    return [
        Error(
            "The embedded PostgreSQL is for the demo and the tests only.",
            hint="Set DATABASE_URL to your PostgreSQL server (15 to 18).",
            id="leadsite.E002",
        )
    ]


def check_application_role(
    app_configs: Any, *, databases: Collection[str] | None = None, **options: Any
) -> Sequence[CheckMessage]:
    """Asks the database: `check --deploy --database default`. Where one role does everything, it is not asked."""
    if not databases or not settings.OWNER_DATABASE:
        return []
    return [
        Warning(
            f"The application role {settings.APPLICATION_ROLE!r} {what}.",
            hint="DATABASE_URL should name a role that only reads and writes rows: deploy/postgres/roles.sh.",
            id="leadsite.W004",
        )
        for what in excess_rights(settings.APPLICATION_ROLE)
    ]


def check_replica(
    app_configs: Any, *, databases: Collection[str] | None = None, **options: Any
) -> Sequence[CheckMessage]:
    """Asks both servers: `check --database default`."""
    if not databases or not replica.is_set():
        return []
    try:
        problem = replica.misfit()
    except db.Error as error:
        words = str(error).strip().partition("\n")[0]
        return [
            Warning(
                f"The replica of DATABASE_REPLICA_URL does not answer: {words}",
                hint="Lists are read from DATABASE_URL meanwhile. Start it, or remove DATABASE_REPLICA_URL.",
                id="leadsite.W006",
            )
        ]
    hint = "Write the address of a streaming replica of the server in DATABASE_URL, or remove DATABASE_REPLICA_URL."
    return [Error(f"The server of DATABASE_REPLICA_URL {problem}.", hint=hint, id="leadsite.E010")] if problem else []
