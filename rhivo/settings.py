"""Settings, all from the environment, safe by default. docs/operating.md lists the variables."""

import os
import secrets
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import environ
import psycopg
from django.core.exceptions import ImproperlyConfigured
from django.templatetags.static import static
from redis.backoff import NoBackoff
from redis.retry import Retry

from rhivo.db.database_url import django_settings

BASE_DIR = Path(__file__).resolve().parent.parent
# The production image has no `rhivo.local`: no embedded servers and no demo.
LOCAL = find_spec("rhivo.local") is not None
if LOCAL and "DATABASE_URL" not in os.environ:
    # A command without a database uses that of a demo which runs from this checkout.
    running_demo = import_module("rhivo.local.running_demo")
    environ.Env.ENVIRON = {**running_demo.environment(), **os.environ}
env = environ.Env()

ENVIRONMENT = env("RHIVO_ENV", default="development")
PRODUCTION = ENVIRONMENT == "production"
DEBUG = False
# Without a secret each process makes one, and no process accepts the sessions of another. In production the check
# rhivo.E004 refuses that.
SECRET_KEY = env("SECRET_KEY", default="") or secrets.token_urlsafe(48)
JWT_SECRET = env("JWT_SECRET", default="") or secrets.token_urlsafe(48)
SECRETS_GIVEN = all(env(name, default="") for name in ("SECRET_KEY", "JWT_SECRET"))

BASE_DOMAIN = env("BASE_DOMAIN", default="localhost")
PUBLIC_URL = env("PUBLIC_URL", default=f"http://{BASE_DOMAIN}:8000").rstrip("/")
ALLOWED_HOSTS = env.list("ALLOWED_HOSTS", default=[BASE_DOMAIN, f".{BASE_DOMAIN}", "127.0.0.1", "[::1]"])
TRUSTED_PROXIES = env.list("TRUSTED_PROXIES", default=[])
THROTTLE = env("RHIVO_THROTTLE", default="on") != "off"

INSTALLED_APPS = [
    "rhivo",  # first, because its commands replace some of Django's
    "unfold.apps.BasicAppConfig",
    "businesses.backoffice.site_config.BackOfficeConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.postgres",
    "rest_framework",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "django_htmx",
    "csp",
    "audit",
    "businesses",
    "notifications",
    "bookings",
    "rhivo.shell",
    *(["rhivo.local"] if LOCAL else []),
    *(["django_migration_linter"] if ENVIRONMENT == "test" else []),
]
MIGRATION_LINTER_OPTIONS = {"warnings_as_errors": False, "no_cache": True, "quiet": ["ok", "ignore", "warning"]}
# The order matters. The first three set headers, so they come before what may answer by itself: a redirect to https, a
# static file, a page for an unknown business. TenancyMiddleware opens the transaction with the session's claims, so it
# comes after the session and before the user is loaded.
MIDDLEWARE = [
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "csp.middleware.CSPMiddleware",
    "rhivo.web.edge.EdgeMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "businesses.middleware.TenancyMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
]
ROOT_URLCONF = "rhivo.urls"
WSGI_APPLICATION = "rhivo.wsgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "businesses.context_processors.business",
            ],
        },
    },
]

DATABASE_ROLE = env("RHIVO_DB_ROLE", default="app")
_URL_OF_ROLE = {
    "app": ["DATABASE_URL"],
    "worker": ["WORKER_DATABASE_URL", "DATABASE_URL"],
    "owner": ["MIGRATION_DATABASE_URL", "DATABASE_URL"],
}


def _read_url(name: str) -> dict[str, Any]:
    try:
        return django_settings(env(name))
    except psycopg.ProgrammingError as error:
        raise ImproperlyConfigured(
            f"{name} is not the URL of a PostgreSQL database: write postgresql://user:password@host/database, "
            "or postgresql://user:password@/database?host=/folder/of/the/socket."
        ) from error


