"""All settings, from the environment, each with a default that works on a laptop. `docs/settings.md` explains them."""

from __future__ import annotations

import logging
import os
import secrets
from pathlib import Path
from urllib.parse import unquote, urlparse

from openpaspor.ledger import identity

HOME = Path(os.environ.get("OPENPASPOR_HOME", "var")).resolve()
HOST = os.environ.get("OPENPASPOR_HOST", "127.0.0.1")
PORT = int(os.environ.get("OPENPASPOR_PORT", "8000"))
DEMO = os.environ.get("OPENPASPOR_DEMO") == "1"
CLOCK = Path(os.environ.get("OPENPASPOR_CLOCK") or HOME / "clock.json")  # of a demo; a cluster shares one
TLS = tuple(
    Path(os.environ[name]) for name in ("OPENPASPOR_TLS_CERT", "OPENPASPOR_TLS_KEY") if os.environ.get(name)
)
IDENTITY = identity.of(HOME, os.environ)  # OPENPASPOR_ROLE, _NODE, _OFFICES, _URL; else HOME/node.json
SECOND_COPY = Path(os.environ["OPENPASPOR_SECOND_COPY"]) if os.environ.get("OPENPASPOR_SECOND_COPY") else None


def _secret(name: str) -> str:
    """A secret of this installation, made on first use and kept in its own file."""
    path = HOME / "keys" / f"{name}.key"
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        with open(os.open(path, os.O_WRONLY | os.O_CREAT, 0o600), "w") as handle:
            handle.write(secrets.token_urlsafe(48))
    return path.read_text()


def _database() -> dict[str, object]:
    url = os.environ.get("OPENPASPOR_DATABASE_URL", "")
    if not url:
        return {
            "ENGINE": "django.db.backends.sqlite3",
            "NAME": HOME / "openpaspor.sqlite3",
            "CONN_MAX_AGE": None,
            "OPTIONS": {
                "transaction_mode": "IMMEDIATE",
                "timeout": 20,
                "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA foreign_keys=ON;",
            },
        }
    parts = urlparse(url)
    host = unquote(parts.hostname or "") or dict(
        pair.split("=", 1) for pair in parts.query.split("&") if "=" in pair
    ).get("host", "")
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": parts.path.lstrip("/"),
        "USER": unquote(parts.username or ""),
        "PASSWORD": unquote(parts.password or ""),
        "HOST": unquote(host),
        "PORT": str(parts.port or ""),
        "CONN_MAX_AGE": None,
    }


SECRET_KEY = _secret("web")
DEBUG = False
ALLOWED_HOSTS = [
    *filter(None, os.environ.get("OPENPASPOR_HOSTS", "").split(",")),
    "localhost",
    "127.0.0.1",
    "[::1]",
]
CSRF_TRUSTED_ORIGINS = [f"https://{host}" for host in ALLOWED_HOSTS if "." in host]
DATABASES = {"default": _database()}
AUTH_USER_MODEL = "accounts.User"

INSTALLED_APPS = [  # ours come first, so that our words win over those of a library
    "openpaspor.ui",
    "openpaspor.ledger",
    "openpaspor.offices",
    "openpaspor.accounts",
    "openpaspor.applications",
    "openpaspor.payments",
    "openpaspor.appointments",
    "openpaspor.hall",
    "openpaspor.intake",
    "openpaspor.adjudication",
    "openpaspor.issuance",
    "openpaspor.notifications",
    "openpaspor.nodes",
    "django.contrib.contenttypes",
    "django.contrib.auth",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.humanize",
    "django.contrib.staticfiles",
    "allauth",
    "allauth.account",
    "django_cotton",
    "django_htmx",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.middleware.gzip.GZipMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "openpaspor.ui.middleware.LanguageMiddleware",
    "openpaspor.ui.middleware.TextSize",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "openpaspor.ui.refusals.RefusedMiddleware",
]

ROOT_URLCONF = "openpaspor.nodes.urls"
WSGI_APPLICATION = "openpaspor.nodes.wsgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "openpaspor.nodes.context.frame",
            ],
        },
    }
]

