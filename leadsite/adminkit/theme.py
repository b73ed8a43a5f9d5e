"""Settings of templates, languages and django-unfold. None depends on the environment."""

from pathlib import Path
from typing import Any, Final

from django.urls import reverse_lazy
from django.utils.translation import gettext_lazy as _

from leadsite.languages.catalogues import LOCALE

# Each has a complete catalogue in LOCALE, and its own name here: somebody who reads no English finds it. Portuguese is
# Brazil's: most businesses that sell by WhatsApp in that language are there, and Django falls back on it for "pt".
LOCALE_PATHS: Final = [LOCALE]
LANGUAGES: Final = [("en", "English"), ("de", "Deutsch"), ("es", "Español"), ("pt-br", "Português (Brasil)")]
UNFOLD: Final[dict[str, Any]] = {
    "SITE_TITLE": "leadsite",
    "SITE_HEADER": "leadsite",
    "SITE_SUBHEADER": _("Leads and conversations"),
    "SITE_SYMBOL": "forum",
    "SITE_FAVICONS": [{"rel": "icon", "type": "image/svg+xml", "href": "leadsite.sidebar.favicon"}],
    "STYLES": ["leadsite.sidebar.stylesheet"],
    "SCRIPTS": [
        *("leadsite.sidebar.htmx_settings", "leadsite.sidebar.once_script"),
        *("leadsite.sidebar.typed_script", "leadsite.sidebar.search_key"),
    ],
    # No link "View site": there are no pages outside the admin.
    "SITE_URL": None,
    "SHOW_VIEW_ON_SITE": False,
    "DASHBOARD_CALLBACK": "leadsite.dashboard.dashboard",
    "ACCOUNT": {
        "navigation": [
            {"title": _("Your account"), "link": reverse_lazy("account")},
            {"title": _("Change password"), "link": reverse_lazy("admin:password_change")},
        ]
    },
    "SIDEBAR": {"navigation": "leadsite.sidebar.navigation"},
}
TEMPLATES: Final[list[dict[str, Any]]] = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        # First, because some of these replace unfold's templates.
        "DIRS": [Path(__file__).parent.parent / "templates"],
        "OPTIONS": {
            "builtins": ["leadsite.languages.filters", "leadsite.accounts.people.shown_for"],
            "loaders": [
                (
                    "django.template.loaders.cached.Loader",
                    [f"leadsite.adminkit.templates.{kind}Loader" for kind in ("Filesystem", "AppDirectories")],
                )
            ],
            "context_processors": [
                "leadsite.adminkit.templates.csp_nonce",
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ],
        },
    }
]
