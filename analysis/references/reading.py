"""A student's sessions read with what their other sessions say of them: all at once, without the media.

The student's reference is never stored. It is the sum of what the recordings leave behind, each of the newest result of
its recording, so whatever takes a result away has taken it out of the sum; who removes or adds one calls
``sessions_reread`` in the same transaction. A recording is never compared with itself.
"""

from collections.abc import Iterable
from dataclasses import fields
from typing import Any

import numpy as np
from django.utils import timezone

from analysis.models import Run, RunScores, Segment
from analysis.references.scores import Kept, contributions, kept_segments
from ml import reading
from ml.config import Config
from ml.emotions import EMOTIONS
from ml.errors import RecognitionError
from ml.reference import MODALITIES, Reference
from ml.results import FaceJudgement, VoiceJudgement, keyed
from ml.results import Segment as EngineSegment
from ml.summary import summarise
from students import audit
from students.models import Student

ROWS_PER_UPDATE = 500
LEAST_CHANGE = 1e-4
"""Of a probability; what is stored is rounded, and is not written anew for that."""


def sessions_reread(student: Student, *, newest: Run | None = None) -> int:
    """Reads every kept result of the student with what the other recordings say; for holders of the student's lock.

    Results of other weights than those in use stay as they are: their scores do not add up with the others'. Raises no
    alert.

    Args:
        newest: a run that has just succeeded; this is its first reading.

    Returns:
        How many results now read otherwise.
    """
    known = contributions(student)
    recording_of = dict(Run.objects.filter(pk__in=known).values_list("pk", "recording_id"))
    changed = 0
    for scores in RunScores.objects.filter(run__recording__student=student).select_related("run").iterator(1):
        run = scores.run
        others = [each for pk, each in known.items() if recording_of[pk] != run.recording_id]
        if _reread(run, scores, others, first=newest is not None and run.pk == newest.pk):
            changed += 1
    if changed:
        audit.record("results.reread", student=student, runs=changed)
    return changed


def _reread(run: Run, scores: RunScores, others: Iterable[Reference], *, first: bool) -> bool:
    """Reads one run anew and writes what has changed; whether anything has."""
    config, kept = run_config(run), kept_segments(scores)
    if kept is None:
        return False
    versions = reading.score_versions(config)
    if any(part["model"] != versions.get(name) for name, part in kept.items()):
        return False
    rows = list(run.segments.all())
    gathered = Reference.gathered(each.of_versions(versions) for each in others)
    reference = Reference(**{name: getattr(gathered, name) for name in kept})
    try:
        segments = reading.read(_engine_segments(rows, kept), reference, config)
    except RecognitionError:  # without the weights the yardstick is missing; people in general need none
        reference = Reference()
        segments = reading.read(_engine_segments(rows, kept), reference, config)
    altered = [row for row, segment in zip(rows, segments, strict=True) if _take_over(row, segment)]
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
        update_fields=["label", "probabilities", "voice", "face"],
    )
    return bool(altered)


def general_probabilities(run: Run) -> dict[int, dict[str, float] | None]:
    """What the segments of a run say by people in general, by number of segment; empty where they are read so anyway.

    Raises nothing where the scores are gone: then there is nothing to compare with.
    """
    scores = RunScores.objects.filter(run=run).first()
    own = any(each.get("kind") == "own" for each in run.reference.values())
    kept = kept_segments(scores) if scores is not None and own else None
    if kept is None:
        return {}
    rows = list(run.segments.all())
    segments = reading.read(_engine_segments(rows, kept), Reference(), run_config(run))
    return {row.index: keyed(segment.probabilities) for row, segment in zip(rows, segments, strict=True)}


def run_config(run: Run) -> Config:
    """The engine's configuration that the run was made with; settings it did not know have their defaults."""
    known = {each.name for each in fields(Config)}
    return Config(**{name: value for name, value in run.config.items() if name in known})


def _engine_segments(rows: Iterable[Segment], kept: Kept) -> list[EngineSegment]:
    """Stored segments as the engine knows them. What has no scores is read as it stands."""
    numbers: dict[str, dict[int, tuple[Any, Any]]] = {
        name: dict(zip(part["index"], zip(part["general"], part["scores"], strict=True), strict=True))
        for name, part in kept.items()
    }
    return [
        EngineSegment(
            row.start_s,
            row.end_s,
            _vector(row.probabilities),
            None if row.voice is None else _voice(row.index, row.voice, numbers.get("voice", {})),
            None if row.face is None else _face(row.index, row.face, numbers.get("face", {})),
            row.quality,
        )
        for row in rows
    ]


def _voice(index: int, judgement: dict[str, Any], numbers: dict[int, tuple[Any, Any]]) -> VoiceJudgement:
    general, scores = _numbers(index, judgement, numbers)
    return VoiceJudgement(general, general, scores, (), judgement["speech_share"], judgement["level_dbfs"])


def _face(index: int, judgement: dict[str, Any], numbers: dict[int, tuple[Any, Any]]) -> FaceJudgement:
    general, scores = _numbers(index, judgement, numbers)
    described = (judgement[name] for name in ("track", "frames", "face_share", "confidence"))
    return FaceJudgement(general, general, scores, *described)


def _numbers(
    index: int, judgement: dict[str, Any], numbers: dict[int, tuple[Any, Any]]
) -> tuple[np.ndarray, np.ndarray]:
    """General answer and scores of a judgement, shape (7,) each."""
    stored = _vector(judgement["probabilities"])
    general, scores = numbers.get(index, (stored, np.zeros(len(EMOTIONS))))
    return np.asarray(general), np.asarray(scores)


def _vector(probabilities: dict[str, float] | None) -> np.ndarray | None:
    return None if probabilities is None else np.array([probabilities[name] for name in EMOTIONS])


def _take_over(row: Segment, segment: EngineSegment) -> bool:
    """Puts the reading into the row if it is another one; whether it is."""
    if segment.probabilities is None or row.probabilities is None:
        return False
    if np.abs(segment.probabilities - _vector(row.probabilities)).max() < LEAST_CHANGE:
        return False
    row.probabilities, row.label = keyed(segment.probabilities), segment.label
    for name in MODALITIES:
        stored, judgement = getattr(row, name), getattr(segment, name)
        if stored is not None:
            setattr(row, name, {**stored, "probabilities": keyed(judgement.probabilities)})
    return True
