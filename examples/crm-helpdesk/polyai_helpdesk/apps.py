"""What Django has to know about the app."""

from __future__ import annotations

from django.apps import AppConfig
from django.db.models.signals import post_migrate


class PolyAIHelpdeskConfig(AppConfig):
    """Listens to the helpdesk as soon as Django is up."""

    name = "polyai_helpdesk"
    verbose_name = "PolyAI agent"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from . import bytes_of_mails, configuration, intake  # noqa: F401  (they register what they have)
        from .store import bring_to_this_version

        post_migrate.connect(bring_to_this_version, sender=self)
