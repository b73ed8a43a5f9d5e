"""Services for webhook endpoints and their events. The API and the admin check the URL first: webhooks/addresses.py."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, Final
from urllib.parse import urlsplit
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext_noop

from leadsite.core import clock
from leadsite.core.encryption import SecretUnreadable, encrypt, rotate
from leadsite.core.statements import delete_rows
from leadsite.webhooks.headers import HeaderRefused, check_headers, merged, pack, unpack
from leadsite.webhooks.models import TEST, WebhookEndpoint, WebhookEvent
from leadsite.webhooks.signing import make_secret

# Each event is stored once for each endpoint.
MAX_ENDPOINTS: Final = 20
FORMER_SECRET_HOURS: Final = 24
# Each makes the header with the signatures longer.
MAX_FORMER_SECRETS: Final = 10
# Events that are deleted with their endpoint, in the same request.
DELETED_AT_ONCE: Final = 10_000


class WebhookRefused(Exception):
    """Nothing was written; the message is a sentence for the client."""


class UnknownEndpoint(WebhookRefused):
    """The business has no such endpoint, or the endpoint no such event."""


class TooManyEndpoints(WebhookRefused):
    """The business has MAX_ENDPOINTS endpoints."""


class CannotKeepSecrets(WebhookRefused):
    """FIELD_ENCRYPTION_KEYS is not set."""


class EndpointOff(WebhookRefused):
    """The endpoint is not active."""


class EventPending(WebhookRefused):
    """The event is pending, so it cannot be sent again."""


class HeadersRefused(WebhookRefused):
    """The endpoint would have more headers than allowed, or one with an invalid name or value."""


@dataclass(frozen=True, slots=True)
class NewSecret:
    """An endpoint with its unencrypted secret, to be shown once."""

    endpoint: WebhookEndpoint
    secret: str = field(repr=False)


def create_endpoint(
    *,
    user_id: UUID,
    url: str,
    events: Sequence[str],
    description: str = "",
    headers: Mapping[str, str | None] | None = None,
) -> NewSecret:
    """Create an endpoint and its secret, in one statement (its own transaction).

    `headers`: headers of the integrator's own. Raises TooManyEndpoints, HeadersRefused and CannotKeepSecrets.
    """
    # Two simultaneous requests may exceed the limit by one, which is harmless.
    if WebhookEndpoint.objects.filter(user_id=user_id).count() >= MAX_ENDPOINTS:
        raise TooManyEndpoints(
            gettext_noop("A business has at most %(max_endpoints)s endpoints. Delete one first.")
            % {"max_endpoints": MAX_ENDPOINTS}
        )
    secret = make_secret()
    endpoint = WebhookEndpoint(
        user_id=user_id,
        url=url,
        events=sorted(set(events)),
        description=description,
        encrypted_secret=_encrypted(secret),
    )
    _set_headers(endpoint, headers or {})
    endpoint.save()
    return NewSecret(endpoint, secret)


def change_endpoint(*, user_id: UUID, endpoint_id: UUID, changes: Mapping[str, Any]) -> WebhookEndpoint:
    """Change url, description, events, active or headers, and return the endpoint. Opens the transaction.

    Enabling the endpoint or changing its URL resets its failures. `headers` has only those that change; None removes
    one. The others stay, unless the events go to another host: a token is for the host that it was given for.
    Raises UnknownEndpoint, HeadersRefused, CannotKeepSecrets.
    """
    # Two changes of the headers at the same moment: the second waits, and adds to those of the first.
    with transaction.atomic():
        endpoint = _get_locked(user_id, endpoint_id)
        moved = "url" in changes and origin_of(changes["url"]) != origin_of(endpoint.url)
        if moved:
            endpoint.encrypted_headers, endpoint.header_names = "", []
        for name, value in changes.items():
            if name == "headers":
                _set_headers(endpoint, value)
            else:
                setattr(endpoint, name, sorted(set(value)) if name == "events" else value)
        if changes.get("active") or "url" in changes:
            endpoint.failing_since = None
        if endpoint.active:
            endpoint.disabled_at, endpoint.disabled_reason = None, ""
        endpoint.save()
        return endpoint


def delete_endpoint(*, user_id: UUID, endpoint_id: UUID) -> None:
    """Delete the endpoint and its events. Raises UnknownEndpoint."""
    deleted, _ = WebhookEndpoint.objects.filter(user_id=user_id, pk=endpoint_id).delete()
    if not deleted:
        raise UnknownEndpoint(gettext_noop("There is no such endpoint."))
    # Events beyond the batch, or written by a concurrent transaction, are not posted; pruning.py deletes them.
    with transaction.atomic():
        events = WebhookEvent.objects.filter(user_id=user_id, endpoint_id=endpoint_id).select_for_update(
            skip_locked=True
        )
        delete_rows(WebhookEvent.objects.filter(pk__in=list(events.values_list("pk", flat=True)[:DELETED_AT_ONCE])))


def rotate_secret(*, user_id: UUID, endpoint_id: UUID) -> NewSecret:
    """Replace the secret; for FORMER_SECRET_HOURS events are signed with both, also where it is replaced once more
    meanwhile. Opens the transaction.

    Raises UnknownEndpoint and CannotKeepSecrets.
    """
    secret = make_secret()
    with transaction.atomic():
        endpoint = _get_locked(user_id, endpoint_id)
        until = clock.now() + timedelta(hours=FORMER_SECRET_HOURS)
        endpoint.former_secrets = [*endpoint.former_secrets, endpoint.encrypted_secret][-MAX_FORMER_SECRETS:]
        endpoint.former_until = [*endpoint.former_until, until][-MAX_FORMER_SECRETS:]
        endpoint.encrypted_secret = _encrypted(secret)
        endpoint.save()
    return NewSecret(endpoint, secret)


def send_test(*, user_id: UUID, endpoint_id: UUID) -> WebhookEvent:
    """Queue a test event. Raises UnknownEndpoint, EndpointOff."""
    endpoint = get_active(user_id, endpoint_id)
    now = clock.now().isoformat().replace("+00:00", "Z")
    payload = {"type": TEST, "timestamp": now, "data": {"endpoint_id": str(endpoint.pk)}}
    return WebhookEvent.objects.create(user_id=user_id, endpoint=endpoint, type=TEST, payload=payload)


def rotate_secrets() -> int:
    """Encrypt all secrets again with the newest of FIELD_ENCRYPTION_KEYS; return the number of endpoints.

    Caller holds the transaction. Raises leadsite.core.encryption.SecretUnreadable.
    """
    endpoints = WebhookEndpoint.objects.order_by("pk").select_for_update(no_key=True)
    for endpoint in endpoints:
        endpoint.encrypted_secret = rotate(endpoint.encrypted_secret)
        endpoint.former_secrets = [rotate(secret) for secret in endpoint.former_secrets]
        endpoint.encrypted_headers = rotate(endpoint.encrypted_headers) if endpoint.encrypted_headers else ""
        endpoint.save(update_fields=["encrypted_secret", "former_secrets", "encrypted_headers", "updated_at"])
    return len(endpoints)


def get_active(user_id: UUID, endpoint_id: UUID) -> WebhookEndpoint:
    endpoint = WebhookEndpoint.objects.filter(user_id=user_id, pk=endpoint_id).first()
    if endpoint is None:
        raise UnknownEndpoint(gettext_noop("There is no such endpoint."))
    if not endpoint.active:
        raise EndpointOff(gettext_noop("The endpoint is switched off. Switch it on first."))
    return endpoint


def _get_locked(user_id: UUID, endpoint_id: UUID) -> WebhookEndpoint:
    mine = WebhookEndpoint.objects.select_for_update(no_key=True).filter(user_id=user_id, pk=endpoint_id)
    if (endpoint := mine.first()) is None:
        raise UnknownEndpoint(gettext_noop("There is no such endpoint."))
    return endpoint


def origin_of(url: str) -> tuple[str, str]:
    """Scheme and host with port, in lower case."""
    parts = urlsplit(url)
    return parts.scheme.lower(), parts.netloc.lower()


def _set_headers(endpoint: WebhookEndpoint, changes: Mapping[str, str | None]) -> None:
    if not changes:
        return
    try:
        result = merged(unpack(endpoint.encrypted_headers), check_headers(changes))
        endpoint.encrypted_headers, endpoint.header_names = pack(result), list(result)
    except HeaderRefused as error:
        raise HeadersRefused(str(error)) from error
    except SecretUnreadable as error:
        raise CannotKeepSecrets(_NO_KEY) from error


def _encrypted(secret: str) -> str:
    try:
        return encrypt(secret)
    except SecretUnreadable as error:
        raise CannotKeepSecrets(_NO_KEY) from error


_NO_KEY: Final = gettext_noop("This site cannot store secrets: its operator has to set FIELD_ENCRYPTION_KEYS.")
