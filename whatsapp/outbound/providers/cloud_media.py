"""Uploads a file to Meta: POST /<version>/<phone number id>/media (Meta, WhatsApp, Cloud API, Media).

An upload sends nothing to anybody. So whatever becomes of it, the message can be tried again.
"""

import threading
import time
from typing import Any, Final
from urllib.parse import quote

from django.conf import settings
from django.utils.translation import gettext_noop
from requests.auth import AuthBase

from conversations.media.files import FileMissing, StorageAway, read_file
from whatsapp.json_parts import object_of, text_of
from whatsapp.json_repair import NotJson, parse
from whatsapp.outbound.outcomes import NOT_IN_TIME, Failed, NotSent, Outcome, Outgoing, Retry, Uncertain, Unknown
from whatsapp.outbound.providers.http import Answer, Request, post
from whatsapp.outbound.retries import A_FEW_TIMES, BACK_OFF

# Below the lease of a message with a file: LEASES_WITH_FILE in conversations/models/outgoing/outbox.py.
UPLOAD_SECONDS: Final = 120.0
GONE: Final = gettext_noop("The file of this message is not stored any more. Send it again.")
# Each has its file in memory, twice.
_uploads: Final = threading.BoundedSemaphore(4)


def upload(message: Outgoing, file: dict[str, Any], auth: AuthBase, meaning: Any) -> str | Outcome:
    """Return Meta's id of the uploaded file, or why there is none. `meaning`: outcome_of.

    Waits for its turn as long as the lease of the message allows.
    """
    turn = message.begin_until - UPLOAD_SECONDS - time.monotonic()
    if not _uploads.acquire(timeout=min(max(turn, 0.0), threading.TIMEOUT_MAX)):
        return NOT_IN_TIME
    try:
        answer = _post(message.phone_number_id, file, auth)
    except FileMissing:
        return Failed(GONE)
    except (StorageAway, NotSent, Uncertain) as error:
        return Retry(gettext_noop("The file was not uploaded. %(error)s") % {"error": error}, BACK_OFF)
    finally:
        _uploads.release()
    found = _object(answer.body)
    if 200 <= answer.status < 300:
        return text_of(found.get("id")) or Retry(gettext_noop("Meta answered the upload without an id."), A_FEW_TIMES)
    outcome: Outcome = meaning(answer)
    return (
        Retry(gettext_noop("The file was not uploaded. %(reason)s") % {"reason": outcome.reason}, BACK_OFF)
        if isinstance(outcome, Unknown)
        else outcome
    )


def _post(number: str, file: dict[str, Any], auth: AuthBase) -> Answer:
    """Raises FileMissing, StorageAway, NotSent, Uncertain."""
    content = read_file(file["name"])
    url = f"{settings.WHATSAPP_API_BASE_URL}/{settings.WHATSAPP_API_VERSION}/{quote(number, safe='')}/media"
    form = {"messaging_product": "whatsapp", "type": file["mime_type"]}
    # The name is our own: others may not be sent in a header as they are.
    files = {"file": ("file", content, file["mime_type"])}
    return post(Request(url, auth=auth, data=form, files=files, seconds=UPLOAD_SECONDS))


def _object(body: bytes) -> dict[str, Any]:
    try:
        tree, _ = parse(body)
    except NotJson:
        return {}
    return object_of(tree)
