"""mcof.settings with a page that answers without any work beside the site's own: the floor of what a page can cost."""

import os

os.environ.setdefault("HTTPS", "false")

from mcof.settings import *  # noqa: F403

ROOT_URLCONF = "tests.bench.urls"
API_READS_PER_MINUTE = API_VISITORS_PER_MINUTE = API_WRITES_PER_MINUTE = 10**9  # counted, and never too many
STORAGES = STORAGES | {"staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}}  # noqa: F405 (no files are collected for it)
