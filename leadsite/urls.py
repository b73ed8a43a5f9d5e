"""Every path of the site but the probes (leadsite/middleware.py). API paths have no trailing slash, and take one."""

from django.contrib import admin
from django.urls import URLPattern, include, path
from django.views.generic import RedirectView

from conversations.api.urls import urlpatterns as conversations_paths
from leads.api.urls import urlpatterns as leads_paths
from leadsite.rest import openapi
from leadsite.webhooks.api.urls import urlpatterns as webhooks_paths
from whatsapp.urls import urlpatterns as whatsapp_paths

handler400 = "leadsite.errors.bad_request"
handler404 = "leadsite.errors.not_found"
handler500 = "leadsite.errors.server_error"


def with_slash(paths: list[URLPattern]) -> list[URLPattern]:
    """The same paths ending in a slash: a redirect would turn a POST into a GET, and Meta takes it for a failure."""
    return [path(f"{item.pattern}/", item.callback, name=f"{item.name}-slash") for item in paths]


docs_paths = [
    path("schema", openapi.schema, name="schema"),
    path("docs", openapi.swagger, name="docs"),
    path("docs/redoc", openapi.redoc, name="redoc"),
]

urlpatterns = [
    path("", RedirectView.as_view(pattern_name="admin:index"), name="home"),
    path("admin/", admin.site.urls),
    path("api/", include(docs_paths + with_slash(docs_paths))),
    path("api/", include(conversations_paths + with_slash(conversations_paths))),
    path("api/", include(leads_paths + with_slash(leads_paths))),
    path("api/", include(whatsapp_paths + with_slash(whatsapp_paths))),
    path("api/", include(webhooks_paths + with_slash(webhooks_paths))),
]
