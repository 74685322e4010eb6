"""What a WSGI server loads."""

import gc
import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "mcof.settings")
application = get_wsgi_application()
# What is loaded by now stays for good: it is not looked through again and again while pages are made.
gc.collect()
gc.freeze()
# A page is some ten thousand small things that end with it. Looked through at the usual 700, they would be gone through
# fifty times before they do; what refers to itself waits a little longer for its end.
gc.set_threshold(50_000, 20, 50)
