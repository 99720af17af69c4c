"""Settings. Everything a deployment decides comes from the environment, prefix ``EMOREC_``.

A secret may also be named by file: ``EMOREC_SECRET_KEY_FILE=/run/secrets/key``. ``EMOREC_MODE`` is ``production``
unless said otherwise; production has no default for a secret and refuses to start without it. ``make run`` uses
``local``, the test suite ``test``.
"""

from datetime import timedelta
from pathlib import Path

import environ
from celery.schedules import crontab
from csp.constants import NONE, SELF
from django.contrib.messages import constants as messages
from django.core.exceptions import ImproperlyConfigured
from django.utils.translation import gettext_lazy as _

BASE_DIR = Path(__file__).resolve().parent.parent
env = environ.FileAwareEnv()

MODE = env.str("EMOREC_MODE", "production")
if MODE not in {"production", "local", "test"}:
    raise ImproperlyConfigured("EMOREC_MODE is production, local or test")
PRODUCTION = MODE == "production"
DEBUG = env.bool("EMOREC_DEBUG", False)
VAR_DIR = Path(env.str("EMOREC_VAR", str(BASE_DIR / "var")))

if PRODUCTION:
    SECRET_KEY = env.str("EMOREC_SECRET_KEY")
    ALLOWED_HOSTS = env.list("EMOREC_HOSTS")
else:
    SECRET_KEY = env.str(
        "EMOREC_SECRET_KEY", "for tests and commands on a developer's machine; make run draws its own key"
    )
    ALLOWED_HOSTS = env.list("EMOREC_HOSTS", default=["127.0.0.1", "localhost", "[::1]", "testserver"])
EMOREC_SEAL_KEYS = env.list("EMOREC_SEAL_KEYS", default=[])
CSRF_TRUSTED_ORIGINS = env.list("EMOREC_ORIGINS", default=[])
SITE_URL = env.str("EMOREC_SITE_URL", "http://127.0.0.1:8000")

INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "django.forms",
    "django_htmx",
    "csp",
    "axes",
    "rest_framework",
    "knox",
    "drf_spectacular",
    "students",
    "analysis",
    "emorec_site.apps.SiteConfig",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "emorec_site.middleware.RequestIdMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "emorec_site.middleware.UserLanguageMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "axes.middleware.AxesMiddleware",
]

ROOT_URLCONF = "emorec_site.urls"
WSGI_APPLICATION = "emorec_site.wsgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.template.context_processors.i18n",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "emorec_site.context.site",
            ]
        },
    }
]
FORM_RENDERER = "emorec_site.forms.Renderer"

# --- database -----------------------------------------------------------------------------------------------------
DATABASES = {"default": env.db_url("EMOREC_DATABASE_URL", default=f"sqlite:///{VAR_DIR / 'emorec.sqlite3'}")}
if DATABASES["default"]["ENGINE"].endswith("sqlite3"):
    # The web process, the worker and beat share the file: write-ahead log, and writers queue instead of failing.
    DATABASES["default"]["OPTIONS"] = {
        "transaction_mode": "IMMEDIATE",
        "timeout": 20,
        "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL; PRAGMA foreign_keys=ON;",
    }
else:
    DATABASES["default"]["CONN_MAX_AGE"] = 60
    DATABASES["default"]["CONN_HEALTH_CHECKS"] = True
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# --- people -------------------------------------------------------------------------------------------------------
AUTH_USER_MODEL = "students.User"
AUTHENTICATION_BACKENDS = ["axes.backends.AxesStandaloneBackend", "django.contrib.auth.backends.ModelBackend"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in ("UserAttributeSimilarityValidator", "CommonPasswordValidator", "NumericPasswordValidator")
] + [
    {
        "NAME": "django.contrib.auth.password_validation.MinimumLengthValidator",
        "OPTIONS": {"min_length": 12},
    }
]
LOGIN_URL = "login"
LOGIN_REDIRECT_URL = "home"
LOGOUT_REDIRECT_URL = "login"
if MODE == "test":
    PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]  # speed only: no real password in a test
