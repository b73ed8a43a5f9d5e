"""The addresses below /admin/, from the URL patterns: a new one is measured by itself, or named in NOT_MEASURED."""

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final, NamedTuple

from django.apps import apps
from django.db.models import Model
from django.urls import URLPattern, URLResolver, get_resolver

VARIABLE: Final = re.compile(r"<(?:\w+:)?(\w+)>")
_ROW: Final = "<path:object_id>/"
_REDIRECT: Final = "leads to another page"
_CHANGE: Final = "answers POST only: it changes something"
_LOGGED_OUT: Final = "for people who are not logged in"
_BY_A_LINK: Final = "needs what an e-mail or the step before has given"
# By `Route.key`; why each is no page whose time depends on the rows.
NOT_MEASURED: Final[Mapping[str, str]] = {
    **dict.fromkeys(("admin/", _ROW, "view_on_site"), _REDIRECT),
    **dict.fromkeys(("admin/login/", "login-code", "login-set-up", "password-forgotten", "password-new"), _LOGGED_OUT),
    **dict.fromkeys(("invitation", "account-turn-off", "account-new-codes", f"{_ROW}resend/"), _BY_A_LINK),
    **dict.fromkeys(("switch-business", "account-language", "account-end-session", "logout"), _CHANGE),
    **dict.fromkeys(("inbox-views", "inbox-preferences", "inbox-templates-refresh", "inbox-reply"), _CHANGE),
    **dict.fromkeys(("inbox-again", "inbox-settle", "inbox-conversation", "inbox-lead", "inbox-notes"), _CHANGE),
    **dict.fromkeys(("inbox-note", "inbox-snooze", "inbox-labels", "inbox-board-move"), _CHANGE),
    **dict.fromkeys((f"{_ROW}{page}/" for page in ("second-factor", "reply", "unmerge", "tell-apart")), _CHANGE),
    **dict.fromkeys((f"{_ROW}{page}/" for page in ("not-apart", "erase", "decide", "restore", "replay")), _CHANGE),
    **dict.fromkeys((f"{_ROW}{page}/" for page in ("resume", "set-up/test")), _CHANGE),
    "rotation/": _CHANGE,
    "inbox-presence": "answers POST only, and is measured so: page_list.inbox_paths",
    "media": "a file",
    "export-file": "a file",
    f"{_ROW}export/": "a file",
    f"{_ROW}refused/": "a file",
    "autocomplete": "no field of a form asks it",
    r"admin/(?P<url>.*)$": "says that there is no such page",
}


class Route(NamedTuple):
    """A URL pattern below /admin/, and the model whose admin has it, if any. `key`: its name or, where it has none, the
    pattern; of a model's admin what follows the model.
    """

    pattern: str
    key: str
    model: type[Model] | None

    @property
    def variables(self) -> list[str]:
        return VARIABLE.findall(self.pattern)

    def path(self, keys: Mapping[str, str]) -> str:
        return "/" + VARIABLE.sub(lambda found: keys[found[1]], self.pattern)


def measured_routes() -> list[Route]:
    return [route for route in all_routes() if route.key not in NOT_MEASURED]


def all_routes() -> list[Route]:
    """Of two with the same address the first, which answers."""
    found: dict[str, Route] = {}
    for pattern, name in _walk(get_resolver().url_patterns):
        if pattern.startswith("admin/"):
            found.setdefault(pattern, _route(pattern, name))
    return list(found.values())


def _walk(patterns: Any, prefix: str = "") -> Iterator[tuple[str, str]]:
    for item in patterns:
        pattern = prefix + str(item.pattern)
        if isinstance(item, URLResolver):
            yield from _walk(item.url_patterns, pattern)
        elif isinstance(item, URLPattern):
            yield pattern, item.name or ""


def _route(pattern: str, name: str) -> Route:
    if name == "app_list":  # a regular expression
        pattern = "admin/<app_label>/"
    parts = pattern.split("/")
    try:
        model = apps.get_model(parts[1], parts[2])
    except (LookupError, IndexError):
        return Route(pattern, name or pattern, None)
    return Route(pattern, "/".join(parts[3:]) or "list", model)
