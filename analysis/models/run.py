"""One analysis of a recording: who holds it, how far it is, what it ran with and how it ended."""

import uuid

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone

from analysis.flow import RunStatus
from analysis.models.recording import Recording
from students.models import User


class Run(models.Model):
    """The truth about an analysis; the broker only carries messages that wake a worker.

    Attributes:
        number: 1 for the first analysis of the recording, counting up.
        attempt: how often it was claimed, at most ``EMOREC_MAX_ATTEMPTS``.
        lease_token: drawn anew at each claim; whoever does not hold it can no longer write to the run.
        not_before: a retry waits until then.
        voice, face: the modalities analysed, decided from the consents at claim time.
        track: number of the face that a person said is the student's; null takes the one in view longest.
        speaker: number of the voice that a person said is the student's; null lets the evidence decide.
        percent: 0-100 over all stages.
        config, model, timings, quality, summary: as ``ml.results.Recognition`` gives them; the summary also has
            "several", whether it is sure that more than one person speaks.
        reference: what the student was compared with, per modality, as it gives it.
        conversation: how the conversation went (``ml.speakers.conversation``); empty where nobody was told apart.
        reread_at: when its segments were last read with what the student's other recordings say; null where they stand
            as they were first read.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    recording = models.ForeignKey(Recording, models.CASCADE, related_name="runs")
    number = models.PositiveIntegerField()
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

    voice = models.BooleanField(default=False)
    face = models.BooleanField(default=False)
    track = models.PositiveIntegerField(null=True)
    speaker = models.PositiveSmallIntegerField(null=True)
    stage = models.CharField(max_length=20, blank=True)
    percent = models.FloatField(default=0)
    error_code = models.CharField(max_length=40, blank=True)

    config = models.JSONField(default=dict)
    model = models.JSONField(default=dict)
    timings = models.JSONField(default=dict)
    quality = models.JSONField(default=dict)
    summary = models.JSONField(default=dict)
    reference = models.JSONField(default=dict)
    conversation = models.JSONField(default=dict)
    reread_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["-number"]
        constraints = [
            models.UniqueConstraint(fields=["recording", "number"], name="run_numbers_count_up"),
            models.UniqueConstraint(
                fields=["recording"],
                condition=Q(status__in=[RunStatus.QUEUED, RunStatus.RUNNING]),
                name="one_unfinished_run_per_recording",
            ),
            models.CheckConstraint(
                condition=Q(status=RunStatus.RUNNING, lease_token__isnull=False) | ~Q(status=RunStatus.RUNNING),
                name="a_running_run_is_leased",
            ),
            models.CheckConstraint(condition=Q(attempt__lte=settings.EMOREC_MAX_ATTEMPTS), name="attempts_are_bounded"),
        ]
        indexes = [models.Index(fields=["status", "lease_expires_at"]), models.Index(fields=["status", "not_before"])]

    def __str__(self) -> str:
        return f"run {self.pk}"
