"""All settings of the site, and the only module that reads the environment. `.env.example` lists the variables.

Three modes:
  production  secrets come from the environment; the start fails with a message if one is missing
  demo        `make run`: random secrets under LEADSITE_DATA_DIR, PostgreSQL from a wheel, 127.0.0.1 only
  tests       under pytest: like the demo, with its own data directory
"""

import sys
from functools import partial
from pathlib import Path

import django_stubs_ext
from django.core.exceptions import ImproperlyConfigured

from conversations.media import defaults as media_defaults
from leadsite import VERSION
from leadsite.accounts import defaults as account_defaults
from leadsite.adminkit import theme
from leadsite.core.postgresql import defaults as database_defaults
from leadsite.demo import embedded
from leadsite.demo import secrets as demo_secrets
from leadsite.environment import TRUE, Environment, parse_database_url, parse_email_url
from leadsite.observability import logging_settings
from leadsite.rest import cors
from leadsite.rest import defaults as rest_defaults

# Allows type arguments such as ModelForm[Lead] at run time; not all of Django's classes accept them.
django_stubs_ext.monkeypatch()

BASE_DIR = Path(__file__).resolve().parent.parent

env = Environment()
# pytest sets this variable for as long as it runs (docs.pytest.org, "Environment Variables"). A shell may have kept it.
TESTING = "PYTEST_VERSION" in env.ENVIRON and "pytest" in sys.modules
if not TESTING:
    env.read_env(BASE_DIR / ".env", overwrite=False)

DATA_DIR = (BASE_DIR / env.str("LEADSITE_DATA_DIR", "var")).resolve()
if TESTING:
    DATA_DIR /= "test"

# LEADSITE_DEMO: `make run` sets it to true. manage.py sets it to "if-made": a command uses the demo if the demo's
# secrets exist and neither SECRET_KEY nor DATABASE_URL is set. A web server started without `make run` does not set it,
# so it never serves the demo by accident. "force": also where secret and database are those of an installation.
_demo = env.str("LEADSITE_DEMO", "false").lower()
_installed = bool(env.str("SECRET_KEY", "") and env.str("DATABASE_URL", ""))
if _demo == "if-made":
    DEMO = demo_secrets.path(DATA_DIR).exists() and not env.str("SECRET_KEY", "") and not env.str("DATABASE_URL", "")
else:
    DEMO = _demo in TRUE or _demo == "force"
DEMO = DEMO or TESTING
DEMO_FORCED = _demo == "force"
DEMO_IN_INSTALLATION = DEMO and _installed and not DEMO_FORCED
if DEMO:
    try:
        env.read_env(demo_secrets.ensure(DATA_DIR), overwrite=False)
    except OSError as error:
        raise ImproperlyConfigured(f"LEADSITE_DATA_DIR is {DATA_DIR}, which cannot be written: {error}") from error

DEBUG = env.bool("DEBUG", False)
SECRET_KEY = env.str("SECRET_KEY", "")
if not SECRET_KEY:
    raise ImproperlyConfigured(
        "SECRET_KEY is not set. Set it to a long random text, or use `make run` for a demo that generates its own."
        " This prints one: python3 -c 'import secrets; print(secrets.token_urlsafe(50))'"
    )
# Former values of SECRET_KEY, after it was replaced: what was signed with them, and the marks of erased people, count.
SECRET_KEY_FALLBACKS = env.list("SECRET_KEY_FALLBACKS", default=[])

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
            " or use `make run` for a demo with its own PostgreSQL."
        )
    DATABASE_URL = embedded.database_url(DATA_DIR)

_connection_settings = partial(
    database_defaults.connection_settings,
    max_age=env.int("DATABASE_CONN_MAX_AGE", 600),
    next_password=env.str("DATABASE_NEXT_PASSWORD", ""),
    prepared=env.bool("DATABASE_PREPARED_STATEMENTS", True),
    time_outs=env.bool("DATABASE_TIMEOUTS", not TESTING),
)
DATABASES = {"default": _connection_settings(parse_database_url(DATABASE_URL))}
# A streaming replica, which answers lists and searches: leadsite/core/postgresql/replica.py.
DATABASE_REPLICA_URL = env.str("DATABASE_REPLICA_URL", "")
if DATABASE_REPLICA_URL:
    _replica = parse_database_url(DATABASE_REPLICA_URL, "DATABASE_REPLICA_URL") | {"TEST": {"MIRROR": "default"}}
    DATABASES["replica"] = _connection_settings(_replica, read_only=True)
    DATABASE_ROUTERS = ["leadsite.core.postgresql.replica.ReplicaRouter"]
