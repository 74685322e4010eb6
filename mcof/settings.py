"""One settings file; what differs between machines comes from the environment (table in README)."""

from datetime import timedelta
from pathlib import Path

from csp.constants import NONE, SELF
from environs import Env

BASE_DIR = Path(__file__).resolve().parent.parent

env = Env()

SECRET_KEY = env.str("SECRET_KEY")
SECRET_KEY_FALLBACKS = env.list("SECRET_KEY_FALLBACKS", [])
DEBUG = env.bool("DEBUG", False)
DEMO = env.bool("DEMO", False)  # demo accounts with a published password: local trials only
HTTPS = env.bool("HTTPS", not (DEBUG or DEMO))
ALLOWED_HOSTS = env.list("ALLOWED_HOSTS", ["localhost", "127.0.0.1", "[::1]"])
CSRF_TRUSTED_ORIGINS = env.list("CSRF_TRUSTED_ORIGINS", [])

# What a reader without an account may see beyond the framework, and the thresholds HQ works with.
PUBLIC_CRISES = env.bool("PUBLIC_CRISES", False)
GAP_LATE_HOURS = env.int("GAP_LATE_HOURS", 72)
CRISIS_STALE_DAYS = env.int("CRISIS_STALE_DAYS", 14)
ANSWERS_KEPT_SECONDS = env.int("ANSWERS_KEPT_SECONDS", 60)  # how long a page is given again while nothing changes
FIRST_ACTIVATION_TARGET_DAYS = env.int("FIRST_ACTIVATION_TARGET_DAYS", 3)

TOKEN_USE_NOTED_MINUTES = env.int("TOKEN_USE_NOTED_MINUTES", 10)  # how exact the last use of a token is

# How many requests of the API a minute: of one token, of one address without one, and changes. 0 for no limit.
API_READS_PER_MINUTE = env.int("API_READS_PER_MINUTE", 600)
API_VISITORS_PER_MINUTE = env.int("API_VISITORS_PER_MINUTE", 120)
API_WRITES_PER_MINUTE = env.int("API_WRITES_PER_MINUTE", 60)
API_LIMITS_DIR = env.path("API_LIMITS_DIR", BASE_DIR / "var" / "limits")  # where they are counted without a CACHE_URL
CACHES = {"default": env.dj_cache_url("CACHE_URL", "locmem://")}

INSTALLED_APPS = [
    "mcof",
    "offices",
    "sectors",
    "crises",
    "exchange",
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.humanize",
    "django.forms",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "axes",
    "csp",
    "django_filters",
    "django_tasks",
    "django_tasks_db",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "knox",
    "rest_framework",
    "simple_history",
]

MIDDLEWARE = [
    "mcof.limits.Limited",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.gzip.GZipMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "axes.middleware.AxesMiddleware",
    "crises.views.moved.FollowMerged",
    "mcof.languages.ListLanguage",
]

ROOT_URLCONF = "mcof.urls"
WSGI_APPLICATION = "mcof.wsgi.application"
FORM_RENDERER = "django.forms.renderers.TemplatesSetting"  # widgets of ours are found beside the pages

TEMPLATES = [
    {
        "BACKEND": "mcof.pages.Engine",
        "NAME": "django",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "mcof.context.page",
            ],
        },
    }
]

DATABASES = {"default": env.dj_db_url("DATABASE_URL", f"sqlite:///{BASE_DIR / 'var' / 'mcof.sqlite3'}")}
if DATABASES["default"]["ENGINE"].endswith("sqlite3"):
    # Writers queue instead of failing, and a committed write is on the disk.
    DATABASES["default"]["OPTIONS"] = {
        "transaction_mode": "IMMEDIATE",
        "timeout": 20,
        "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;",
    }
else:
    DATABASES["default"] |= {"CONN_MAX_AGE": 600, "CONN_HEALTH_CHECKS": True}
    # Compiling a query whose cost is overestimated takes seconds where running it takes milliseconds: no jit. A page
    # read out of order costs what one read in order costs, as on the disks of today: the archive is not read through.
    DATABASES["default"].setdefault("OPTIONS", {}).setdefault(
        "options",
        "-c statement_timeout=10s -c lock_timeout=3s -c idle_in_transaction_session_timeout=15s -c jit=off"
        " -c random_page_cost=1.1",
    )
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

AUTH_USER_MODEL = "offices.User"
AUTHENTICATION_BACKENDS = ["axes.backends.AxesStandaloneBackend", "django.contrib.auth.backends.ModelBackend"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 12}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
LOGIN_URL = "login"
LOGIN_REDIRECT_URL = "home"
LOGOUT_REDIRECT_URL = "login"
# A whole office shares one address: the lock is on the pair of account and address, never on the address.
AXES_LOCKOUT_PARAMETERS = [["username", "ip_address"]]
AXES_FAILURE_LIMIT = 10
AXES_COOLOFF_TIME = timedelta(minutes=15)
AXES_RESET_COOL_OFF_ON_FAILURE_DURING_LOCKOUT = False  # trying again while locked does not make the wait longer
AXES_RESET_ON_SUCCESS = True  # only failures in a row count
AXES_LOCKOUT_TEMPLATE = "registration/locked.html"