def database() -> dict[str, Any]:
    """Return the connection of this process's role; without any URL one that says the cure when it is used."""
    names = [name for name in _URL_OF_ROLE[DATABASE_ROLE] if env(name, default="")]
    parsed: dict[str, Any] = _read_url(names[0]) if names else {"NAME": "rhivo"}
    pooled = DATABASE_ROLE == "app" and env.bool("RHIVO_DB_POOL", default=False)
    # Planning takes longer than running most of these queries. Off behind a PgBouncer without prepared statements: the
    # server that gets a query may not be the one that prepared it.
    prepared = (
        {"server_side_binding": True, "prepare_threshold": 5} if env.bool("RHIVO_DB_PREPARE", default=True) else {}
    )
    # The pool waits twice as long before each new try to connect. After two seconds of that it gives up, and the next
    # request begins anew: it soon notices that the database is back.
    pool = {
        "min_size": 1,
        "max_size": env.int("RHIVO_DB_POOL_SIZE", default=16),
        "timeout": 5,
        "reconnect_timeout": 2,
    }
    return parsed | {
        "ENGINE": "rhivo.db.postgresql",
        # Django refuses a pool together with connections of its own that last.
        "CONN_MAX_AGE": 0 if pooled else env.int("RHIVO_DB_MAX_AGE", default=60),
        # In transaction mode PgBouncer gives the next fetch to another server, which has no such cursor.
        "DISABLE_SERVER_SIDE_CURSORS": True,
        "OPTIONS": {
            **parsed.get("OPTIONS", {}),
            **prepared,
            "connect_timeout": 5,
            "application_name": f"rhivo {DATABASE_ROLE}",
            **({"pool": pool} if pooled else {}),
        },
    }


DATABASES = {"default": database()}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

AUTH_USER_MODEL = "businesses.User"
AUTHENTICATION_BACKENDS = ["businesses.identity.email_backend.EmailBackend"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in ("MinimumLengthValidator", "CommonPasswordValidator", "NumericPasswordValidator")
]
PASSWORD_HASHERS = [
    "django.contrib.auth.hashers.Argon2PasswordHasher",
    "django.contrib.auth.hashers.PBKDF2PasswordHasher",
]
LOGIN_URL = "login"
LOGIN_REDIRECT_URL = "admin:index"

TIME_ZONE = "UTC"
USE_TZ = True
LANGUAGE_CODE = "en"
LANGUAGES = [("en", "English"), ("it", "Italiano"), ("es", "Español")]
USE_I18N = True

STATIC_URL = "/static/"
STATIC_ROOT = Path(env("STATIC_ROOT", default="") or BASE_DIR / "staticfiles")
STATICFILES_DIRS = [BASE_DIR / "templates" / "static"]
WHITENOISE_USE_FINDERS = not PRODUCTION
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {
        "BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"
        if PRODUCTION
        else "django.contrib.staticfiles.storage.StaticFilesStorage"
    },
}

# A browser takes a __Host- cookie over TLS alone, and only from the host itself: no other subdomain can plant one.
COOKIE_PREFIX = "__Host-" if PRODUCTION else ""
SESSION_COOKIE_NAME, CSRF_COOKIE_NAME = f"{COOKIE_PREFIX}session", f"{COOKIE_PREFIX}csrf"
SESSION_COOKIE_HTTPONLY = CSRF_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = CSRF_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = PRODUCTION
SESSION_COOKIE_AGE = 14 * 24 * 3600
SECURE_SSL_REDIRECT = PRODUCTION and env.bool("SSL_REDIRECT", default=True)
SECURE_HSTS_SECONDS = 31_536_000 if PRODUCTION else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_HSTS_PRELOAD = PRODUCTION
# Anybody can send X-Forwarded-Proto. It is believed only where a proxy is known to set it.
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if TRUSTED_PROXIES else None
# Manage links carry their token in the address. It must not reach other sites in a Referer.
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": ["'self'"],
        "img-src": ["'self'", "data:"],
        "object-src": ["'none'"],
        "base-uri": ["'none'"],
        "form-action": ["'self'"],
        "frame-ancestors": ["'none'"],
    }
}
DATA_UPLOAD_MAX_MEMORY_SIZE = 256 * 1024
DATA_UPLOAD_MAX_NUMBER_FIELDS = 500
DATA_UPLOAD_MAX_NUMBER_FILES = 0

REDIS_URL = env("REDIS_URL", default="")
CELERY_BROKER_URL = REDIS_URL or "memory://"
CELERY_TASK_IGNORE_RESULT = True
# Every task asks the database what is due, and beat sends each again, so a lost one costs seconds. Late acknowledgement
# would protect nothing, and a worker whose broker went away before it acknowledged would die.
CELERY_TASK_ACKS_LATE = False
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BROKER_CONNECTION_MAX_RETRIES = None  # a worker waits for its broker, however long that is away
CELERY_BROKER_TRANSPORT_OPTIONS = {"visibility_timeout": 300, "socket_timeout": 2, "socket_connect_timeout": 2}
CELERY_TASK_PUBLISH_RETRY = False
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
# Not the default scheduler, which keeps the last runs in a file. After a clock was put back, beat waits until the time
# of the last run comes again. A restart cures that, unless a file brings the last run back. All intervals are short, so
# a restart loses nothing.
CELERY_BEAT_SCHEDULER = "celery.beat:Scheduler"
CELERY_BEAT_SCHEDULE = {
    "release expired holds": {"task": "bookings.tasks.release_expired", "schedule": 60.0},
    "deliver what is enqueued": {"task": "notifications.tasks.deliver", "schedule": 15.0},
    "seal the history": {"task": "audit.tasks.seal", "schedule": 600.0},
    "say that the worker lives": {"task": "rhivo.tasks.heartbeat", "schedule": 10.0},
}
# The cache counts requests. One that hangs must not hold them up: one short try.
_CACHE_PATIENCE = {"socket_timeout": 0.5, "socket_connect_timeout": 0.5, "retry": Retry(NoBackoff(), 0)}
CACHES = {
    "default": (
        {
            "BACKEND": "django.core.cache.backends.redis.RedisCache",
            "LOCATION": REDIS_URL,
            "OPTIONS": _CACHE_PATIENCE,
        }
        if REDIS_URL
        else {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}
    )
}

