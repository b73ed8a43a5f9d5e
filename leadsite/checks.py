"""System checks for manage.py check: missing or weak secrets, and the embedded database in production."""

from collections.abc import Collection, Sequence
from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, Warning  # noqa: A004 - Django's name

from leadsite.core.postgresql.rights import excess_rights

MIN_SECRET_LENGTH = 16


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
            id="leadsite.E004",
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
    if len(settings.WHATSAPP_VERIFY_TOKEN) < MIN_SECRET_LENGTH:
        return [
            Error(
                f"WHATSAPP_VERIFY_TOKEN has fewer than {MIN_SECRET_LENGTH} characters, so it can be guessed.",
                hint="Generate one with: python3 -c 'import secrets; print(secrets.token_urlsafe(32))'. Enter the same"
                " text in Meta's webhook configuration.",
                id="leadsite.E003",
            )
        ]
    return []


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