SESSION_COOKIE_AGE = 12 * 60 * 60
SESSION_COOKIE_HTTPONLY = True
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
if HTTPS:
    SECURE_SSL_REDIRECT = True
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
    SECURE_HSTS_SECONDS = 365 * 24 * 60 * 60
    SECURE_HSTS_INCLUDE_SUBDOMAINS = True
    SECURE_HSTS_PRELOAD = True
    SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = True
    SESSION_COOKIE_NAME = "__Host-session"
    CSRF_COOKIE_NAME = "__Host-csrf"
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF],
        "style-src": [SELF],
        "img-src": [SELF],
        "connect-src": [SELF],
        "form-action": [SELF],
        "frame-ancestors": [NONE],
        "base-uri": [NONE],
    }
}

# Mail: what offices are asked and who is given a crisis. Where this is a trial it is printed and not sent.
EMAIL_BACKEND = f"django.core.mail.backends.{'console' if DEBUG or DEMO else 'smtp'}.EmailBackend"
EMAIL_HOST = env.str("EMAIL_HOST", "localhost")
EMAIL_PORT = env.int("EMAIL_PORT", 25)
EMAIL_HOST_USER = env.str("EMAIL_HOST_USER", "")
EMAIL_HOST_PASSWORD = env.str("EMAIL_HOST_PASSWORD", "")
EMAIL_USE_TLS = env.bool("EMAIL_USE_TLS", False)
EMAIL_TIMEOUT = 10  # seconds
DEFAULT_FROM_EMAIL = env.str("EMAIL_FROM", "mcof@localhost")

# What takes longer than an answer may: kept in the database, done by `manage.py db_worker`.
TASKS = {"default": {"BACKEND": "django_tasks_db.DatabaseBackend"}}

# Webhooks never call a machine of this network; in a trial, where this is on, the receiver may be on this machine.
WEBHOOKS_TO_LOOPBACK = env.bool("WEBHOOKS_TO_LOOPBACK", DEMO) and (DEBUG or DEMO)

LANGUAGE_CODE = "en"
LANGUAGES = [("en", "English")]  # of the pages: a language joins when its catalogue is whole
LIST_LANGUAGES = ["en", "fr", "es"]  # of the API's lists of codes (mcof.languages)
LOCALE_PATHS = [BASE_DIR / "locale"]
USE_I18N = True
TIME_ZONE = "UTC"
USE_TZ = True

STATIC_URL = "static/"
STATIC_ROOT = BASE_DIR / "var" / "static"
STATICFILES_DIRS = [BASE_DIR / "mcof" / "static"]
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"},
}
WHITENOISE_KEEP_ONLY_HASHED_FILES = True
WHITENOISE_SKIP_COMPRESS_EXTENSIONS = ["map", "gif", "png", "jpg", "woff", "woff2", "gz", "br"]
FIXTURE_DIRS = [BASE_DIR / "fixtures"]

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "mcof.tokens.TokenAuthentication",
        "rest_framework.authentication.SessionAuthentication",
    ],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.AllowAny"],  # scope is in the querysets
    "DEFAULT_RENDERER_CLASSES": ["mcof.bodies.Answer"],
    "DEFAULT_PARSER_CLASSES": ["mcof.bodies.Json"],
    "DEFAULT_THROTTLE_CLASSES": ["mcof.limits.Limit"],
    "NUM_PROXIES": env.int("PROXIES", 0),  # in front, whose X-Forwarded-For is to be believed
    "DEFAULT_FILTER_BACKENDS": ["mcof.lists.Parameters"],
    "DEFAULT_PAGINATION_CLASS": "mcof.lists.Pages",
    "URL_FORMAT_OVERRIDE": None,  # ?format= is a parameter nobody knows, like any other
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "DEFAULT_VERSIONING_CLASS": None,
    "EXCEPTION_HANDLER": "mcof.api.problem",
    "UNAUTHENTICATED_USER": "django.contrib.auth.models.AnonymousUser",
}
KNOX_TOKEN_MODEL = "offices.Token"  # noqa: S105 (a model, not a secret)
# knox's own migrations make a table for the model that ours replaces; nothing would ever empty it.
MIGRATION_MODULES = {"knox": None}
REST_KNOX = {
    "TOKEN_TTL": timedelta(days=90),
    "TOKEN_PREFIX": "mcof_",
    "AUTO_REFRESH": False,
    "TOKEN_MODEL": KNOX_TOKEN_MODEL,
}
SPECTACULAR_SETTINGS = {
    "TITLE": "MCOF API",
    "DESCRIPTION": "Crises, plans and gaps against IOM's Migration Crisis Operational Framework.",
    "VERSION": "1",
    "SERVE_INCLUDE_SCHEMA": False,
    "SCHEMA_PATH_PREFIX": "/api/v1",
    "ENUM_NAME_OVERRIDES": {
        "PriorityEnum": "sectors.models.Priority",
        "PlanPriorityEnum": "crises.models.PlanPriority",
        "FactEnum": "sectors.models.Fact",
        "PrecisionEnum": "crises.dates.Precision",
        "CrisisStatusEnum": "crises.models.Crisis.Status",
        "SectorStatusEnum": "crises.models.PlanCell.Status",
        "OfficeKindEnum": "offices.models.Office.Kind",
        "PartyKindEnum": "crises.serializers.plans.SIDES",
        "SharingEnum": "crises.models.Crisis.Sharing",
        "SharingAmongStaffEnum": "crises.serializers.intake.AMONG_STAFF",
    },
    "POSTPROCESSING_HOOKS": ["drf_spectacular.hooks.postprocess_schema_enums", "mcof.api.describe_problems"],
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    "REDOC_DIST": "SIDECAR",
}

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"format": "{asctime} {levelname} {name} {message}", "style": "{"}},
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["stderr"], "level": "WARNING"},
}
