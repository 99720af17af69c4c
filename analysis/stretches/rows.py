"""The marks of recordings from the rows, and segments as they leave out what is not the student's."""

import uuid
from collections.abc import Iterable
from typing import Any

from django.db.models import F

from analysis.models import Segment, Stretch
from analysis.stretches.rule import Marks


def recording_marks(recording_id: uuid.UUID) -> Marks:
    """The marks of one recording with who made them; one query."""
    return Marks(Stretch.objects.filter(recording=recording_id).select_related("by"))


def marks_by_run(run_ids: Iterable[uuid.UUID]) -> dict[uuid.UUID, Marks]:
    """The marks that hold for each of these runs, which are its recording's. One query; none for no runs."""
    stretches: dict[uuid.UUID, list[Stretch]] = {run_id: [] for run_id in run_ids}
    if stretches:
        rows: Any = Stretch.objects.filter(recording__runs__in=list(stretches)).annotate(run_id=F("recording__runs"))
        for stretch in rows:
            stretches[stretch.run_id].append(stretch)
    return {run_id: Marks(each) for run_id, each in stretches.items()}


def leave_out(segments: Iterable[Segment], marks: Marks) -> None:
    """Makes gaps of the segments that are not the student's, in memory; never save them after this.

    Each segment gets ``taken``: the mark by which it is not the student's, or None. How much speech and face there was
    stays in its ``quality``, which is about the recording.
    """
    for segment in segments:
        taken = marks.taken(segment.start_s, segment.end_s)
        segment.taken = taken
        if taken is None:
            continue
        shares = {
            key: judgement[key]
            for judgement, key in ((segment.voice, "speech_share"), (segment.face, "face_share"))
            if judgement and key in judgement
        }
        segment.quality = {**segment.quality, **shares}
        segment.label = segment.probabilities = segment.voice = segment.face = segment.general = None
        for name in ("label_given", "label_shown"):
            if hasattr(segment, name):
                setattr(segment, name, None)
