"""Rules, the alerts they raise, every change of an alert, and the notices people get."""

import uuid

from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from analysis.flow import UNSETTLED_ALERT, AlertStatus
from analysis.models.recording import Recording
from students.models import Student, User

REASON_LENGTH = 2000
RULE_NAME_LENGTH = 80
"""Characters that a person may write; pages and API take them from here."""


class RuleKind(models.TextChoices):
    """What a rule looks at."""

    SHARE = "share", _("Share of negative time in one session")
    SUSTAINED = "sustained", _("Negative over several sessions in a row")
    EWMA = "ewma", _("Rise above the student's own baseline (EWMA)")


class AlertRule(models.Model):
    """A rule an administrator can edit. Settings that its kind does not use are null.

    An EWMA rule has none of its own: it raises by the limits that every curve is drawn with (``StoredTrendSettings``).

    Attributes:
        threshold: share of negative time, 0-1 (share, sustained).
        sessions: sessions in a row (sustained).
        min_evidence_s: a session with fewer judged seconds never raises an alert (share, sustained).
        min_coverage: nor one in which a smaller share of the time was judged, 0-1 (share, sustained).
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    kind = models.CharField(_("kind"), max_length=10, choices=RuleKind)
    name = models.CharField(pgettext_lazy("of a rule", "name"), max_length=RULE_NAME_LENGTH)
    enabled = models.BooleanField(_("enabled"), default=True)
    threshold = models.FloatField(_("threshold"), null=True)
    sessions = models.PositiveSmallIntegerField(_("sessions"), null=True)
    min_evidence_s = models.FloatField(_("least judged time (s)"), null=True)
    min_coverage = models.FloatField(_("least judged share"), null=True)
    updated_at = models.DateTimeField(auto_now=True)
    updated_by = models.ForeignKey(User, models.SET_NULL, null=True, related_name="+", editable=False)

    class Meta:
        ordering = ["kind", "name"]
        constraints = [
            models.CheckConstraint(
                condition=Q(
                    kind__in=[RuleKind.SHARE, RuleKind.SUSTAINED],
                    threshold__gt=0,
                    threshold__lte=1,
                    min_evidence_s__gte=0,
                    min_coverage__gte=0,
                    min_coverage__lte=1,
                )
                | Q(
                    kind=RuleKind.EWMA,
                    threshold__isnull=True,
                    min_evidence_s__isnull=True,
                    min_coverage__isnull=True,
                ),
                name="a_rule_has_what_its_kind_uses",
            ),
            models.CheckConstraint(
                condition=Q(kind=RuleKind.SUSTAINED, sessions__gte=1)
                | (~Q(kind=RuleKind.SUSTAINED) & Q(sessions__isnull=True)),
                name="only_a_sustained_rule_counts_sessions",
            ),
        ]

    def __str__(self) -> str:
        return self.name


class Alert(models.Model):
    """A rule was crossed. Raised once per crossing: ``crossing`` names the recording with which the crossing began.

    ``evidence`` holds the numbers that raised it, as ``analysis.alerts.evidence`` writes and reads
    them.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    student = models.ForeignKey(Student, models.CASCADE, related_name="alerts")
    rule = models.ForeignKey(AlertRule, models.SET_NULL, null=True, related_name="alerts")
    kind = models.CharField(max_length=10, choices=RuleKind)
    crossing = models.ForeignKey(Recording, models.CASCADE, related_name="alerts")
    review = models.ForeignKey("analysis.Review", models.SET_NULL, null=True, related_name="alerts")
    status = models.CharField(max_length=15, choices=AlertStatus, default=AlertStatus.OPEN)
    raised_at = models.DateTimeField(default=timezone.now)
    settled_at = models.DateTimeField(null=True)
    evidence = models.JSONField(default=dict)
    synthetic = models.BooleanField(default=False)

    class Meta:
        ordering = ["-raised_at"]
        constraints = [
            models.UniqueConstraint(fields=["student", "rule", "crossing"], name="one_alert_per_crossing"),
            models.CheckConstraint(
                condition=Q(status__in=UNSETTLED_ALERT, settled_at__isnull=True)
                | (~Q(status__in=UNSETTLED_ALERT) & Q(settled_at__isnull=False)),
                name="a_settled_alert_has_its_time",
            ),
        ]
        indexes = [models.Index(fields=["student", "status"])]

    def __str__(self) -> str:
        return f"alert {self.pk}"


class AlertEvent(models.Model):
    """A row per change of an alert: who, when, to which state, with which reason."""

    id = models.BigAutoField(primary_key=True)
    alert = models.ForeignKey(Alert, models.CASCADE, related_name="events")
    at = models.DateTimeField(default=timezone.now)
    actor = models.ForeignKey(User, models.SET_NULL, null=True, related_name="+")
    status = models.CharField(max_length=15, choices=AlertStatus)
    reason = models.TextField(blank=True, max_length=REASON_LENGTH)

    class Meta:
        ordering = ["at", "id"]

    def __str__(self) -> str:
        return f"{self.status} {self.at:%Y-%m-%d %H:%M}"


class Notice(models.Model):
    """Tells one person of one alert, in the app and by mail; the mail says nothing about emotion or the student.

    ``mail_claimed_at`` is when a sender last took the mail in hand, ``mailed_at`` when the mail server took it over.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    user = models.ForeignKey(User, models.CASCADE, related_name="notices")
    alert = models.ForeignKey(Alert, models.CASCADE, related_name="notices")
    created_at = models.DateTimeField(default=timezone.now)
    read_at = models.DateTimeField(null=True)
    mail_claimed_at = models.DateTimeField(null=True)
    mailed_at = models.DateTimeField(null=True)
    mail_attempts = models.PositiveSmallIntegerField(default=0)

    class Meta:
        ordering = ["-created_at"]
        constraints = [models.UniqueConstraint(fields=["user", "alert"], name="one_notice_per_person_and_alert")]

    def __str__(self) -> str:
        return f"notice {self.pk}"
