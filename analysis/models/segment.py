"""A few seconds of a recording with what was recognised in them, and what a person says they really showed."""

import uuid
from typing import TYPE_CHECKING

from django.db import models
from django.db.models import F, Q
from django.utils import timezone

from analysis.models.run import Run
from students.models import User

if TYPE_CHECKING:
    from analysis.models.speaker import Stretch

COMMENT_LENGTH = 300
"""Characters that a person may write; pages and API take them from here."""


class Segment(models.Model):
    """One segment of one run, as in the JSON contract of ``python -m ml recognise --json``.

    ``probabilities`` (keyed by class name, summing to 1) and ``label`` are null for a gap. ``voice`` and ``face`` are
    null where that modality was not judged. ``general`` is null where the segment is read by people in general; where
    it is read by the student's other sessions too, it holds what it would say without them: "probabilities", "voice"
    and "face", each keyed by class name or null.
    """

    run = models.ForeignKey(Run, models.CASCADE, related_name="segments")
    index = models.PositiveIntegerField()
    start_s = models.FloatField()
    end_s = models.FloatField()
    label = models.CharField(max_length=10, null=True)  # noqa: DJ001  (null is the gap)
    probabilities = models.JSONField(null=True)
    voice = models.JSONField(null=True)
    face = models.JSONField(null=True)
    general = models.JSONField(null=True)
    quality = models.JSONField(default=dict)
    taken: "Stretch | None"
    """The mark by which it is not the student's; no column: ``analysis.stretches.rows.leave_out`` says so."""

    class Meta:
        ordering = ["index"]
        constraints = [
            models.UniqueConstraint(fields=["run", "index"], name="each_segment_once"),
            models.CheckConstraint(condition=Q(start_s__gte=0, end_s__gt=F("start_s")), name="segment_has_a_length"),
            models.CheckConstraint(
                condition=Q(label__isnull=True, probabilities__isnull=True)
                | Q(label__isnull=False, probabilities__isnull=False),
                name="a_gap_has_neither_label_nor_probabilities",
            ),
        ]

    def __str__(self) -> str:
        return f"segment {self.index} of run {self.run_id}"


class LabelCorrection(models.Model):
    """A person says what a segment really showed. The model's own label stays; the correction stands beside it."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    segment = models.ForeignKey(Segment, models.CASCADE, related_name="corrections")
    label = models.CharField(max_length=10)
    comment = models.CharField(max_length=COMMENT_LENGTH, blank=True)
    by = models.ForeignKey(User, models.SET_NULL, null=True, related_name="+")
    at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ["-at"]

    def __str__(self) -> str:
        return f"correction {self.pk}"
