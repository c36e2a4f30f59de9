from django.apps import AppConfig

from businesses import errors

__all__ = ["BusinessesConfig", "errors"]


class BusinessesConfig(AppConfig):
    name = "businesses"