APPLICATION_ROLE = str(DATABASES["default"].get("USER", ""))
# The role that owns the tables, for commands that change them (manage.py); without it the application role does all.
MIGRATION_DATABASE_URL = env.str("MIGRATION_DATABASE_URL", "")
OWNER_DATABASE = {}
if MIGRATION_DATABASE_URL:
    OWNER_DATABASE = _connection_settings(parse_database_url(MIGRATION_DATABASE_URL, "MIGRATION_DATABASE_URL"))
# A role that may only call the functions for SQL clients; `migrate` gives it the right.
DATABASE_SQL_ROLE = env.str("DATABASE_SQL_ROLE", "")
# How long the statements of a request may wait for the server in all, so that a client has its 503 within five seconds
# also where the server's time-outs do not work: see PatientConnection. 0 is no limit.
DATABASE_WAIT_SECONDS = env.int("DATABASE_WAIT_SECONDS", 0 if TESTING else 4)
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# --- The site ---------------------------------------------------------------------------------------------------
INSTALLED_APPS = [
    "unfold",
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.messages",
    "django.contrib.postgres",
    "django.contrib.staticfiles",
    "corsheaders",
    "rest_framework",
    "django_filters",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "knox",
    "procrastinate.contrib.django",
    "leadsite",
    "leadsite.accounts",
    "leadsite.audit",
    "conversations",
    "leads",
    "whatsapp",
    "leadsite.webhooks",
    "leadsite.monitoring",
    "leadsite.inbox",
    "leadsite.privacy",
    "leadsite.backups",
    "leadsite.exports",
    "leadsite.figures",
]
MIDDLEWARE = [
    "leadsite.middleware.Probes",
    "leadsite.core.logs.requests.RequestLog",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "leadsite.monitoring.middleware.Monitor",
    "leadsite.middleware.ContentPolicy",
    "leadsite.middleware.DatabaseUnavailable",
    "leadsite.middleware.NoteWrites",
    "leadsite.languages.choosing.PageLanguage",
    "leadsite.middleware.ErrorPages",
    "leadsite.inbox.live.LiveInbox",
    "leadsite.middleware.PageSession",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "leadsite.middleware.PageAuthentication",
    "leadsite.middleware.PageMessages",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]
ROOT_URLCONF = "leadsite.urls"
# Requests of one business at a time of a web process, and one of others: each takes a thread and a database
# connection (leadsite/server).
WEB_THREADS = env.int("WEB_THREADS", 4)
WSGI_APPLICATION = "leadsite.wsgi.application"
TEMPLATES = theme.TEMPLATES
LANGUAGE_CODE, LANGUAGES, LOCALE_PATHS = "en", theme.LANGUAGES, theme.LOCALE_PATHS
TIME_ZONE = env.zone("TIME_ZONE", "UTC")

AUTH_USER_MODEL = "accounts.User"
AUTHENTICATION_BACKENDS = account_defaults.BACKENDS
AUTH_PASSWORD_VALIDATORS = account_defaults.VALIDATORS
PASSWORD_HASHERS = account_defaults.HASHERS
LOGIN_URL = "admin:login"
PASSWORD_RESET_TIMEOUT = account_defaults.RESET_SECONDS
# The mail server that sends these links, if there is one, and the sender's address.
EMAIL_URL = env.str("EMAIL_URL", "")
globals().update(parse_email_url(EMAIL_URL))
DEFAULT_FROM_EMAIL = env.str("EMAIL_FROM", "") or "leadsite@localhost"
EMAIL_TIMEOUT = 10
# Who must have a second factor to log in: see leadsite/accounts/second_factor/rules.py.
STAFF_SECOND_FACTOR = env.choice("STAFF_SECOND_FACTOR", "optional", ("optional", "owners", "all"))
# A session ends so many hours after its last request, and so many days after the login.
SESSION_IDLE_HOURS = env.int("SESSION_IDLE_HOURS", 12)
SESSION_MAX_DAYS = env.int("SESSION_MAX_DAYS", 14)
SESSION_ENGINE = "leadsite.accounts.sessions.store"
SESSION_COOKIE_AGE = SESSION_MAX_DAYS * 24 * 3600
LOGIN_REDIRECT_URL = "admin:index"

STATIC_URL = "static/"
# The demo serves static files from the apps (tests request none), production hashed files from STATIC_ROOT.
WHITENOISE_USE_FINDERS = DEMO and not TESTING
STATIC_ROOT = None if DEMO else BASE_DIR / "staticfiles"
_static = "django.contrib.staticfiles.storage.Static" if DEMO else "whitenoise.storage.CompressedManifestStatic"
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": f"{_static}FilesStorage"},
    "media": media_defaults.storage_of(
        DATA_DIR / "media",
        bucket_name=env.str("MEDIA_S3_BUCKET", ""),
        endpoint_url=env.str("MEDIA_S3_ENDPOINT_URL", ""),
        region_name=env.str("MEDIA_S3_REGION", ""),
        access_key=env.str("MEDIA_S3_ACCESS_KEY", ""),
        secret_key=env.str("MEDIA_S3_SECRET_KEY", ""),
    ),
}

