"""A recording as it was uploaded, and an upload under way."""

import uuid

from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from analysis.flow import RecordingStatus, UploadStatus
from students.models import Student, User


class Recording(models.Model):
    """An original that was verified, hashed and stored; it is never altered.

    ``file`` is a path below MEDIA_ROOT, made of the recording's id only; empty for synthetic demo history, which has
    no bytes. ``original_name`` is shown to people and used for nothing else. ``current_run`` is the newest run and
    gives the status; ``result_run`` is the newest that succeeded: its results count until a repetition succeeds.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    student = models.ForeignKey(Student, models.CASCADE, related_name="recordings")
    uploaded_by = models.ForeignKey(User, models.SET_NULL, null=True, related_name="+")
    uploaded_at = models.DateTimeField(default=timezone.now)
    recorded_at = models.DateTimeField(_("recorded at"))
    original_name = models.CharField(_("file name"), max_length=120)
    file = models.CharField(max_length=200, blank=True, editable=False)
    sha256 = models.CharField(max_length=64, editable=False)
    size_bytes = models.BigIntegerField(editable=False)
    container = models.CharField(max_length=20, editable=False)
    duration_s = models.FloatField(null=True, editable=False)
    has_audio = models.BooleanField(default=False, editable=False)
    has_video = models.BooleanField(default=False, editable=False)
    width = models.PositiveIntegerField(null=True, editable=False)
    height = models.PositiveIntegerField(null=True, editable=False)
    fps = models.FloatField(null=True, editable=False)
    synthetic = models.BooleanField(default=False, editable=False)
    current_run = models.OneToOneField("analysis.Run", models.SET_NULL, null=True, related_name="+", editable=False)
    result_run = models.OneToOneField("analysis.Run", models.SET_NULL, null=True, related_name="+", editable=False)

    class Meta:
        ordering = ["-recorded_at"]
        constraints = [
            models.UniqueConstraint(
                fields=["student", "sha256"], condition=Q(synthetic=False), name="one_recording_per_student_and_content"
            )
        ]
        indexes = [models.Index(fields=["student", "-recorded_at"])]

    def __str__(self) -> str:
        return f"recording {self.pk}"

    @property
    def status(self) -> str:
        """``uploaded`` without a run, else the status of the newest run (a ``RecordingStatus`` value)."""
        return self.current_run.status if self.current_run else RecordingStatus.UPLOADED.value

    @property
    def status_label(self) -> str:
        """The status in the reader's language."""
        return str(RecordingStatus(self.status).label)


class Upload(models.Model):
    """A tus upload: the row exists before the first byte, and the bytes lie in ``MEDIA_ROOT/uploads/<id>.part``."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    user = models.ForeignKey(User, models.CASCADE, related_name="uploads")
    student = models.ForeignKey(Student, models.CASCADE, related_name="uploads")
    recorded_at = models.DateTimeField()
    original_name = models.CharField(max_length=120)
    length = models.BigIntegerField()
    offset = models.BigIntegerField(default=0)
    status = models.CharField(max_length=10, choices=UploadStatus, default=UploadStatus.RECEIVING)
    error_code = models.CharField(max_length=40, blank=True)
    recording = models.ForeignKey(Recording, models.SET_NULL, null=True, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)
    expires_at = models.DateTimeField()

    class Meta:
        ordering = ["-created_at"]
        constraints = [
            models.CheckConstraint(
                condition=Q(offset__gte=0) & Q(offset__lte=models.F("length")), name="offset_in_length"
            )
        ]

    def __str__(self) -> str:
        return f"upload {self.pk}"
