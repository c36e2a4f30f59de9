"""The web process: serves pages, API and admin as the restricted role. Refuses to start unsafe in production."""

import gc
import os

from django.conf import settings
from django.core.management import call_command
from django.core.wsgi import get_wsgi_application

from rhivo.checks import SERVING
from rhivo.web.load_shedding import LoadShedder, in_few_threads

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "rhivo.settings")
os.environ.setdefault("RHIVO_DB_ROLE", "app")
# From the inside out: the shedder stands before the threads, so that its pauses do not hold any of Django's.
application = in_few_threads(get_wsgi_application())
if settings.THROTTLE:
    application = LoadShedder(application)

# After Django is loaded, before the first request: a process that refuses to start takes none.
if settings.PRODUCTION:
    call_command("check", databases=["default"])
    call_command("check", tags=[SERVING], deploy=True)

# What is loaded by now lives as long as the process: the collector need not walk it again and again.
gc.collect()
gc.freeze()
gc.set_threshold(20_000, 20, 20)
