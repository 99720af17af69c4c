"""Who speaks when in a recording, and what a person says of a stretch of it."""

import uuid

from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from analysis.models.recording import Recording
from analysis.models.run import Run
from students.models import User


class Speaker(models.Model):
    """One voice of one run, as in the JSON contract of ``python -m ml speakers --json``.

    Attributes:
        number: 1, 2, ... in order of first speech.
        seconds: how long it speaks.
        channel: number of the sound channel or track it has to itself; null where several voices share one.
        face: number of the face track whose lips move with it; null where none does.
        enrolled: whether it is the voice of a counsellor who enrolled it.
        student: whether it is the one that was judged.
        sample_start_s, sample_end_s: a stretch of at most five seconds in which it speaks alone, to listen to; null
            where it never does.
    """

    run = models.ForeignKey(Run, models.CASCADE, related_name="speakers")
    number = models.PositiveSmallIntegerField()
    seconds = models.FloatField()
    channel = models.PositiveSmallIntegerField(null=True)
    face = models.PositiveIntegerField(null=True)
    enrolled = models.BooleanField(default=False)
    student = models.BooleanField(default=False)
    sample_start_s = models.FloatField(null=True)
    sample_end_s = models.FloatField(null=True)

    class Meta:
        ordering = ["number"]
        constraints = [
            models.UniqueConstraint(fields=["run", "number"], name="each_speaker_once"),
            models.UniqueConstraint(fields=["run"], condition=Q(student=True), name="one_speaker_is_the_student"),
        ]

    def __str__(self) -> str:
        return f"speaker {self.number} of run {self.run_id}"


class Turn(models.Model):
    """A stretch in which one voice speaks without a pause that counts; turns of two voices may overlap.

    Attributes:
        overlap: whether somebody else speaks at the same time for most of it.
        certainty: how sure it is that this voice speaks, 0-1.
    """

    run = models.ForeignKey(Run, models.CASCADE, related_name="turns")
    speaker = models.ForeignKey(Speaker, models.CASCADE, related_name="turns")
    start_s = models.FloatField()
    end_s = models.FloatField()
    overlap = models.BooleanField(default=False)
    certainty = models.FloatField()

    class Meta:
        ordering = ["start_s", "end_s", "pk"]
        constraints = [
            models.CheckConstraint(condition=Q(start_s__gte=0, end_s__gt=F("start_s")), name="a_turn_has_a_length"),
            models.CheckConstraint(condition=Q(certainty__gte=0, certainty__lte=1), name="certainty_is_a_share"),
        ]

    def __str__(self) -> str:
        return f"turn {self.pk} of run {self.run_id}"


class Who(models.TextChoices):
    """Whose a stretch is, as a person says."""

    STUDENT = "student", _("the student")
    COUNSELLOR = "counsellor", _("the counsellor")
    OTHER = "other", _("another person")
    NOT_STUDENT = "not_student", _("not the student")


class Stretch(models.Model):
    """A person says whose a stretch of a recording is. It stays when the recording is analysed again.

    Of stretches that cover the same moment the newest counts.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    recording = models.ForeignKey(Recording, models.CASCADE, related_name="stretches")
    start_s = models.FloatField()
    end_s = models.FloatField()
    who = models.CharField(max_length=12, choices=Who)
    by = models.ForeignKey(User, models.SET_NULL, null=True, related_name="+")
    at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ["start_s", "at"]
        constraints = [
            models.CheckConstraint(condition=Q(start_s__gte=0, end_s__gt=F("start_s")), name="a_stretch_has_a_length")
        ]

    def __str__(self) -> str:
        return f"stretch {self.pk}"
