"""How every student's trend is computed: one row, edited by an administrator."""

from typing import Any

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from students.models import User


class StoredTrendSettings(models.Model):
    """The settings of baseline, running average and control limits; ``analysis.trends.settings`` reads and writes them.

    They draw every curve, whether or not a rule looks at it; the EWMA rule raises alerts by them.

    Attributes:
        baseline_sessions: sessions with enough evidence that make a student's baseline.
        smoothing: weight lambda of the newest session, in (0, 1].
        width: half width of the control limits in standard deviations.
        min_evidence_s: a session with fewer judged seconds counts for nothing.
        min_coverage: nor does one of which a smaller share was judged, 0-1.
    """

    THE_ONE = 1

    id = models.PositiveSmallIntegerField(primary_key=True, default=THE_ONE, editable=False)
    baseline_sessions = models.PositiveSmallIntegerField(_("sessions that make the baseline"))
    smoothing = models.FloatField(_("weight of the newest session"))
    width = models.FloatField(_("width of the limits"))
    min_evidence_s = models.FloatField(_("least judged time (s)"))
    min_coverage = models.FloatField(_("least judged share"))
    updated_at = models.DateTimeField(auto_now=True)
    updated_by = models.ForeignKey(User, models.SET_NULL, null=True, related_name="+", editable=False)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(pk=1), name="one_row_of_trend_settings"),
            models.CheckConstraint(
                condition=Q(
                    baseline_sessions__gte=1,
                    smoothing__gt=0,
                    smoothing__lte=1,
                    width__gt=0,
                    min_evidence_s__gte=0,
                    min_coverage__gte=0,
                    min_coverage__lte=1,
                ),
                name="trend_settings_sane",
            ),
        ]

    def __str__(self) -> str:
        return "trend settings"

    def save(self, *args: Any, **kwargs: Any) -> None:
        """There is one row only."""
        self.pk = self.THE_ONE
        super().save(*args, **kwargs)
