"""Which language a page has: the one that the person has chosen, otherwise the browser's."""

from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils import translation
from django.utils.cache import patch_vary_headers


class PageLanguage:
    """Middleware: pages are in the language that the browser asks for, until it is known who asks (see
    `use_language_of`). Everything below /api/ is in English, whatever was asked for.

    The language before is restored, also where a view has chosen another: the thread serves others next.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if request.path.startswith("/api/"):
            return self.get_response(request)
        with translation.override(translation.get_language_from_request(request)):
            response = self.get_response(request)
            if response.headers.get("Content-Type", "").startswith("text/html"):
                response.headers.setdefault("Content-Language", translation.get_language())
                patch_vary_headers(response, ["Accept-Language"])
            return response


def use_language_of(request: HttpRequest) -> None:
    """Show the page in the language that the person has chosen, if any. Raises django.db.Error."""
    chosen = getattr(request.user, "language", "")
    if chosen in dict(settings.LANGUAGES):
        translation.activate(chosen)
