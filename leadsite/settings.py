"""All settings of the site, and the only reader of the environment. `.env.example` lists the variables.

Three ways to run:
  production  everything secret comes from the environment; what is missing stops the start with a clear error
  demo        `make run`: secrets made at random under LEADSITE_DATA_DIR, PostgreSQL from a wheel, 127.0.0.1 only
  tests       under pytest: as demo, with a data directory of its own
"""

import logging
from pathlib import Path

import django_stubs_ext
from django.core.exceptions import ImproperlyConfigured

from leadsite.adminkit import theme
from leadsite.demo import embedded
from leadsite.demo import secrets as demo_secrets
from leadsite.environment import TRUE, Environment, database_of
from leadsite.observability import logging_settings
from leadsite.rest import defaults as rest_defaults

# Lets ModelForm[Lead] and the like stand in code: type arguments are for mypy, Django knows them only in part.
django_stubs_ext.monkeypatch()

BASE_DIR = Path(__file__).resolve().parent.parent

env = Environment()
# pytest sets this variable for as long as it runs (docs.pytest.org, "Environment Variables").
TESTING = "PYTEST_VERSION" in env.ENVIRON
if not TESTING:
    env.read_env(BASE_DIR / ".env", overwrite=False)

DATA_DIR = (BASE_DIR / env.str("LEADSITE_DATA_DIR", "var")).resolve()
if TESTING:
    DATA_DIR /= "test"

# LEADSITE_DEMO: `make run` says true. manage.py says "if-made": a command typed beside a demo works on that demo,
# unless SECRET_KEY or DATABASE_URL says that this is another installation. A web server started without `make run`
# says nothing, and so never serves the demo by accident.
_demo = env.str("LEADSITE_DEMO", "false").lower()
if _demo == "if-made":
    DEMO = demo_secrets.path(DATA_DIR).exists() and not env.str("SECRET_KEY", "") and not env.str("DATABASE_URL", "")
else:
    DEMO = _demo in TRUE
DEMO = DEMO or TESTING
if DEMO:
    try:
        env.read_env(demo_secrets.ensure(DATA_DIR), overwrite=False)
    except OSError as error:
        raise ImproperlyConfigured(f"LEADSITE_DATA_DIR is {DATA_DIR}, where nothing can be kept: {error}") from error

DEBUG = env.bool("DEBUG", False)
SECRET_KEY = env.str("SECRET_KEY", "")
if not SECRET_KEY:
    raise ImproperlyConfigured(
        "SECRET_KEY is not set. Set it to a long random text, or use `make run` for a demo that makes its own."
        " This prints one: python3 -c 'import secrets; print(secrets.token_urlsafe(50))'"
    )

ALLOWED_HOSTS = env.list("ALLOWED_HOSTS", default=["127.0.0.1", "localhost", "[::1]"] if DEMO else [])
CSRF_TRUSTED_ORIGINS = env.list("CSRF_TRUSTED_ORIGINS", default=[])
PORT = env.int("PORT", 8000)

# --- Database ---------------------------------------------------------------------------------------------------
DATABASE_URL = env.str("DATABASE_URL", "")
EMBEDDED_POSTGRES = not DATABASE_URL
if EMBEDDED_POSTGRES:
    if not DEMO:
        raise ImproperlyConfigured(
            "DATABASE_URL is not set. Set it to postgresql://USER:PASSWORD@HOST/NAME (PostgreSQL 15 to 18),"
            " or use `make run` for a demo that brings its own PostgreSQL."
        )
    DATABASE_URL = embedded.database_url(DATA_DIR)

