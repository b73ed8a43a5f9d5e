"""Services that turn a second factor on and off, and check codes."""

import logging
from typing import Any

from django.db import transaction

from leadsite.accounts.logins import shortened
from leadsite.accounts.models import RecoveryCode, SecondFactor, Session, User
from leadsite.accounts.second_factor import codes
from leadsite.core import clock, encryption
from leadsite.core.logs.security import log_security_event
from leadsite.core.transactions import retried


class WrongCode(Exception):
    """This is not the code that the app shows now."""


class AlreadyOn(Exception):
    """Somebody has turned it on meanwhile."""


@retried
def turn_on(
    *, user: User, secret: str, code: str, may_replace: bool, keep_session: str = "", client: str = ""
) -> list[str]:
    """Store a secret that the person's app has, and return new recovery codes.

    `code` proves that the app has it. Ends the user's sessions but the one with the key `keep_session`, and sets
    user.second_factor_at. Without `may_replace`, only where there is none yet. Raises WrongCode, AlreadyOn,
    SecretUnreadable.
    """
    step = codes.step_of(secret, code)
    if step is None:
        raise WrongCode
    texts = codes.new_recovery_codes()
    with transaction.atomic():
        # Locks the user: of two that turn it on at the same moment the second replaces all of the first.
        wanted = User.objects.filter(pk=user.pk)
        if not may_replace:
            wanted = wanted.filter(second_factor_at__isnull=True)
        if not wanted.update(second_factor_at=clock.now()):
            raise AlreadyOn
        encrypted = {"secret": encryption.encrypt(secret), "last_step": step}
        SecondFactor.objects.update_or_create(user_id=user.pk, defaults=encrypted)
        RecoveryCode.objects.replace(user.pk, texts)
        Session.objects.end_all(user.pk, but=keep_session, reason="second factor turned on")
    user.refresh_from_db(fields=["second_factor_at"])
    _log("second_factor_enabled", user, client, level=logging.INFO)
    return texts


@retried
def turn_off(*, user: User, reason: str, keep_session: str = "", client: str = "") -> bool:
    """Forget the second factor and its recovery codes; return whether there was one. Ends the user's other sessions.

    `reason` is for the log.
    """
    with transaction.atomic():
        had = User.objects.filter(pk=user.pk, second_factor_at__isnull=False).update(second_factor_at=None)
        SecondFactor.objects.filter(user_id=user.pk).delete()
        RecoveryCode.objects.filter(user_id=user.pk).delete()
        if had:
            Session.objects.end_all(user.pk, but=keep_session, reason="second factor turned off")
    user.second_factor_at = None
    if had:
        _log("second_factor_disabled", user, client, reason=reason)
    return bool(had)


@retried
def replace_recovery_codes(*, user: User, client: str = "") -> list[str]:
    """Return new recovery codes; those of before are void."""
    texts = codes.new_recovery_codes()
    with transaction.atomic():
        # Locks the user, so that two sets never mix.
        User.objects.select_for_update().get(pk=user.pk)
        RecoveryCode.objects.replace(user.pk, texts)
    _log("recovery_codes_replaced", user, client, level=logging.INFO)
    return texts


def accept_code(*, user: User, typed: str, client: str = "") -> bool:
    """Whether this is the app's code or a recovery code. It is accepted this once. Raises SecretUnreadable."""
    if codes.is_app_code(typed):
        return SecondFactor.objects.accept(user.pk, typed)
    if not RecoveryCode.objects.use(user.pk, typed):
        return False
    left = RecoveryCode.objects.filter(user_id=user.pk).count()
    _log("recovery_code_used", user, client, left=left)
    return True


def rotate_secrets() -> int:
    """Encrypt all secrets again with the newest key; return their number. Caller holds the transaction.

    Raises SecretUnreadable.
    """
    factors = list(SecondFactor.objects.select_for_update().order_by("pk"))
    for factor in factors:
        factor.secret = encryption.rotate(factor.secret)
        factor.save(update_fields=["secret"])
    return len(factors)


def _log(event: str, user: User, client: str, **more: Any) -> None:
    log_security_event(event, client=client, subject=shortened(user.email), **more)