CACHES = {"default": {"BACKEND": "django.core.cache.backends.db.DatabaseCache", "LOCATION": "cache"}}
SESSION_ENGINE = "django.contrib.sessions.backends.db"
SESSION_COOKIE_AGE = 14 * 24 * 3600
SESSION_COOKIE_HTTPONLY = True
if (
    HOME / "node.json"
).exists():  # a browser does not tell the ports of localhost apart: the nodes of a cluster must
    SESSION_COOKIE_NAME = f"sessionid-{IDENTITY.name}"
SESSION_COOKIE_SAMESITE = "Lax"
MESSAGE_STORAGE = "django.contrib.messages.storage.cookie.CookieStorage"

CSRF_FAILURE_VIEW = "openpaspor.ui.views.csrf_failure"
LANGUAGE_CODE = "id"
LANGUAGES = [("id", "Bahasa Indonesia"), ("en", "English")]
LOCALE_PATHS = [
    Path(__file__).resolve().parent.parent / "kit" / "locale"
]  # the kit is no app; its refusals speak too
LANGUAGE_COOKIE_NAME = "bahasa"
USE_I18N = True
USE_TZ = True
TIME_ZONE = "UTC"

STATIC_URL = "/static/"
STATIC_ROOT = HOME / "static"
STORAGES = {"staticfiles": {"BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"}}

FILE_UPLOAD_HANDLERS = ["django.core.files.uploadhandler.MemoryFileUploadHandler"]  # never in clear on disk
FILE_UPLOAD_MAX_MEMORY_SIZE = 12 * 1024 * 1024
DATA_UPLOAD_MAX_MEMORY_SIZE = 12 * 1024 * 1024
X_FRAME_OPTIONS = "DENY"
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"


def is_said_in_one_line(record: logging.LogRecord) -> bool:
    """A refusal is no fault of ours: its line goes without a trace."""
    if getattr(record, "status_code", 500) < 500:
        record.exc_info = None
    return True


LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "filters": {"refusals": {"()": "django.utils.log.CallbackFilter", "callback": is_said_in_one_line}},
    "formatters": {"line": {"format": "{asctime} {levelname} {name} {message}", "style": "{"}},
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "line", "filters": ["refusals"]}},
    "root": {"handlers": ["stderr"], "level": "WARNING"},
}

# Outside worlds, by dotted path: swap an adapter without a fork.
CODE_SENDER = "openpaspor.notifications.channels.inbox.send_code"
MESSAGE_SENDER = "openpaspor.notifications.channels.inbox.send"
EMAIL_BACKEND = "django.core.mail.backends.console.EmailBackend"
PAYMENT_GATEWAYS = {"demo": "openpaspor.payments.gateways.demo"}
PASSPORT_PRINTER = "openpaspor.issuance.printers.demo"

# Sign-in: `docs/decisions/0005-signing-in.md`.
LOGIN_URL = "accounts:sign_in"
LOGIN_REDIRECT_URL = "applications:list"
PASSWORD_HASHERS = [
    *(
        ["django.contrib.auth.hashers.MD5PasswordHasher"] if DEMO else []
    ),  # the demo's password is in the README
    "django.contrib.auth.hashers.ScryptPasswordHasher",
]
AUTH_PASSWORD_VALIDATORS = [
    {
        "NAME": "django.contrib.auth.password_validation.MinimumLengthValidator",
        "OPTIONS": {"min_length": 12},
    },
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.NumericPasswordValidator"},
]
ACCOUNT_ADAPTER = "openpaspor.accounts.adapter.PhoneAdapter"
ACCOUNT_LOGIN_METHODS = {"phone"}
ACCOUNT_SIGNUP_FIELDS = ["phone*"]
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_USER_MODEL_EMAIL_FIELD = None
ACCOUNT_RATE_LIMITS = {  # how often, in which time, counted by phone or login ("key") or by address ("ip")
    "ask_code": "6/10m/key,30/d/key,600/h/ip",
    "staff_sign_in": "5/15m/key,300/15m/ip",
    "staff_code": "5/15m/key",
}
