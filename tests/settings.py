"""mcof.settings with a test key and a fast password hasher."""

import os

os.environ.setdefault("SECRET_KEY", "a key for tests only, never for a server that people use")
os.environ.setdefault("HTTPS", "false")

from mcof.settings import *  # noqa: F403

PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
STORAGES = STORAGES | {"staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}}  # noqa: F405
AXES_ENABLED = False
WHITENOISE_AUTOREFRESH = True  # every client of a test has its own middleware, which would read all static files
API_READS_PER_MINUTE = API_VISITORS_PER_MINUTE = API_WRITES_PER_MINUTE = 0
STATIC_ROOT.mkdir(parents=True, exist_ok=True)  # noqa: F405 (WhiteNoise warns where it is missing)
DATABASES["default"].setdefault("TEST", {})  # noqa: F405
if DATABASES["default"]["ENGINE"].endswith("sqlite3"):  # noqa: F405
    # A file, so that threads and a live server meet the same locks as in production.
    DATABASES["default"]["TEST"]["NAME"] = os.environ.get("TEST_SQLITE", BASE_DIR / "var" / "test.sqlite3")  # noqa: F405
