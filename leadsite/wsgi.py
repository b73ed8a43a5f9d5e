"""The WSGI application, for another server than granian (leadsite/server/application.py).

Put it behind a proxy that reads whole bodies before it passes them on, as nginx does: a thread waits for a slow one.
"""

import gc
import os
from collections.abc import Callable, Iterable
from io import BytesIO
from typing import Any

from django.conf import settings
from django.core.wsgi import get_wsgi_application

WSGIApplication = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]


def with_content_length(application: WSGIApplication) -> WSGIApplication:
    """Read a chunked body and set its Content-Length.

    A chunked request has no Content-Length (RFC 9112, section 6.3), and Django, as PEP 3333 allows, then reads an
    empty body: the answer would be that all fields are missing.
    """

    def measured(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        if "chunked" in environ.get("HTTP_TRANSFER_ENCODING", "").lower() and not environ.get("CONTENT_LENGTH"):
            # One byte more than Django accepts, so that Django refuses a larger body.
            body = environ["wsgi.input"].read(settings.DATA_UPLOAD_MAX_MEMORY_SIZE + 1)
            environ |= {"wsgi.input": BytesIO(body), "CONTENT_LENGTH": str(len(body))}
        return application(environ, start_response)

    return measured


os.environ.setdefault("DJANGO_SETTINGS_MODULE", "leadsite.settings")
application = with_content_length(get_wsgi_application())

# Objects of loaded modules are never freed. Without freeze() each full garbage collection traverses them, and a
# delivery of 1000 messages creates enough objects for one: a fifth of its CPU time.
gc.collect()
gc.freeze()
