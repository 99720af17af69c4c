"""Start-up of the wiring: system checks."""

from django.apps import AppConfig


class SiteConfig(AppConfig):
    """Registers the system checks."""

    name = "emorec_site"
    label = "site"

    def ready(self) -> None:
        from emorec_site import checks  # noqa: F401  (registers by import)
