"""An administrator's decision on a flagged student."""

import uuid

from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from analysis.flow import UNSETTLED_REVIEW, ReviewStatus
from students.models import Student, User

NOTE_LENGTH = 10_000
"""Characters that a person may write; pages and API take them from here."""


class Decision(models.TextChoices):
    """What the review came to."""

    CONTACT = "contact", _("Contact the student")
    REFER = "refer", _("Refer to a specialist service")
    MONITOR = "monitor", _("Keep an eye on the next sessions")
    NO_ACTION = "no_action", _("No action needed")
    FALSE_ALARM = "false_alarm", _("False alarm of the system")


class Review(models.Model):
    """A flagged student in the review queue: one unsettled review per student gathers all the student's alerts."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    student = models.ForeignKey(Student, models.CASCADE, related_name="reviews")
    status = models.CharField(max_length=10, choices=ReviewStatus, default=ReviewStatus.PENDING)
    opened_at = models.DateTimeField(default=timezone.now)
    reviewer = models.ForeignKey(User, models.SET_NULL, null=True, related_name="+")
    decision = models.CharField(_("decision"), max_length=15, choices=Decision, blank=True)
    note = models.TextField(_("note"), blank=True, max_length=NOTE_LENGTH)
    settled_at = models.DateTimeField(null=True)
    synthetic = models.BooleanField(default=False)

    class Meta:
        ordering = ["opened_at"]
        constraints = [
            models.UniqueConstraint(
                fields=["student"], condition=Q(status__in=UNSETTLED_REVIEW), name="one_unsettled_review_per_student"
            ),
            models.CheckConstraint(
                condition=~Q(status=ReviewStatus.DECIDED) | (~Q(decision="") & ~Q(note="")),
                name="a_decision_has_a_note",
            ),
        ]

    def __str__(self) -> str:
        return f"review {self.pk}"
