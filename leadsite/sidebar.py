"""The admin's menu, for leadsite/adminkit/theme.py: first the pages for daily use, below them the set-up pages."""

from typing import Any, Final

from django.contrib import admin
from django.http import HttpRequest
from django.templatetags.static import static
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from leadsite.adminkit.workplace import business_of
from leadsite.business.pages import may_change
from leadsite.inbox.access import may_read
from whatsapp.admin.alerts import stopped_badge
from whatsapp.admin.deliveries import waiting_badge

# Model, title, icon (fonts.google.com/icons; the font is part of unfold).
MENU = [
    (
        None,
        [
            ("Inbox", _("Inbox"), "inbox"),
            ("Board", _("Board"), "view_kanban"),
            ("Overview", _("Overview"), "monitoring"),
            ("Lead", _("Leads"), "flag"),
            ("Conversation", _("Conversations"), "forum"),
            ("Message", _("Messages"), "chat"),
            ("Customer", _("Customers"), "person"),
            ("ImportRun", _("Imports"), "upload_file"),
            ("BulkChange", _("Bulk changes"), "checklist"),
            ("DeletedLead", _("Deleted leads"), "delete"),
        ],
    ),
    (
        _("Set-up"),
        [
            ("User", _("Businesses"), "storefront"),
            ("Settings", _("Business settings"), "tune"),
            ("Person", _("People"), "group"),
            ("Membership", _("Who works where"), "badge"),
            ("Invitation", _("Invitations"), "mail"),
            ("ApiKey", _("API keys"), "key"),
            ("Channel", _("WhatsApp numbers"), "smartphone"),
            ("MessageTemplate", _("Message templates"), "draft"),
            ("QuickReply", _("Quick replies"), "quickreply"),
            ("Label", _("Labels"), "label"),
            ("AccountEvent", _("Account events"), "notifications"),
            ("WebhookEndpoint", _("Webhooks"), "webhook"),
            ("WebhookEvent", _("Webhook events"), "outbox"),
            ("WebhookDelivery", _("Deliveries"), "move_to_inbox"),
            ("FailedTransaction", _("Failed transactions"), "error"),
            ("Group", _("Groups"), "lock_person"),
            ("Session", _("Sessions"), "devices"),
            ("LoginAttempt", _("Failed logins"), "lock_clock"),
        ],
    ),
]

# Functions that count what needs action; called only for users who see the item.
BADGES: Final = {"Channel": stopped_badge, "WebhookDelivery": waiting_badge}


def navigation(request: HttpRequest) -> list[dict[str, Any]]:
    """The menu, without the pages that the user has no permission to view."""
    apps = admin.site.get_app_list(request)
    links = {model["object_name"]: model["admin_url"] for app in apps for model in app["models"]}
    links |= own_pages(request)
    # The address of one page may begin with that of another: unfold would mark both.
    opened = max((link for link in links.values() if link and request.path.startswith(link)), key=len, default=None)
    titles = {} if links.get("Person") else {"Membership": _("People")}  # an operator's menu has both
    return [
        {
            "title": title,
            "separator": title is not None,
            "items": [
                {
                    "title": titles.get(model, name),
                    "icon": icon,
                    "link": links[model],
                    "active": links[model] == opened,
                    "badge": BADGES[model](request) if model in BADGES else "",
                }
                for model, name, icon in items
                if links.get(model)
            ],
        }
        for title, items in MENU
    ]


def own_pages(request: HttpRequest) -> dict[str, str]:
    """Pages without a model."""
    mine = {"Overview": reverse("overview")}
    if may_change(request):
        mine["Settings"] = reverse("business-settings")
    if not may_read(request):
        return mine
    mine["Inbox"] = reverse("inbox")
    return mine | {"Board": reverse("inbox-board")} if request.user.has_perm("leads.view_lead") else mine


def stylesheet(request: HttpRequest) -> str:
    return static("leadsite/admin.css")


def htmx_settings(request: HttpRequest) -> str:
    return static("leadsite/htmx_settings.js")


def typed_script(request: HttpRequest) -> str:
    """What somebody typed is put back for the same user in the same business only: the script reads the fragment, which
    is not sent.
    """
    is_known = getattr(request, "user", None) and request.user.is_authenticated
    who = f"{request.user.pk}.{business_of(request)}" if is_known else ""
    return f"{static('leadsite/typed.js')}#{who}"


def once_script(request: HttpRequest) -> str:
    return static("leadsite/once.js")


def search_key(request: HttpRequest) -> str:
    """Opens the search by Ctrl+K. The fragment is the address of the inbox, for people who may read it."""
    person = getattr(request, "user", None)
    inbox = reverse("inbox") if person and person.is_authenticated and may_read(request) else ""
    return f"{static('leadsite/search_key.js')}#{inbox}"


def favicon(request: HttpRequest) -> str:
    return static("leadsite/icon.svg")