SESSION_COOKIE_AGE = 10 * 60 * 60
SESSION_COOKIE_NAME = "emorec_session"
CSRF_COOKIE_NAME = "emorec_csrf"
AXES_FAILURE_LIMIT = 8
AXES_COOLOFF_TIME = timedelta(minutes=15)
AXES_CLIENT_IP_CALLABLE = "emorec_site.middleware.client_address"
AXES_LOCKOUT_PARAMETERS = [["username", "ip_address"]]
AXES_RESET_ON_SUCCESS = True
AXES_LOCKOUT_TEMPLATE = "registration/locked.html"
AXES_ENABLE_ACCESS_FAILURE_LOG = False
AXES_VERBOSE = False
AXES_ENABLED = MODE != "test"

# --- transport and browser ----------------------------------------------------------------------------------------
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = PRODUCTION
SECURE_SSL_REDIRECT = PRODUCTION and env.bool("EMOREC_SSL_REDIRECT", True)
SECURE_HSTS_SECONDS = env.int("EMOREC_HSTS_SECONDS", 31_536_000) if PRODUCTION else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_HSTS_PRELOAD = PRODUCTION
EMOREC_BEHIND_PROXY = env.bool("EMOREC_BEHIND_PROXY", False)
if EMOREC_BEHIND_PROXY:
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
SECURE_REDIRECT_EXEMPT = [r"^healthz$", r"^readyz$"]
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF],
        # Plotly and Uppy set style attributes from script; no style sheet from elsewhere is ever loaded.
        "style-src": [SELF, "'unsafe-inline'"],
        "img-src": [SELF, "data:", "blob:"],
        "media-src": [SELF, "blob:"],
        "font-src": [SELF],
        "connect-src": [SELF],
        "worker-src": [SELF, "blob:"],
        "manifest-src": [SELF],
        "base-uri": [SELF],
        "form-action": [SELF],
        "frame-ancestors": [NONE],
    }
}

# --- languages and time -------------------------------------------------------------------------------------------
LANGUAGE_CODE = "en"
LANGUAGES = [("en", "English"), ("zh-hans", "简体中文")]
LOCALE_PATHS = [BASE_DIR / "locale"]
LANGUAGE_COOKIE_NAME = "emorec_language"
TIME_ZONE = env.str("EMOREC_TIME_ZONE", "UTC")

# --- files --------------------------------------------------------------------------------------------------------
STATIC_URL = "static/"
STATIC_ROOT = VAR_DIR / "static"
MEDIA_ROOT = Path(env.str("EMOREC_MEDIA", str(VAR_DIR / "media")))
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {
        "BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"
        if MODE != "test"
        else "django.contrib.staticfiles.storage.StaticFilesStorage"
    },
}
FILE_UPLOAD_PERMISSIONS = 0o600
FILE_UPLOAD_DIRECTORY_PERMISSIONS = 0o700
DATA_UPLOAD_MAX_MEMORY_SIZE = 5 * 1024 * 1024

