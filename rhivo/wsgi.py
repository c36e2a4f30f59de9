"""The web process: serves pages, API and admin as the restricted role. Refuses to start unsafe in production."""

import os

from django.conf import settings
from django.core.management import call_command
from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "rhivo.settings")
os.environ.setdefault("RHIVO_DB_ROLE", "app")
application = get_wsgi_application()

if settings.PRODUCTION:
    call_command("check", databases=["default"])