# --- HTTP safety ------------------------------------------------------------------------------------------------
# Meta sends webhook bodies of up to 3 MB and retries for seven days; Django's default of 2.5 MB would refuse them.
DATA_UPLOAD_MAX_MEMORY_SIZE = 4 * 1024 * 1024
# The largest file of leads that staff may upload. A hundred megabytes are a million leads.
IMPORT_MAX_BYTES = 100 * 1024 * 1024
DATA_UPLOAD_MAX_NUMBER_FIELDS = 10_000  # an admin action sends one field for each selected row
# The largest body of a REST request, in bytes; the requests per minute of one key, 0 for no limit.
API_MAX_BODY_BYTES = 512 * 1024
# The same where a message may have a file of 16 MB, as base64; and of a form with one.
API_MAX_FILE_BODY_BYTES = FILE_FORM_MAX_BYTES = 22 * 1024 * 1024
API_REQUESTS_PER_MINUTE = env.int("API_REQUESTS_PER_MINUTE", 0 if TESTING else account_defaults.REQUESTS_PER_MINUTE)
# Wrong API keys, and deliveries that are not signed, that one address may send in a minute; 0 for any number.
REFUSALS_PER_MINUTE = env.int("REFUSALS_PER_MINUTE", 0 if TESTING else 60)
# How long a web process caches a valid API key, and so how long a revoked key may still work.
API_KEY_CACHE_SECONDS = 0.0 if TESTING else 1.0

_https = env.bool("HTTPS", not DEMO)
SECURE_SSL_REDIRECT = _https
# Meta treats a redirect as a failure.
SECURE_REDIRECT_EXEMPT = [r"^api/webhooks/"]
SECURE_HSTS_SECONDS = env.int("HSTS_SECONDS", 365 * 24 * 3600) if _https else 0
# A proxy sets X-Forwarded-Proto, and adds the client's address to X-Forwarded-For; without one, clients could set both.
BEHIND_PROXY = env.bool("BEHIND_PROXY", False)
# granian ends TLS itself, and says so in the request: nothing is forwarded.
SERVER_HAS_CERTIFICATE = bool(env.str("GRANIAN_SSL_CERTIFICATE", ""))
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if BEHIND_PROXY else None
SESSION_COOKIE_SECURE = _https
CSRF_COOKIE_SECURE = _https
CSRF_FAILURE_VIEW = "leadsite.errors.csrf_failure"
# Web pages of these origins may call the API; by default none. A page of anyone's reads nothing: it has no key.
CORS_ALLOWED_ORIGINS = env.origins("CORS_ALLOWED_ORIGINS")
CORS_URLS_REGEX = cors.PATHS
CORS_ALLOW_METHODS = cors.METHODS
CORS_ALLOW_HEADERS = cors.REQUEST_HEADERS
CORS_EXPOSE_HEADERS = cors.ANSWER_HEADERS
if CORS_ALLOWED_ORIGINS:
    MIDDLEWARE.insert(MIDDLEWARE.index("leadsite.core.logs.requests.RequestLog") + 1, cors.MIDDLEWARE)
SILENCED_SYSTEM_CHECKS = [
    "security.W005",  # HSTS for subdomains: this site cannot know whether all of them use HTTPS
    "security.W021",  # HSTS preload: the same, and hard to reverse
]

# --- REST -------------------------------------------------------------------------------------------------------
KNOX_TOKEN_MODEL = "accounts.ApiKey"  # noqa: S105 - the name of a model
# knox's migrations would create a table for its token model, which accounts.ApiKey replaces.
MIGRATION_MODULES = {"knox": None}
REST_KNOX = rest_defaults.REST_KNOX | {"TOKEN_MODEL": KNOX_TOKEN_MODEL}
REST_FRAMEWORK = rest_defaults.REST_FRAMEWORK
SPECTACULAR_SETTINGS = rest_defaults.SPECTACULAR_SETTINGS | {"VERSION": VERSION}

