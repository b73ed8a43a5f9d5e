"""System check for manage.py check --deploy: numbers whose deliveries nobody can have signed."""

from collections.abc import Sequence
from typing import Any, Final

from django.apps import apps
from django.conf import settings
from django.core.checks import CheckMessage, Warning  # noqa: A004 - Django's name
from django.db import Error

from leadsite.core.encryption import SecretUnreadable

SHOWN: Final = 10


def check_deployed_secrets(app_configs: Any, **options: Any) -> Sequence[CheckMessage]:
    """Warn where deliveries are refused for want of a secret. Without a database it knows only the list."""
    listed = bool(settings.WHATSAPP_APP_SECRETS)
    try:
        channels = apps.get_model("whatsapp", "Channel")._default_manager.filter(active=True).order_by("pk")
        without = [channel for channel in channels if not _has_secret(channel)]
        are_some_signed = len(without) < len(channels)
    except Error:
        without, are_some_signed = [], False
    if not listed and not are_some_signed:
        return [
            Warning(
                "WHATSAPP_APP_SECRETS is empty and no number has an app secret: every delivery of messages is refused.",
                hint="Set it to Meta's app secret, or store one with the number (create_business --app-secret, or the"
                " admin); for a number at Twilio store its access token, account sid, colon, auth token.",
                id="leadsite.W002",
            )
        ]
    refused = [str(channel.phone_number_id) for channel in without if not listed or channel.provider == "twilio"]
    if not refused:
        return []
    names = ", ".join(refused[:SHOWN]) + (f" and {len(refused) - SHOWN} more" if len(refused) > SHOWN else "")
    return [
        Warning(
            f"These numbers have no secret that signs their deliveries, so all are refused: {names}.",
            hint="Store an app secret with each (create_business --app-secret, or the admin), or at Twilio the access"
            " token, account sid, colon, auth token. WHATSAPP_APP_SECRETS counts for numbers at Meta only.",
            id="leadsite.W020",
        )
    ]


def _has_secret(channel: Any) -> bool:
    try:
        return bool(channel.signing.secret)
    except SecretUnreadable:
        return False
