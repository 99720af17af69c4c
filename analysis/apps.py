"""What happens to a recording."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class AnalysisConfig(AppConfig):
    """The upper of the two apps: it answers what ``students`` announces."""

    name = "analysis"
    verbose_name = _("Analysis")

    def ready(self) -> None:
        from analysis.intake import removal  # noqa: F401  (connects its receivers)
