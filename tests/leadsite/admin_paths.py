"""Every address of the admin: from its URL patterns, so that a new page is among them by itself."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

from django.apps import apps
from django.contrib import admin
from django.contrib.admin.utils import quote
from django.contrib.contenttypes.models import ContentType
from django.db.models import Model
from django.urls import URLPattern, URLResolver
from django.urls.resolvers import RegexPattern

from conversations.models import Conversation
from leads.models import Lead
from leadsite.urls import urlpatterns

VARIABLE = re.compile(r"<(?:\w+:)?(\w+)>")
# By the beginning of a regular expression, an address that it fits and that names no row.
SAMPLES = {"^(?P<app_label>": "conversations/", "(?P<url>": "no-such-page/"}


@dataclass(frozen=True)
class Route:
    """A URL pattern below /admin/; the model whose row it names, if any."""

    pattern: str
    name: str
    model: type[Model] | None

    def path(self, rows: Mapping[type[Model], Any]) -> str:
        """The address for the row of its model in `rows`."""
        if self.model is None:
            return f"/admin/{_sample(self.pattern) or self.pattern}"
        key = quote(str(rows[self.model].pk))
        values = {"object_id": key, "id": key}
        return "/admin/" + VARIABLE.sub(lambda found: values[found[1]], self.pattern)


def routes() -> list[Route]:
    """All but `view on site`, for which see `paths_on_site`."""
    return list(_walk(admin.site.urls[0]))


def all_paths(rows: Mapping[type[Model], Any]) -> list[str]:
    """Those of the admin's site, and those that the site adds below /admin/, for these rows."""
    ids = {"conversation_id": str(rows[Conversation].pk), "lead_id": str(rows[Lead].pk), "kind": "lead"}
    ids |= dict.fromkeys(("note_id", "export_id", "media_id"), str(uuid4()))
    added = [VARIABLE.sub(lambda found: ids[found[1]], f"/{pattern}") for pattern in _added(urlpatterns)]
    return [*(route.path(rows) for route in routes()), *added]


def paths_on_site(rows: Mapping[type[Model], Any]) -> list[str]:
    """/admin/r/<content type>/<row>/, which leads to a row's page, of any model."""
    return [f"/admin/r/{ContentType.objects.get_for_model(model).pk}/{row.pk}/" for model, row in rows.items()]


def _added(patterns: Any, prefix: str = "") -> Iterator[str]:
    for item in patterns:
        pattern = prefix + str(item.pattern)
        if isinstance(item, URLPattern) and pattern.startswith("admin/"):
            yield pattern
        elif isinstance(item, URLResolver) and item.app_name != "admin":
            yield from _added(item.url_patterns, pattern)


def _walk(patterns: Any, prefix: str = "") -> Iterator[Route]:
    for item in patterns:
        if isinstance(item, URLResolver):
            yield from _walk(item.url_patterns, prefix + str(item.pattern))
        elif isinstance(item, URLPattern) and item.name != "view_on_site":
            yield _route(item, prefix + str(item.pattern))


def _route(item: URLPattern, pattern: str) -> Route:
    name = item.name or ""
    if isinstance(item.pattern, RegexPattern):
        assert _sample(pattern), f"The admin has an address by a regular expression, {pattern}: add a sample of it."
        return Route(pattern, name, None)
    variables = VARIABLE.findall(pattern)
    if not variables:
        return Route(pattern, name, None)
    assert variables in (["object_id"], ["id"]), f"What are {variables} in {pattern}? Say it in Route.path."
    app, model = pattern.split("/")[:2]
    return Route(pattern, name, apps.get_model(app, model))


def _sample(pattern: str) -> str:
    return next((sample for beginning, sample in SAMPLES.items() if pattern.startswith(beginning)), "")