CONSOLE_EMAIL_BACKEND = "django.core.mail.backends.console.EmailBackend"
MAIL_DIR = env("MAIL_DIR", default="")
if MAIL_DIR:
    EMAIL_BACKEND, EMAIL_FILE_PATH = "django.core.mail.backends.filebased.EmailBackend", MAIL_DIR
elif env("EMAIL_URL", default=""):
    vars().update(env.email_url("EMAIL_URL"))
else:
    EMAIL_BACKEND = CONSOLE_EMAIL_BACKEND
EMAIL_TIMEOUT = 10  # for each word with the mail server; all of a delivery stays below its lease
DEFAULT_FROM_EMAIL = env("DEFAULT_FROM_EMAIL", default=f"bookings@{BASE_DOMAIN}")
# One setting for all channels but mail, so that a new channel needs none. An entry without `=` is left to the check
# rhivo.E009, which says the cure.
CHANNEL_URLS: dict[str, str] = {
    name.strip(): url.strip()
    for name, _, url in (entry.partition("=") for entry in env.list("CHANNEL_URLS", default=[]))
}

UNFOLD = {
    "SITE_TITLE": "Rhivo",
    "SITE_HEADER": "businesses.backoffice.admin_site.business_name",
    "SITE_URL": "businesses.backoffice.admin_site.public_page",
    "SITE_SYMBOL": "event_available",
    "SITE_FAVICONS": [{"rel": "icon", "type": "image/svg+xml", "href": lambda _request: static("favicon.svg")}],
    "STYLES": [lambda _request: static("back-office.css")],
    "SHOW_HISTORY": True,
    "SHOW_BACK_BUTTON": True,
    "DASHBOARD_CALLBACK": "bookings.backoffice.today_page.today",
    "ACCOUNT": {"navigation": "businesses.backoffice.admin_site.account_links"},
    "BORDER_RADIUS": "8px",
    "COLORS": {
        "primary": {
            "50": "#eef7f4",
            "100": "#d6ece5",
            "200": "#aedacc",
            "300": "#7fc2ae",
            "400": "#4ea58d",
            "500": "#2f8a72",
            "600": "#1f6f5c",
            "700": "#195a4b",
            "800": "#15483d",
            "900": "#113b32",
            "950": "#08221d",
        }
    },
    "SIDEBAR": {"navigation": "rhivo.shell.back_office_menu.menu"},
}

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": ["businesses.api.authentication.TokenAuthentication"],
    "DEFAULT_PERMISSION_CLASSES": [],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["rhivo.api.parsers.BoundedJSONParser"],
    "DEFAULT_CONTENT_NEGOTIATION_CLASS": "rhivo.api.negotiation.JSONOnly",
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "EXCEPTION_HANDLER": "rhivo.api.errors.problem_response",
    "UNAUTHENTICATED_USER": None,
}
SPECTACULAR_SETTINGS = {
    "TITLE": "Rhivo",
    "DESCRIPTION": "Appointments that are really yours. Errors are RFC 9457 problems with a stable `code`.",
    "VERSION": "1",
    "SERVE_INCLUDE_SCHEMA": False,
    "SCHEMA_PATH_PREFIX": "/api/v1",
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    "REDOC_DIST": "SIDECAR",
}

# Without a DSN no error is reported. rhivo/shell/error_reports.py says what a report holds.
SENTRY_DSN = env("SENTRY_DSN", default="")
SENTRY_RELEASE = env("SENTRY_RELEASE", default="")

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"format": "%(asctime)s %(levelname)s %(name)s %(message)s"}},
    "filters": {"keys": {"()": "rhivo.web.log_filter.WithoutKeys"}},
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "line", "filters": ["keys"]}},
    "root": {"handlers": ["console"], "level": env("LOG_LEVEL", default="INFO")},
}
