from django.apps import AppConfig

from businesses import errors  # loading it registers what the constraints mean

__all__ = ["BusinessesConfig", "errors"]


class BusinessesConfig(AppConfig):
    name = "businesses"
