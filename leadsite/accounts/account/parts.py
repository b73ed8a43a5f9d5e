"""What the pages of a person's own account have in common."""

from typing import Any, cast

from django.contrib import admin
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters

from leadsite.accounts.models import User
from leadsite.accounts.sessions.store import SessionStore


def own(view: Any) -> Any:
    """The view, for people who are logged in."""
    return sensitive_post_parameters()(admin.site.admin_view(never_cache(view)))


def page(request: HttpRequest, template: str, context: dict[str, Any]) -> HttpResponse:
    return TemplateResponse(request, template, admin.site.each_context(request) | context)


def to_account() -> HttpResponse:
    return HttpResponseRedirect(reverse("account"))


def person(request: HttpRequest) -> User:
    return cast(User, request.user)


def client_of(request: HttpRequest) -> str:
    return str(request.META.get("REMOTE_ADDR", ""))


def row_key(request: HttpRequest) -> str:
    """The primary key of the request's session."""
    return cast(SessionStore, request.session).row_key
