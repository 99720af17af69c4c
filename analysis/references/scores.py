"""Storing the scores of a run, sealed and under consent only, and opening them again."""

import logging
from typing import Any

from analysis.models import Run, RunScores
from analysis.references.sealing import SealBrokenError, seal, unseal
from ml.errors import RecognitionError
from ml.reference import MODALITIES, Reference
from ml.results import Recognition, keyed
from students.consent import comparison_covered

logger = logging.getLogger(__name__)

FORMAT = 1
"""Version of what is sealed."""

SegmentScores = dict[str, dict[str, Any]]
"""Per modality: "model" whose scores they are, "index" of the judged segments, and their "scores", seven each in the
order of ``EMOTIONS``."""


def scores_keep(run: Run, recognition: Recognition) -> None:
    """Keeps what the student's consent covers of a recognition's scores; nothing where it covers none."""
    covered = comparison_covered(run.recording.student)
    contribution = Reference(**{name: getattr(recognition.contribution, name) for name in covered})
    segments: SegmentScores = {}
    for name in MODALITIES:
        part = getattr(contribution, name)
        if part is None:
            continue
        judgements = [getattr(segment, name) for segment in recognition.segments]
        judged = [(number, judgement) for number, judgement in enumerate(judgements) if judgement is not None]
        segments[name] = {
            "model": part.model,
            "index": [number for number, _ in judged],
            "scores": [list((keyed(judgement.scores) or {}).values()) for _, judgement in judged],
        }
    if segments:
        RunScores.objects.create(
            run=run, contribution=_sealed(run, contribution.as_dict()), segments=_sealed(run, segments)
        )


def unsealed_contribution(scores: RunScores) -> Reference | None:
    """What a run adds to its student's reference; None, which is logged, where it cannot be opened any more."""
    try:
        return Reference.from_dict(_opened(scores, scores.contribution))
    except (SealBrokenError, RecognitionError):
        _log_broken(scores)
        return None


def unsealed_segment_scores(scores: RunScores) -> SegmentScores | None:
    """The scores of a run's segments; None, which is logged, where they cannot be opened any more."""
    try:
        segments: SegmentScores = _opened(scores, scores.segments)
    except SealBrokenError:
        _log_broken(scores)
        return None
    return segments


def _sealed(run: Run, values: dict[str, Any]) -> bytes:
    """Sealed for this run: in the row of another one it cannot be used."""
    return seal({"format": FORMAT, "run": str(run.pk), "values": values})


def _opened(scores: RunScores, sealed: bytes | memoryview) -> Any:
    """Raises SealBrokenError if it cannot be opened, belongs to another run, or has an unknown format."""
    opened = unseal(sealed)
    if not isinstance(opened, dict) or (opened.get("format"), opened.get("run")) != (FORMAT, str(scores.run_id)):
        raise SealBrokenError
    return opened.get("values")


def _log_broken(scores: RunScores) -> None:
    logger.error("the scores of run %s cannot be opened: is EMOREC_SEAL_KEYS complete?", scores.run_id)
