"""All paths of the site except the probes (leadsite/middleware.py). API paths also accept a trailing slash."""

from typing import cast

from django.contrib import admin
from django.urls import URLPattern, include, path
from django.views.generic import RedirectView
from rest_framework.routers import SimpleRouter

from conversations.api.history import ConversationHistoryViewSet, CustomerHistoryViewSet
from conversations.api.labels import LabelViewSet
from conversations.api.people import PersonViewSet
from conversations.api.viewsets import ConversationViewSet, MessageViewSet
from conversations.media.views import program_file, staff_view
from leads.api.gone import gone
from leads.api.history import LeadHistoryViewSet
from leads.api.viewsets import LeadViewSet
from leadsite.accounts.login_page import login
from leadsite.business import pages as business_pages
from leadsite.inbox.access import for_staff
from leadsite.inbox.views import first_page
from leadsite.privacy.api.viewsets import CustomerViewSet
from leadsite.rest import openapi
from leadsite.webhooks.api.viewsets import WebhookEndpointViewSet, WebhookEventViewSet
from whatsapp.inbound.webhook import webhook
from whatsapp.outbound.api.templates import TemplateViewSet
from whatsapp.outbound.api.viewsets import ReplyViewSet, SendViewSet

handler400 = "leadsite.errors.bad_request"
handler403 = "leadsite.errors.forbidden"
handler404 = "leadsite.errors.not_found"
handler500 = "leadsite.errors.server_error"


def with_slash(paths: list[URLPattern]) -> list[URLPattern]:
    """The same paths with a trailing slash. No redirect: it would turn a POST into a GET, and Meta would fail."""
    return [path(f"{item.pattern}/", item.callback, name=f"{item.name}-slash") for item in paths]


# Each viewset has some of: list and create, retrieve, partial_update and destroy. No PUT.
router = SimpleRouter(trailing_slash=False, use_regex_path=False)
router.register("leads", LeadViewSet)
router.register("leads/<uuid:lead_id>/history", LeadHistoryViewSet, basename="lead-history")
router.register("conversations", ConversationViewSet)
router.register(
    "conversations/<uuid:conversation_id>/history", ConversationHistoryViewSet, basename="conversation-history"
)
router.register("conversations/<uuid:conversation_id>/messages", ReplyViewSet, basename="thread")
router.register("labels", LabelViewSet)
router.register("people", PersonViewSet, basename="person")
router.register("messages", MessageViewSet)
router.register("customers", CustomerViewSet)
router.register("customers/<uuid:customer_id>/history", CustomerHistoryViewSet, basename="customer-history")
router.register("whatsapp", SendViewSet, basename="send")
router.register("templates", TemplateViewSet)
router.register("webhook-endpoints", WebhookEndpointViewSet)
router.register("webhook-endpoints/<uuid:endpoint_id>/events", WebhookEventViewSet)

api_paths: list[URLPattern] = [
    *cast(list[URLPattern], router.urls),
    path("webhooks/whatsapp", webhook, name="whatsapp-webhook"),
    # Removed paths of the previous system: 410.
    path("conversation", gone, name="gone-conversation"),
    path("leads/create-with-conversation", gone, name="gone-create-with-conversation"),
    path("files/<uuid:media_id>", program_file, name="api-file"),
    path("schema", openapi.schema, name="schema"),
    path("docs", openapi.swagger, name="docs"),
    path("docs/redoc", openapi.redoc, name="redoc"),
]

urlpatterns = [
    # First: the paths are tried in order, and clients and webhooks make most requests.
    path("api/", include(api_paths + with_slash(api_paths))),
    path("", RedirectView.as_view(pattern_name="admin:index"), name="home"),
    # Before the admin's own pages of these addresses.
    path("admin/login/", login),
    path("admin/login/", include("leadsite.accounts.second_factor.login_pages")),
    path("admin/", include("leadsite.accounts.passwords.pages")),
    path("admin/", include("leadsite.accounts.people.pages")),
    path("admin/account/", include("leadsite.accounts.account.pages")),
    path("admin/settings/", include(business_pages.urlpatterns)),
    path("admin/exports/", include("leadsite.exports.urls")),
    path("admin/inbox/", include("leadsite.inbox.urls")),
    path("admin/media/<uuid:media_id>/", staff_view, name="media"),
    path("admin/", for_staff(first_page)),
    path("admin/overview/", for_staff(admin.site.index), name="overview"),
    path("admin/", admin.site.urls),
]
