"""The webhook view for Meta and Twilio. A plain Django view, because signatures cover the raw bytes."""

import hmac
import math
from typing import Any, Final

import structlog
from django.conf import settings
from django.core.exceptions import RequestDataTooBig
from django.db import Error
from django.http import HttpRequest, HttpResponse, JsonResponse, UnreadablePostError
from django.views.decorators.csrf import csrf_exempt

from leadsite.accounts.refusals import RefusalLimit
from leadsite.core import failures
from leadsite.core.addresses import OWNER
from leadsite.core.encryption import SecretUnreadable
from leadsite.core.logs.security import log_security_event
from leadsite.core.sqlstates import Meaning, meaning
from whatsapp.inbound import ingest
from whatsapp.inbound.authentication import NotSigned, Numbers, Signature, authenticate_meta, authenticate_twilio
from whatsapp.inbound.events import UnreadableBody
from whatsapp.inbound.known_numbers import known_numbers
from whatsapp.inbound.twilio import parameters
from whatsapp.models import Channel
from whatsapp.models.verifications import REFUSED, VERIFIED
from whatsapp.setting_up.noting import note_verification

log = structlog.get_logger(__name__)

# Meta's challenges have about ten digits; longer ones are not echoed.
MAX_CHALLENGE_LENGTH: Final = 500
RETRY_AFTER_SECONDS: Final = 5
FORM: Final = "application/x-www-form-urlencoded"
# In request.META, because Django makes request.headers of all headers at first use.
_META_SIGNATURE: Final = "HTTP_X_HUB_SIGNATURE_256"
_TWILIO_SIGNATURE: Final = "HTTP_X_TWILIO_SIGNATURE"
# Twilio executes the response as instructions (TwiML); these are empty.
EMPTY_TWIML: Final = '<?xml version="1.0" encoding="UTF-8"?><Response/>'

_wrong_signatures: Final = RefusalLimit("wrong signatures")
_wrong_tokens: Final = RefusalLimit("wrong verify tokens")


@csrf_exempt
def webhook(request: HttpRequest) -> HttpResponse:
    if request.method == "GET":
        return _verify(request)
    if request.method == "POST":
        return _receive(request)
    return _refusal(
        405, "method_not_allowed", f"Method {request.method} is not allowed here.", headers={"Allow": "GET, POST"}
    )


def _verify(request: HttpRequest) -> HttpResponse:
    """Answer Meta's verification request ("Create a webhook endpoint"). It needs no database; one notes it."""
    mode, token, challenge = (_single(request, f"hub.{name}") for name in ("mode", "verify_token", "challenge"))
    expected = settings.WHATSAPP_VERIFY_TOKEN
    if (
        mode == "subscribe"
        and expected
        and hmac.compare_digest(_as_bytes(token), _as_bytes(expected))
        and 0 < len(challenge) <= MAX_CHALLENGE_LENGTH
    ):
        note_verification(VERIFIED)
        # As plain text without sniffing: the challenge comes from the caller, and could be HTML.
        return HttpResponse(challenge, content_type="text/plain", headers={"X-Content-Type-Options": "nosniff"})
    _log_refusal("verification_refused", request, subject=f"mode {mode[:20]}", token_set=bool(expected))
    if wait := _wrong_tokens.count(_client(request)):
        return _throttled(wait)
    note_verification(REFUSED)
    return _refusal(403, "forbidden", "The verify token is wrong, or a parameter is missing.")


def _single(request: HttpRequest, name: str) -> str:
    """Return the parameter's value; "" where it is missing or given more than once."""
    values = request.GET.getlist(name)
    return values[0] if len(values) == 1 else ""


def _as_bytes(text: str) -> bytes:
    # hmac.compare_digest refuses str that is not ASCII.
    return text.encode(errors="surrogatepass")


