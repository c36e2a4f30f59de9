"""The web process: serves pages, API and admin as the restricted role."""

import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "rhivo.settings")
os.environ.setdefault("RHIVO_DB_ROLE", "app")
application = get_wsgi_application()
