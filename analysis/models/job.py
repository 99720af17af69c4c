"""Something that a worker does for a recording: who holds it, how far it is and how it ended."""

import uuid

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone

from analysis.flow import RunStatus
from students.models import User


class Job(models.Model):
    """The truth about a piece of work; the broker only carries messages that wake a worker.

    Attributes:
        attempt: how often it was claimed, at most ``EMOREC_MAX_ATTEMPTS``.
        lease_token: drawn anew at each claim; whoever does not hold it can no longer write to the job.
        not_before: a retry waits until then.
        percent: 0-100 over all stages.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    requested_by = models.ForeignKey(User, models.SET_NULL, null=True, related_name="+")
    status = models.CharField(max_length=10, choices=RunStatus, default=RunStatus.QUEUED)
    created_at = models.DateTimeField(default=timezone.now)
    not_before = models.DateTimeField(default=timezone.now)
    started_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)

    attempt = models.PositiveSmallIntegerField(default=0)
    lease_token = models.UUIDField(null=True)
    lease_expires_at = models.DateTimeField(null=True)
    heartbeat_at = models.DateTimeField(null=True)
    cancel_requested = models.BooleanField(default=False)

    stage = models.CharField(max_length=20, blank=True)
    percent = models.FloatField(default=0)
    error_code = models.CharField(max_length=40, blank=True)

    class Meta:
        abstract = True

    def __str__(self) -> str:
        return f"{self._meta.model_name} {self.pk}"


def leased_while_running(name: str) -> models.CheckConstraint:
    """A job that runs is held by somebody."""
    return models.CheckConstraint(
        condition=Q(status=RunStatus.RUNNING, lease_token__isnull=False) | ~Q(status=RunStatus.RUNNING), name=name
    )


def bounded_attempts(name: str) -> models.CheckConstraint:
    """No job is tried for ever."""
    return models.CheckConstraint(condition=Q(attempt__lte=settings.EMOREC_MAX_ATTEMPTS), name=name)