DATABASES = {"default": database_of(DATABASE_URL)}
DATABASES["default"] |= {
    "ENGINE": "leadsite.core.postgresql",
    # A transaction belongs to the service that needs it, not to the request: the record of a failed delivery must
    # outlive the failure of its work.
    "ATOMIC_REQUESTS": False,
    # One connection per thread, kept, and looked at before each request: see leadsite/core/postgresql/base.py.
    "CONN_HEALTH_CHECKS": True,
    "CONN_MAX_AGE": env.int("DATABASE_CONN_MAX_AGE", 600),
    # Server-side cursors do not survive pgbouncer in transaction mode.
    "DISABLE_SERVER_SIDE_CURSORS": True,
}
DATABASES["default"]["OPTIONS"] = {
    "connect_timeout": 3,
    # A host that is gone without a word is noticed within half a minute, and not after the kernel's two hours.
    "keepalives_idle": 10,
    "keepalives_interval": 5,
    "keepalives_count": 3,
    "tcp_user_timeout": 15_000,
    # The server then plans a statement once for a connection and not at each call.
    "server_side_binding": True,
    "prepare_threshold": 3 if env.bool("DATABASE_PREPARED_STATEMENTS", True) else None,
    **DATABASES["default"].get("OPTIONS", {}),
}
# A web server waits for nobody for long: a lock 2 s, a statement 5 s, a forgotten transaction 10 s. manage.py takes
# this out again, for migrations and imports; behind a pooler, ALTER ROLE does it instead (docs/operations.md).
DATABASE_TIMEOUTS = "-c lock_timeout=2s -c statement_timeout=5s -c idle_in_transaction_session_timeout=10s"
if env.bool("DATABASE_TIMEOUTS", not TESTING):
    DATABASES["default"]["OPTIONS"].setdefault("options", DATABASE_TIMEOUTS)
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# --- The site ---------------------------------------------------------------------------------------------------
INSTALLED_APPS = [
    "unfold",
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.postgres",
    "django.contrib.staticfiles",
    "django_structlog",
    "rest_framework",
    "django_filters",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "knox",
    "procrastinate.contrib.django",
    "leadsite",
    "leadsite.accounts",
    "conversations",
    "leads",
    "whatsapp",
    "leadsite.webhooks",
]
MIDDLEWARE = [
    "leadsite.middleware.Probes",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "leadsite.middleware.RequestLog",
    "leadsite.middleware.DatabaseAway",
    "leadsite.middleware.PageSession",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "leadsite.middleware.PageAuthentication",
    "leadsite.middleware.PageMessages",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]
ROOT_URLCONF = "leadsite.urls"
WSGI_APPLICATION = "leadsite.wsgi.application"
TEMPLATES = theme.TEMPLATES
LANGUAGE_CODE = "en"
TIME_ZONE = env.zone("TIME_ZONE", "UTC")
USE_TZ = True

AUTH_USER_MODEL = "accounts.User"
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 10}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.NumericPasswordValidator"},
]
LOGIN_URL = "admin:login"

STATIC_URL = "static/"
# The demo serves static files from where they lie (tests ask for none); production from STATIC_ROOT, hashed.
WHITENOISE_USE_FINDERS = DEMO and not TESTING
STATIC_ROOT = None if DEMO else BASE_DIR / "staticfiles"
_static = "django.contrib.staticfiles.storage.Static" if DEMO else "whitenoise.storage.CompressedManifestStatic"
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": f"{_static}FilesStorage"},
}

# --- HTTP safety ------------------------------------------------------------------------------------------------
# Meta sends webhook bodies of up to 3 MB; Django's default of 2.5 MB would refuse them for seven days.
DATA_UPLOAD_MAX_MEMORY_SIZE = 4 * 1024 * 1024
DATA_UPLOAD_MAX_NUMBER_FIELDS = 10_000  # an admin action on every row of a long list sends one field a row
# The largest body of a REST call, in bytes; how many calls a key may make, 0 for any number.
API_MAX_BODY_BYTES = 512 * 1024
API_REQUESTS_PER_MINUTE = env.int("API_REQUESTS_PER_MINUTE", 0 if TESTING else 6000)

_https = env.bool("HTTPS", not DEMO)
SECURE_SSL_REDIRECT = _https
# Meta takes a redirect for a failure.
SECURE_REDIRECT_EXEMPT = [r"^api/webhooks/"]
SECURE_HSTS_SECONDS = env.int("HSTS_SECONDS", 3600) if _https else 0
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if env.bool("BEHIND_PROXY", False) else None
SESSION_COOKIE_SECURE = _https
CSRF_COOKIE_SECURE = _https
SESSION_COOKIE_HTTPONLY = True
X_FRAME_OPTIONS = "DENY"
SILENCED_SYSTEM_CHECKS = [
    "security.W005",  # HSTS for subdomains: whether all of them speak HTTPS is not this site's to say
    "security.W021",  # HSTS preload: the same, and for ever
]

