from django.apps import AppConfig
from django.core.checks import Tags, register
from django.utils.module_loading import import_string


class NotificationsConfig(AppConfig):
    name = "notifications"

    def ready(self) -> None:
        # By name, because channels import models, which Django loads only after this module.
        register(import_string("notifications.channel_settings.channel_urls_name_channels"), Tags.security)