# --- WhatsApp ---------------------------------------------------------------------------------------------------
# Keys that encrypt the access tokens in `channels`, newest first: see leadsite/core/encryption.py.
FIELD_ENCRYPTION_KEYS = env.list("FIELD_ENCRYPTION_KEYS", default=[])
# Secrets of Meta's signatures, of numbers that have none of their own: see whatsapp/inbound/authentication.py.
WHATSAPP_APP_SECRETS = [secret.strip() for secret in env.list("WHATSAPP_APP_SECRETS", default=[])]
if "" in WHATSAPP_APP_SECRETS:
    raise ImproperlyConfigured("WHATSAPP_APP_SECRETS has an empty secret: anyone could sign with it. Remove it.")
WHATSAPP_VERIFY_TOKEN = env.str("WHATSAPP_VERIFY_TOKEN", "")
# Scheme and host under which providers reach the site, if the proxy does not forward them.
PUBLIC_URL = env.origin("PUBLIC_URL")
# cloud and twilio send, each number through its provider; console prints messages and simulates the customers.
WHATSAPP_BACKEND = env.choice("WHATSAPP_BACKEND", "console" if DEMO else "cloud", ("cloud", "twilio", "console"))
WHATSAPP_API_BASE_URL = env.origin("WHATSAPP_API_BASE_URL", "https://graph.facebook.com")
WHATSAPP_API_VERSION = env.str("WHATSAPP_API_VERSION", "") or "v26.0"
TWILIO_API_BASE_URL = env.origin("TWILIO_API_BASE_URL", "https://api.twilio.com")
# Meta's limits ("Throughput", "Pair rate limits"): messages per second of one number; seconds between two messages to
# one customer; burst to one customer.
WHATSAPP_MESSAGES_PER_SECOND = env.int("WHATSAPP_MESSAGES_PER_SECOND", 80)
WHATSAPP_PAIR_SECONDS = env.int("WHATSAPP_PAIR_SECONDS", 6)
WHATSAPP_PAIR_BURST = env.int("WHATSAPP_PAIR_BURST", 45)
# Refuse free text outside the 24-hour customer service window, which Meta will most likely refuse.
WHATSAPP_ENFORCE_WINDOW = env.bool("WHATSAPP_ENFORCE_WINDOW", False)
# Days that the bodies of deliveries are kept: processed ones, and failed or unrouted ones.
DELIVERY_DAYS = env.int("DELIVERY_DAYS", 30)
FAILED_DELIVERY_DAYS = env.int("FAILED_DELIVERY_DAYS", 180)

# --- Privacy ----------------------------------------------------------------------------------------------------
# Days that closed leads, messages, what is known of media, and refused rows of imports are kept; 0: for ever.
CLOSED_LEAD_DAYS = env.int("CLOSED_LEAD_DAYS", 0)
MESSAGE_DAYS = env.int("MESSAGE_DAYS", 0)
MEDIA_DAYS = env.int("MEDIA_DAYS", 0)
REFUSAL_DAYS = env.int("REFUSAL_DAYS", 0)

# --- Webhooks of integrators ------------------------------------------------------------------------------------
# Also post to private addresses and without TLS. Every holder of an API key can then reach hosts of this network. In
# the demo, so that an integrator can try a receiver on the same machine.
WEBHOOKS_ALLOW_PRIVATE = env.bool("WEBHOOKS_ALLOW_PRIVATE", DEMO and not TESTING)

# --- Worker -----------------------------------------------------------------------------------------------------
# A daily job that was missed because no worker ran is run when one starts, up to a day later.
PROCRASTINATE_PERIODIC_DEFAULTS = {"max_delay": 86_400}

# --- Logs -------------------------------------------------------------------------------------------------------
LOG_LEVEL = env.level("LOG_LEVEL", "INFO")
LOGGING = logging_settings(level=LOG_LEVEL, readable=DEMO)

# --- Monitoring -------------------------------------------------------------------------------------------------
# Days after which what was deleted is removed for good; 0: never. Days that failed transactions are kept.
DELETED_DAYS = env.int("DELETED_DAYS", 30)
FAILED_TRANSACTION_DAYS = env.int("FAILED_TRANSACTION_DAYS", 90)
# Where the processes of this machine count together: leadsite/core/metrics.py.
METRICS_DIR = DATA_DIR / "metrics"
WORKERS_DIR = DATA_DIR / "workers"  # heartbeats of the workers of this machine
# Sent by the reader of /metrics: Authorization: Bearer <token>. Without one only the demo has the page.
METRICS_TOKEN = env.str("METRICS_TOKEN", "")

# --- Audit ------------------------------------------------------------------------------------------------------
# Days that entries are kept, by whole months, 30 at least; 0 keeps them for good.
AUDIT_DAYS = env.int("AUDIT_DAYS", 0)

# --- Demo -------------------------------------------------------------------------------------------------------
DEMO_PASSWORD = env.str("DEMO_PASSWORD", "") if DEMO else ""

UNFOLD = theme.UNFOLD
