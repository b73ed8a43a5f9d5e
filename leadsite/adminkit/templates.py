"""Template loaders that give each script and style of a template the nonce of its page.

Only the text of templates gets it, never what is filled in: a `<script>` in a customer's name would have none, and the
Content-Security-Policy refuses it. The templates of unfold and drf-spectacular have no nonces of their own.
"""

import re
from typing import Final

from django.http import HttpRequest
from django.template import Origin
from django.template.loaders import app_directories, filesystem

_INLINE: Final = re.compile(r"<(script|style)(?=[\s>])(?![^>]*\bnonce=)")


def with_nonces(template: str) -> str:
    return _INLINE.sub(r'<\1 nonce="{{ csp_nonce }}"', template)


class FilesystemLoader(filesystem.Loader):
    def get_contents(self, origin: Origin) -> str:
        return with_nonces(super().get_contents(origin))


class AppDirectoriesLoader(app_directories.Loader):
    def get_contents(self, origin: Origin) -> str:
        return with_nonces(super().get_contents(origin))


def csp_nonce(request: HttpRequest) -> dict[str, str]:
    """Context processor. The name is that of Django 6."""
    return {"csp_nonce": getattr(request, "csp_nonce", "")}
