"""Services that reset passwords."""

import logging

from django.conf import settings
from django.core.mail import send_mail
from django.db import transaction
from django.utils import translation
from django.utils.translation import gettext_lazy as _

from leadsite.accounts.logins import shortened
from leadsite.accounts.models import User
from leadsite.accounts.passwords.links import absolute, link_for, user_of
from leadsite.core.logs.security import log_security_event
from leadsite.core.transactions import queue_job, retried

SEND_LINK = "leadsite.accounts.tasks.send_password_link"
_SUBJECT = _("Your new password for leadsite")
_TEXT = _("""Somebody, probably you, has asked for a new password for your account at {site}.

Set it here, within an hour:

{link}

If it was not you, nothing needs to be done: your password stays as it is.
""")


class LinkInvalid(Exception):
    """The link is not valid, was used, or is too old."""


def can_mail() -> bool:
    """Whether passwords can be reset by e-mail: there are a mail server, and an address to put into the mail."""
    return bool(settings.EMAIL_URL and settings.PUBLIC_URL)


def request_link(*, email: str, client: str) -> None:
    """Have a worker send a link to this address if it has an account.

    Nothing is looked up here, so neither the answer nor its time tells whether it has. Raises django.db.Error.
    """
    queue_job(SEND_LINK, email=email.strip().lower())
    log_security_event("password_reset_requested", client=client, subject=shortened(email), level=logging.INFO)


def send_link(*, email: str) -> bool:
    """Send a link to an account that logs in with a password; return whether there is one. Raises OSError."""
    user = User.objects.filter(email=email, is_active=True, is_staff=True).first()
    if user is None or not user.has_usable_password() or not can_mail():
        return False
    with translation.override(user.language or settings.LANGUAGE_CODE):
        text = _TEXT.format(site=settings.PUBLIC_URL, link=absolute(link_for(user)))
        send_mail(str(_SUBJECT), text, None, [user.email])
    log_security_event("password_reset_sent", client="", subject=shortened(email), level=logging.INFO)
    return True


@retried
def set_password(*, link: str, password: str, client: str) -> User:
    """Set the password of a link's account, and end all its sessions. The second factor stays. Raises LinkInvalid."""
    with transaction.atomic():
        # Of two requests with one link the second waits here, and then the link is used.
        user = user_of(link, lock=True)
        if user is None:
            raise LinkInvalid
        user.set_password(password)
        user.save(update_fields=["password"])
    log_security_event("password_reset", client=client, subject=shortened(user.email))
    return user
