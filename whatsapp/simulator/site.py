"""Looks up the numbers and messages of a simulated delivery in the database."""

from typing import Final

from django.conf import settings
from django.core.management.base import CommandError
from django.db import Error

from conversations.models import Message
from leadsite.core.encryption import SecretUnreadable
from whatsapp.models import Channel, Signing

DEMO_CHANNEL: Final = "100000000000001"
WRONG_USE: Final = 2


def only_channel(provider: str) -> str:
    """Return the default number. Raises CommandError where there is no unique one."""
    try:
        rows = Channel.objects.filter(provider=provider, active=True).order_by("pk").select_related("user")
        channels = {row.phone_number_id: str(row.user) for row in rows[:20]}
    except Error as error:
        reason = f"The database does not answer, so give --phone-number-id. ({type(error).__name__})"
        raise CommandError(reason, returncode=WRONG_USE) from error
    if len(channels) == 1:
        return next(iter(channels))
    if DEMO_CHANNEL in channels:
        return DEMO_CHANNEL
    if not channels:
        none = "No WhatsApp number is connected yet: manage.py create_business connects one, or give --phone-number-id."
        raise CommandError(none, returncode=WRONG_USE)
    several = "\n".join(f"  {number}  {business}" for number, business in channels.items())
    raise CommandError(f"Which number? Give --phone-number-id, one of\n{several}", returncode=WRONG_USE)


def signing_for(provider: str, number: str) -> Signing:
    """Return what the provider would sign a delivery to this number with; no secret where none is known.

    It reads the database of this process. Without one only the list is known.
    """
    found = Signing()
    try:
        channel = Channel.objects.filter(phone_number_id=number, provider=provider).first()
        found = channel.signing if channel else found
    except (Error, SecretUnreadable):
        pass
    return found._replace(secret=found.secret or of_the_list(provider))


def of_the_list(provider: str) -> str:
    """Return the secret for numbers that have none of their own, at Meta only; "" where there is none."""
    return next(iter(settings.WHATSAPP_APP_SECRETS), "") if provider == Channel.Provider.CLOUD else ""


def delivery_note(*, number: str, sent_message: str = "") -> str:
    """Return why the site will store a delivery without showing it; "" where it will show it, or that is not known.

    `sent_message` is the message that a status is about. It reads the database of this process, which is the site's
    if the command runs on the same machine.
    """
    try:
        channel = Channel.objects.filter(phone_number_id=number).first()
        if channel is None:
            return f"{number} is not connected here: the delivery waits in Deliveries."
        if not channel.active:
            return f"{number} is switched off: the delivery waits in Deliveries."
        sent = Message.objects.filter(user_id=channel.user_id, provider_id=sent_message, direction="out")
        if sent_message and not sent.exists():
            return f"No message with the id {sent_message} was sent: the status waits until there is one."
    except Error:
        pass
    return ""