# --- REST -------------------------------------------------------------------------------------------------------
KNOX_TOKEN_MODEL = "accounts.ApiKey"  # noqa: S105 - the name of a model
# knox's migrations make a table for its own token model; ours is accounts.ApiKey.
MIGRATION_MODULES = {"knox": None}
REST_KNOX = rest_defaults.REST_KNOX | {"TOKEN_MODEL": KNOX_TOKEN_MODEL}
REST_FRAMEWORK = rest_defaults.REST_FRAMEWORK
SPECTACULAR_SETTINGS = rest_defaults.SPECTACULAR_SETTINGS

# --- WhatsApp ---------------------------------------------------------------------------------------------------
# Newest first. What the tokens in `channels` are encrypted with: see leadsite/core/encryption.py.
FIELD_ENCRYPTION_KEYS = env.list("FIELD_ENCRYPTION_KEYS", default=[])
# What providers sign their deliveries with: Meta's app secret, Twilio's auth token. A delivery may bear any of them.
WHATSAPP_APP_SECRETS = [secret.strip() for secret in env.list("WHATSAPP_APP_SECRETS", default=[])]
if "" in WHATSAPP_APP_SECRETS:
    raise ImproperlyConfigured("WHATSAPP_APP_SECRETS holds an empty secret: anybody could sign with it. Take it out.")
WHATSAPP_VERIFY_TOKEN = env.str("WHATSAPP_VERIFY_TOKEN", "")
# Scheme and host under which providers reach the site, where the proxy in front does not hand them on.
PUBLIC_URL = env.origin("PUBLIC_URL")
# cloud and twilio send, each number through its own provider; console prints, and plays the customer's side.
WHATSAPP_BACKEND = env.choice("WHATSAPP_BACKEND", "console" if DEMO else "cloud", ("cloud", "twilio", "console"))
WHATSAPP_API_BASE_URL = env.origin("WHATSAPP_API_BASE_URL", "https://graph.facebook.com")
WHATSAPP_API_VERSION = env.str("WHATSAPP_API_VERSION", "") or "v26.0"
TWILIO_API_BASE_URL = env.origin("TWILIO_API_BASE_URL", "https://api.twilio.com")
# Limits of Meta ("Throughput", "Pair rate limits"): a second of one number; seconds between two to a customer; at once.
WHATSAPP_MESSAGES_PER_SECOND = env.int("WHATSAPP_MESSAGES_PER_SECOND", 80)
WHATSAPP_PAIR_SECONDS = env.int("WHATSAPP_PAIR_SECONDS", 6)
WHATSAPP_PAIR_BURST = env.int("WHATSAPP_PAIR_BURST", 45)
# Refuse free text to who wrote last more than 24 hours ago, which Meta will most likely refuse.
WHATSAPP_ENFORCE_WINDOW = env.bool("WHATSAPP_ENFORCE_WINDOW", False)
# For how many days bodies of deliveries are kept: those that are rows, and those that are not.
DELIVERY_DAYS = env.int("DELIVERY_DAYS", 30)
FAILED_DELIVERY_DAYS = env.int("FAILED_DELIVERY_DAYS", 180)

# --- Webhooks of integrators ------------------------------------------------------------------------------------
# Post also to private addresses and without TLS. Then whoever has an API key reaches this network's own machines.
WEBHOOKS_ALLOW_PRIVATE = env.bool("WEBHOOKS_ALLOW_PRIVATE", False)

# --- Worker -----------------------------------------------------------------------------------------------------
# A daily job whose hour nobody was there for is done when the worker starts, up to a day later.
PROCRASTINATE_PERIODIC_DEFAULTS = {"max_delay": 86_400}

# --- Logs -------------------------------------------------------------------------------------------------------
LOG_LEVEL = env.level("LOG_LEVEL", "INFO")
LOGGING = logging_settings(level=LOG_LEVEL, readable=DEMO)
# One line a request, when it is finished; its id is on every other line that it causes.
# The address is whoever connects, the proxy in production: the proxy's own log knows better.
DJANGO_STRUCTLOG_IP_LOGGING_ENABLED = False
DJANGO_STRUCTLOG_STATUS_START_LOG_LEVEL = logging.DEBUG
DJANGO_STRUCTLOG_STATUS_4XX_LOG_LEVEL = logging.INFO

# --- Demo -------------------------------------------------------------------------------------------------------
DEMO_PASSWORD = env.str("DEMO_PASSWORD", "") if DEMO else ""

UNFOLD = theme.UNFOLD