# --- recordings and runs ------------------------------------------------------------------------------------------
EMOREC_MAX_UPLOAD_BYTES = env.int("EMOREC_MAX_UPLOAD_BYTES", 4 * 1024**3)
EMOREC_MAX_DURATION_S = env.int("EMOREC_MAX_DURATION_S", 2 * 60 * 60)
EMOREC_UPLOAD_EXPIRY = timedelta(hours=env.int("EMOREC_UPLOAD_EXPIRY_HOURS", 48))
EMOREC_LEASE_S = env.int("EMOREC_LEASE_S", 60)
EMOREC_HEARTBEAT_S = env.int("EMOREC_HEARTBEAT_S", 10)
EMOREC_MAX_ATTEMPTS = 3
EMOREC_RETRY_DELAY_S = env.int("EMOREC_RETRY_DELAY_S", 10)
EMOREC_VOICE_BY = env("EMOREC_VOICE_BY", default="speech")
EMOREC_FUSION = env("EMOREC_FUSION", default="weighted")
EMOREC_FUSION_ALPHA = env.float("EMOREC_FUSION_ALPHA", 0.6)
EMOREC_FUSION_BETA = env.float("EMOREC_FUSION_BETA", 0.4)
EMOREC_SAMPLE_FPS = env.float("EMOREC_SAMPLE_FPS", 5.0)
EMOREC_ENGINE = env.str("EMOREC_ENGINE", "analysis.runs.worker.load_engine")
EMOREC_TRANSCRIBER = env.str("EMOREC_TRANSCRIBER", "analysis.transcripts.worker.load")
# A run that takes longer is killed with its process and tried again; below the broker's visibility timeout.
EMOREC_RUN_LIMIT_S = env.int("EMOREC_RUN_LIMIT_S", 4 * 60 * 60)

# --- Celery: messages that wake a worker, not a ledger ----------------------------------------------------------------
REDIS_URL = env.str("EMOREC_REDIS_URL", "redis://127.0.0.1:6379/0")
# The cache holds the API's request counters and nothing that a page needs; a Redis that is away must not hold one up.
CACHES = {
    "default": {
        "BACKEND": "django.core.cache.backends.redis.RedisCache",
        "LOCATION": REDIS_URL,
        "KEY_PREFIX": "emorec",
        "OPTIONS": {
            "serializer": "emorec_site.cache.JSONSerializer",
            "socket_timeout": 0.5,
            "socket_connect_timeout": 0.5,
        },
    }
}
CELERY_BROKER_URL = REDIS_URL.replace("unix://", "redis+socket://")
CELERY_TASK_IGNORE_RESULT = True
CELERY_ACCEPT_CONTENT = ["json"]
CELERY_TASK_DEFAULT_QUEUE = "housekeeping"
CELERY_TASK_ROUTES = {
    "analysis.tasks.run_process": {"queue": "analysis"},
    "analysis.tasks.transcript_process": {"queue": "analysis"},
}
# A message is acknowledged when it arrives: that a worker died afterwards shows in its lease. Acknowledging late gains
# nothing, and when Redis restarts during a task the late acknowledgement takes the worker down (celery 5.7, kombu 5.7).
CELERY_TASK_ACKS_LATE = False
CELERY_WORKER_DISABLE_PREFETCH = True
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_WORKER_MAX_TASKS_PER_CHILD = 50
# In kB, looked at after each task: a child that has grown beyond it is replaced by a fresh one.
CELERY_WORKER_MAX_MEMORY_PER_CHILD = env.int("EMOREC_WORKER_MEMORY_KB", 4_000_000)
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BROKER_CONNECTION_MAX_RETRIES = None
CELERY_BROKER_TRANSPORT_OPTIONS = {
    "visibility_timeout": 6 * 60 * 60,
    "global_keyprefix": "emorec:",
    "socket_connect_timeout": 2,
    # A request that queues a run waits half a second for a broker that is away, not six; workers reconnect by their own
    # rules.
    "max_retries": 2,
    "interval_start": 0.1,
    "interval_step": 0.1,
    "interval_max": 0.2,
}
CELERY_TIMEZONE = TIME_ZONE
CELERY_BEAT_SCHEDULE_FILENAME = str(VAR_DIR / "celerybeat-schedule")
CELERY_BEAT_SCHEDULE = {
    "runs-sweep": {"task": "analysis.tasks.runs_sweep", "schedule": env.int("EMOREC_SWEEP_S", 15)},
    "uploads-purge": {"task": "analysis.tasks.uploads_purge", "schedule": crontab(minute="17")},
    "consents-expire": {"task": "analysis.tasks.consents_expire", "schedule": crontab(minute="*/15")},
    "notices-send": {"task": "analysis.tasks.notices_send", "schedule": 60},
    "sessions-clear": {"task": "analysis.tasks.sessions_clear", "schedule": crontab(minute="41", hour="3")},
}

