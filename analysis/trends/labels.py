"""The label that is shown for a moment: the newest that a person gave it, else the model's. The one rule for all.

A moment that is not the student's shows none (``analysis.stretches``).
"""

from collections.abc import Sequence
from typing import Any

from django.db.models import OuterRef, Prefetch, QuerySet, Subquery, prefetch_related_objects
from django.db.models.functions import Coalesce

from analysis.models import LabelCorrection, Run, Segment
from analysis.stretches.rows import leave_out, recording_marks


def with_label_shown(segments: QuerySet[Segment]) -> QuerySet[Any]:
    """The segments with ``label_given``, a person's newest label or null, and ``label_shown``, that or the model's."""
    newest = LabelCorrection.objects.filter(segment=OuterRef("pk")).order_by("-at", "-pk").values("label")[:1]
    return segments.annotate(label_given=Subquery(newest), label_shown=Coalesce("label_given", "label"))


def with_corrections(segments: QuerySet[Segment]) -> QuerySet[Any]:
    """As ``with_label_shown``, with all corrections and who made them, the newest first, as ``corrected``."""
    newest = LabelCorrection.objects.select_related("by").order_by("-at", "-pk")
    return with_label_shown(segments).prefetch_related(Prefetch("corrections", newest, to_attr="corrected"))


def segments_read(run: Run) -> Sequence[Any]:
    """The run's segments in time order, ``with_corrections``; gaps where they are not the student's (``leave_out``).

    They are read once: from now on ``run.segments.all()`` gives the same rows.
    """
    prefetch_related_objects([run], Prefetch("segments", with_corrections(Segment.objects.order_by("index"))))
    segments = list(run.segments.all())
    leave_out(segments, recording_marks(run.recording_id))
    return segments
