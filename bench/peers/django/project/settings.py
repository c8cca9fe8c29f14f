import os

DEBUG = False
SECRET_KEY = os.environ["TOKEN"]
ALLOWED_HOSTS = ["127.0.0.1"]
INSTALLED_APPS = ["django.contrib.auth", "django.contrib.contenttypes", "django_scim", "project"]
MIDDLEWARE = ["project.bearer.middleware"]
ROOT_URLCONF = "project.urls"
AUTH_USER_MODEL = "project.User"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
USE_TZ = True
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    # What it refuses is an answer, not news.
    "loggers": {"django.request": {"level": "ERROR"}, "django_scim": {"level": "ERROR"}},
}

DATABASES = {
    "default": {
        "ENGINE": "django.db.backends.sqlite3",
        "NAME": os.path.join(os.environ["DATA"], "scim.db"),
        "CONN_MAX_AGE": None,
        "OPTIONS": {
            "init_command": "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;",
            "transaction_mode": "IMMEDIATE",
            "timeout": 30,
        },
    }
}

SCIM_SERVICE_PROVIDER = {
    "SCHEME": "http",
    "NETLOC": "127.0.0.1:" + os.environ["PORT"],
    "AUTHENTICATION_SCHEMES": [{"type": "oauthbearertoken", "name": "token", "description": "a token"}],
    "GROUP_MODEL": "project.models.Group",
    "USER_FILTER_PARSER": "project.filters.UserFilter",
    "GROUP_FILTER_PARSER": "project.filters.GroupFilter",
}
