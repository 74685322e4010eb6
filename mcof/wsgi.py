"""What a WSGI server loads."""

import gc
import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "mcof.settings")
application = get_wsgi_application()
# What is loaded by now stays for good: it is not looked through again and again while pages are made.
gc.collect()
gc.freeze()