def _receive(request: HttpRequest) -> HttpResponse:
    """Store an authentic delivery and answer 200; after any other response Meta delivers again, for seven days.

    Raises django.db.Error where the database is not available: leadsite/middleware.py answers 503.
    """
    try:
        body = request.body
    except RequestDataTooBig:
        return _refusal(413, "body_too_large", "The body is too large.")
    except UnreadablePostError:
        return _refusal(400, "malformed", "The body did not arrive completely.")

    provider = _provider(request)
    try:
        signature = _authenticate(request, provider, body)
        ingest.receive(body=body, signature=signature)
        request.META[OWNER] = signature.owner()
    except (NotSigned, SecretUnreadable) as refusal:
        return _refuse_unsigned(request, provider, refusal, size=len(body))
    except Error as error:
        if meaning(error) is Meaning.UNAVAILABLE:
            raise
        failures.report_request(error, request)
        # Without the error's text, which may quote personal data.
        sqlstate = getattr(error.__cause__, "sqlstate", None)
        log.error("webhook_not_stored", provider=provider, error=type(error).__name__, sqlstate=sqlstate)
        return _unavailable("database_unavailable", "The delivery could not be stored. Send it again.")
    if provider == Channel.Provider.TWILIO:
        return HttpResponse(EMPTY_TWIML, content_type="text/xml")
    return JsonResponse({"success": True})


def _provider(request: HttpRequest) -> str:
    """Return the provider by the kind of signature, which is verified later."""
    is_twilio = _TWILIO_SIGNATURE in request.META and request.content_type == FORM
    return Channel.Provider.TWILIO.value if is_twilio else Channel.Provider.CLOUD.value


def _authenticate(request: HttpRequest, provider: str, body: bytes) -> Signature:
    """Return who signed the delivery. Raises NotSigned, SecretUnreadable, and django.db.Error."""
    if _wrong_signatures.wait(_client(request)):
        # Without a query: see Note [Right keys] in leadsite/accounts/refusals.py.
        _authenticate_among(known_numbers.get(), request, provider, body)
    return _authenticate_among(Channel.objects, request, provider, body)


def _authenticate_among(numbers: Numbers, request: HttpRequest, provider: str, body: bytes) -> Signature:
    if provider == Channel.Provider.CLOUD:
        return authenticate_meta(body, request.META.get(_META_SIGNATURE), numbers)
    try:
        form = parameters(body)
    except UnreadableBody as error:
        raise NotSigned("too many parameters") from error
    return authenticate_twilio(_public_url(request), form, request.META.get(_TWILIO_SIGNATURE), numbers)


def _refuse_unsigned(
    request: HttpRequest, provider: str, refusal: NotSigned | SecretUnreadable, *, size: int
) -> HttpResponse:
    if isinstance(refusal, SecretUnreadable):
        # It may be signed rightly, so it is not counted as a wrong signature. Logged where the secret was read.
        return _unavailable("secret_unreadable", "The secret that signs this cannot be read now. Send it again.")
    if wait := _wrong_signatures.wait(_client(request)):
        return _throttled(wait)
    _log_refusal("signature_refused", request, subject=provider, reason=str(refusal), bytes=size)
    if wait := _wrong_signatures.count(_client(request)):
        return _throttled(wait)
    headers = {"WWW-Authenticate": "Signature"}  # required by RFC 9110 with each 401
    return _refusal(401, "not_authenticated", "This delivery is not signed with the secret of its number.", headers)


def _public_url(request: HttpRequest) -> str:
    """Return the URL that Twilio called and signed: a proxy may have changed scheme and host."""
    if settings.PUBLIC_URL:
        return f"{settings.PUBLIC_URL}{request.get_full_path()}"
    return request.build_absolute_uri()


def _client(request: HttpRequest) -> str:
    return str(request.META.get("REMOTE_ADDR", ""))


def _log_refusal(name: str, request: HttpRequest, **about: Any) -> None:
    log_security_event(name, client=_client(request), **about)


def _throttled(wait: float) -> JsonResponse:
    sentence = "There were too many wrong signatures or verify tokens from this address; right ones are accepted."
    return _refusal(429, "too_many_requests", sentence, {"Retry-After": str(math.ceil(wait))})


def _unavailable(code: str, error: str) -> JsonResponse:
    return _refusal(503, code, error, {"Retry-After": str(RETRY_AFTER_SECONDS)})


def _refusal(status: int, code: str, error: str, headers: dict[str, str] | None = None) -> JsonResponse:
    """An error in the site's format (leadsite/errors.py, which this app cannot import)."""
    body = {"success": False, "error": error, "code": code, "fields": {}}
    return JsonResponse(body, status=status, headers=headers)
