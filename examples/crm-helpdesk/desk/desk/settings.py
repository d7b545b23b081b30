"""A helpdesk to try the agent in. What is the agent's is at the end; the rest is django-helpdesk as it is installed."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from django.core.exceptions import ImproperlyConfigured

HERE = Path(os.environ.get("DESK_DIRECTORY", Path(__file__).parent.parent))

DEBUG = os.environ.get("DESK_DEBUG", "yes") == "yes"
# Without one Django does not start: who knows it can sign in as anybody.
SECRET_KEY = os.environ.get("DESK_SECRET_KEY", "only for trying it out" if DEBUG else "")
ALLOWED_HOSTS = ["127.0.0.1", "localhost"]

INSTALLED_APPS = [
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.sites",
    "django.contrib.humanize",
    "rest_framework",
    "django_cleanup.apps.CleanupConfig",
    "helpdesk",
    "polyai_helpdesk",
    "desk",  # for its fixture
]
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ]
        },
    }
]
ROOT_URLCONF = "desk.urls"


def database(setting: str) -> dict[str, Any]:
    """The database that DATABASE names: a path, for the processes of one machine, or postgresql://USER@HOST/DATABASE."""
    # A ticket, its first follow-up and what is kept for the agent: all of it or nothing.
    common: dict[str, Any] = {"ATOMIC_REQUESTS": True}
    scheme = setting.partition("://")[0] if "://" in setting else ""
    if scheme == "":
        # Several processes write to one file: each waits for its turn when a transaction begins, not in its middle.
        options = {"transaction_mode": "IMMEDIATE", "timeout": 30, "init_command": "PRAGMA journal_mode=WAL"}
        return {**common, "ENGINE": "django.db.backends.sqlite3", "NAME": setting, "OPTIONS": options}
    if scheme not in ("postgresql", "postgres"):
        raise ImproperlyConfigured(
            f"DATABASE is a {scheme}:// address: give a path, or postgresql://USER@HOST/DATABASE"
        )
    try:
        import psycopg
        from psycopg.conninfo import conninfo_to_dict
    except ImportError as error:
        text = "DATABASE in PostgreSQL needs psycopg: pip install 'polyai-chat-channels[postgres]'"
        raise ImproperlyConfigured(text) from error
    try:
        given = conninfo_to_dict(setting)
    except psycopg.ProgrammingError:
        # Without the driver's words: they quote what may be the password.
        raise ImproperlyConfigured("DATABASE is no address of PostgreSQL: postgresql://USER@HOST/DATABASE") from None
    # A server that is cut off is noticed.
    address = {"connect_timeout": 5, "tcp_user_timeout": 15000, **given}
    name = address.pop("dbname", "")
    return {**common, "ENGINE": "django.db.backends.postgresql", "NAME": name, "OPTIONS": address, "CONN_MAX_AGE": 60}


DATABASES = {"default": database(os.environ.get("DATABASE") or str(HERE / "desk.sqlite3"))}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
SITE_ID = 1
LANGUAGE_CODE = "en"
USE_TZ = True
STATIC_URL = "static/"
MEDIA_URL = "media/"
MEDIA_ROOT = HERE / "media"
LOGIN_URL = "helpdesk:login"
LOGIN_REDIRECT_URL = "helpdesk:home"
REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "rest_framework.authentication.SessionAuthentication",
        "rest_framework.authentication.BasicAuthentication",
    ]
}
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"format": "{asctime} {levelname} {name}: {message}", "style": "{"}},
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "line"}},
    "loggers": {name: {"handlers": ["stderr"], "level": "INFO"} for name in ("polyai_helpdesk", "polyai_chat")},
}

# Mail goes out by SMTP, to a server on this machine.
EMAIL_HOST = os.environ.get("DESK_SMTP_HOST", "127.0.0.1")
EMAIL_PORT = int(os.environ.get("DESK_SMTP_PORT", "25"))
EMAIL_TIMEOUT = 10
DEFAULT_FROM_EMAIL = "helpdesk@desk.example"

HELPDESK_TEAMS_MODE_ENABLED = False
HELPDESK_VIEW_A_TICKET_PUBLIC = True

# The agent. Its keys are in the environment of the worker only: POLYAI_API_KEY, POLYAI_TOKEN, POLYAI_STUDIO_URL.
POLYAI_HELPDESK = {
    "QUEUES": ["support"],
    "HANDOFFS": {
        "returns-desk": {"ASSIGN_TO": "rita", "QUEUE": "returns", "PRIORITY": 2, "CHECKLIST": "Return"},
        "*": {"QUEUE": "second-line", "PRIORITY": 2},
    },
    "AT_END": os.environ.get("DESK_AT_END", "resolve"),
    "CUSTOMER_ACCOUNTS": ["portal"],
    "TURN_SECONDS": float(os.environ.get("DESK_TURN_SECONDS", "60")),
}
