"""A student's sessions read with what their other sessions say of them: all at once, without the media.

The student's reference is never stored. It is the sum of what the recordings leave behind, each of the newest result of
its recording, so whatever takes a result away has taken it out of the sum; who removes or adds one calls
``sessions_reread`` in the same transaction. A recording is never compared with itself.
"""

import logging
from collections.abc import Iterable, Sequence
from dataclasses import fields

import numpy as np
from django.utils import timezone

from analysis.models import Run, RunScores, Segment
from analysis.references.contributions import contributions
from analysis.references.engine_segments import engine_segments, vector
from analysis.references.scores import SegmentScores, unsealed_segment_scores
from ml import reading
from ml.config import Config
from ml.errors import RecognitionError
from ml.reference import MODALITIES, Reference
from ml.results import Segment as EngineSegment
from ml.results import keyed
from ml.summary import summarise
from students import audit
from students.models import Student

logger = logging.getLogger(__name__)

ROWS_PER_UPDATE = 500
LEAST_CHANGE = 1e-4
"""Of a probability; what is stored is rounded, and is not written anew for that."""


def sessions_reread(student: Student, *, newest: Run | None = None) -> int:
    """Reads every stored result of the student with what the other recordings say; for holders of the student's lock.

    What cannot be read so any more (its key is lost, its weights are no longer in use or not there) is read by people
    in general: nothing may go on resting on what has been removed. Raises no alert.

    Args:
        newest: a run that has just succeeded; this is its first reading.

    Returns:
        How many results now read otherwise.
    """
    by_run = contributions(student)
    recording_of = dict(Run.objects.filter(pk__in=by_run).values_list("pk", "recording_id"))
    changed = 0
    for scores in RunScores.objects.filter(run__recording__student=student).select_related("run").iterator(1):
        run = scores.run
        other_references = [each for pk, each in by_run.items() if recording_of[pk] != run.recording_id]
        if _reread(run, scores, other_references, first=newest is not None and run.pk == newest.pk):
            changed += 1
    if changed:
        audit.record("results.reread", student=student, runs=changed)
    return changed


def _reread(run: Run, scores: RunScores, other_references: Iterable[Reference], *, first: bool) -> bool:
    """Reads one run anew and writes what has changed; True if anything has."""
    rows = list(run.segments.all())
    reference, segments = _read(run, rows, unsealed_segment_scores(scores), other_references)
    own = any(each["kind"] == "own" for each in reference.described().values())
    altered = [row for row, segment in zip(rows, segments, strict=True) if _take_over(row, segment, own=own)]
    run.reference = reference.described()
    run.summary = {**run.summary, **summarise(segments)}
    run.reread_at = timezone.now() if altered and not first else run.reread_at
    run.save(update_fields=["reference", "summary", "reread_at"])
    # one statement per batch that inserts over the rows themselves: a fifth of the time of Django's bulk_update
    Segment.objects.bulk_create(
        altered,
        batch_size=ROWS_PER_UPDATE,
        update_conflicts=True,
        unique_fields=["pk"],
        update_fields=["label", "probabilities", "voice", "face", "general"],
    )
    return bool(altered)


def _read(
    run: Run, rows: Sequence[Segment], segment_scores: SegmentScores | None, other_references: Iterable[Reference]
) -> tuple[Reference, tuple[EngineSegment, ...]]:
    """The reading of a run's segments, and what they were read by: nothing where that is not possible."""
    config = run_config(run)
    try:
        versions = reading.score_versions(config)
        if segment_scores is not None and all(
            part["model"] == versions.get(name) for name, part in segment_scores.items()
        ):
            gathered = Reference.gathered(each.of_versions(versions) for each in other_references)
            reference = Reference(**{name: getattr(gathered, name) for name in segment_scores})
            return reference, reading.read(engine_segments(rows, segment_scores), reference, config)
    except (RecognitionError, AttributeError, KeyError, TypeError, ValueError) as error:
        logger.error("run %s is read by people in general (%s)", run.pk, type(error).__name__)
    return Reference(), reading.read(engine_segments(rows, {}), Reference(), config)


def general_probabilities(segments: Sequence[Segment]) -> dict[int, dict[str, float] | None]:
    """What a run's segments say by people in general, by number of segment; empty where they are read so anyway."""
    if not any(each.general for each in segments):
        return {}
    return {each.index: each.general["probabilities"] if each.general else each.probabilities for each in segments}


def run_config(run: Run) -> Config:
    """The engine's configuration that the run was made with; settings it did not know have their defaults."""
    setting_names = {each.name for each in fields(Config)}
    return Config(**{name: value for name, value in run.config.items() if name in setting_names})


def _take_over(row: Segment, segment: EngineSegment, *, own: bool) -> bool:
    """Puts the reading into the row if it differs; True if it does."""
    probabilities, stored_probabilities = segment.probabilities, vector(row.probabilities)
    if probabilities is None or stored_probabilities is None:
        return False
    general = row.general or {"probabilities": row.probabilities} | {
        name: (getattr(row, name) or {}).get("probabilities") for name in MODALITIES
    }
    if np.abs(probabilities - stored_probabilities).max() < LEAST_CHANGE and (row.general is not None) == own:
        return False
    row.probabilities, row.label = (
        (keyed(probabilities), segment.label) if own else (general["probabilities"], segment.label)
    )
    for name in MODALITIES:
        judged, judgement = getattr(row, name), getattr(segment, name)
        if judged is not None:
            setattr(row, name, {**judged, "probabilities": keyed(judgement.probabilities) if own else general[name]})
    row.general = general if own else None
    return True
