"""Students, their care and their consent."""

from django.apps import AppConfig
from django.utils.module_loading import autodiscover_modules
from django.utils.translation import gettext_lazy as _


class StudentsConfig(AppConfig):
    """The lower of the two apps: it knows nothing of recordings."""

    name = "students"
    verbose_name = _("Students")

    def ready(self) -> None:
        """Every app adds its own words to the audit trail."""
        autodiscover_modules("audit_words")
