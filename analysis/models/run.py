"""One analysis of a recording: what it ran with and what came of it."""

from django.db import models
from django.db.models import Q

from analysis.flow import RunStatus
from analysis.models.job import Job, bounded_attempts, leased_while_running
from analysis.models.recording import Recording


class Run(Job):
    """An analysis of a recording.

    Attributes:
        number: 1 for the first analysis of the recording, counting up.
        voice, face: the modalities analysed, decided from the consents at claim time.
        track: number of the face that a person said is the student's; null takes the one in view longest.
        speaker: number of the voice that a person said is the student's; null lets the evidence decide.
        config, model, timings, quality, summary: as ``ml.results.Recognition`` gives them; the summary also has
            "several", whether it is sure that more than one person speaks.
        reference: what the student was compared with, per modality, as it gives it.
        conversation: how the conversation went (``ml.speakers.conversation``); empty where nobody was told apart.
        reread_at: when its segments were last read with what the student's other recordings say; null where they stand
            as they were first read.
    """

    recording = models.ForeignKey(Recording, models.CASCADE, related_name="runs")
    number = models.PositiveIntegerField()

    voice = models.BooleanField(default=False)
    face = models.BooleanField(default=False)
    track = models.PositiveIntegerField(null=True)
    speaker = models.PositiveSmallIntegerField(null=True)

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
            leased_while_running("a_running_run_is_leased"),
            bounded_attempts("attempts_are_bounded"),
        ]
        indexes = [models.Index(fields=["status", "lease_expires_at"]), models.Index(fields=["status", "not_before"])]