# --- mail ---------------------------------------------------------------------------------------------------------
EMAIL_CONFIG = env.email_url("EMOREC_EMAIL_URL", default="consolemail://" if not PRODUCTION else "smtp://localhost:25")
vars().update(EMAIL_CONFIG)
EMAIL_TIMEOUT = 20
DEFAULT_FROM_EMAIL = env.str("EMOREC_EMAIL_FROM", "EmoRec <emorec@localhost>")

# --- API ----------------------------------------------------------------------------------------------------------
# Rates are there to stop a script that runs away, not to meter anybody; off in the tests.
API_RATES = {"user": env.str("EMOREC_API_RATE", "600/min"), "upload": "300/hour", "token": "10/min"}
REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "analysis.api.authentication.TokenAuthentication",
        "rest_framework.authentication.SessionAuthentication",
    ],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"],
    "DEFAULT_PARSER_CLASSES": ["analysis.api.parsers.BoundedJSONParser"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PAGINATION_CLASS": "analysis.api.pagination.Pages",
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "DEFAULT_THROTTLE_CLASSES": [
        "analysis.api.throttling.UserThrottle",
        "analysis.api.throttling.ScopeThrottle",
    ],
    "DEFAULT_THROTTLE_RATES": API_RATES if MODE != "test" else dict.fromkeys(API_RATES),
    "NUM_PROXIES": 1 if EMOREC_BEHIND_PROXY else 0,
    "EXCEPTION_HANDLER": "analysis.api.errors.exception_handler",
    "TEST_REQUEST_DEFAULT_FORMAT": "json",
}
REST_KNOX = {"TOKEN_TTL": timedelta(days=90), "AUTH_HEADER_PREFIX": "Token"}
SPECTACULAR_SETTINGS = {
    "TITLE": "EmoRec API",
    "VERSION": "1",
    "OAS_VERSION": "3.1.0",
    "SERVE_INCLUDE_SCHEMA": False,
    "SCHEMA_PATH_PREFIX": r"/api/v1",
    "COMPONENT_SPLIT_REQUEST": True,
    "POSTPROCESSING_HOOKS": [
        "drf_spectacular.hooks.postprocess_schema_enums",
        "analysis.api.schema.describe",
    ],
    "ENUM_NAME_OVERRIDES": {
        "RecordingStatus": "analysis.flow.RecordingStatus",
        "AlertStatus": "analysis.flow.AlertStatus",
        "ReviewStatus": "analysis.flow.ReviewStatus",
        "RuleKind": "analysis.models.alert.RuleKind",
        "Emotion": "analysis.emotions.EMOTIONS",
        "Who": "analysis.models.speaker.Who",
        "Decision": "analysis.models.review.Decision",
        "Purpose": "students.models.Purpose",
        "Role": "students.models.Role",
    },
}

# --- logging: request ids, never names ----------------------------------------------------------------------------
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "filters": {"request_id": {"()": "emorec_site.middleware.RequestIdFilter"}},
    "formatters": {"line": {"format": "%(asctime)s %(levelname)s %(name)s [%(request_id)s] %(message)s"}},
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "line", "filters": ["request_id"]}},
    "root": {"handlers": ["console"], "level": env.str("EMOREC_LOG_LEVEL", "INFO")},
    "loggers": {
        "django.server": {"handlers": ["console"], "level": "WARNING", "propagate": False},
        "axes": {"level": "ERROR"},
        "tensorflow": {"level": "ERROR"},
    },
}

MESSAGE_TAGS = {messages.ERROR: "danger"}
MESSAGE_STORAGE = "django.contrib.messages.storage.session.SessionStorage"
SITE_NAME = _("EmoRec")
