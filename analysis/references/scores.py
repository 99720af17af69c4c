"""Keeping the scores of a run, and what a student's other recordings say: sealed, and under consent only."""

import logging
from typing import Any
from uuid import UUID

from analysis.models import Recording, Run, RunScores
from analysis.references.sealing import SealBrokenError, seal, unseal
from ml.config import Config
from ml.emotions import EMOTIONS
from ml.errors import RecognitionError
from ml.reading import score_versions
from ml.reference import MODALITIES, Reference
from students.consent import comparison_covered
from students.models import Student

logger = logging.getLogger(__name__)

Kept = dict[str, dict[str, Any]]
"""Per modality: "model" whose scores they are, "index" of the judged segments, their "general" answers and "scores",
seven numbers each."""


def scores_keep(run: Run, result: dict[str, Any]) -> None:
    """Keeps what the student's consent covers of a result's scores; nothing where it covers none.

    Args:
        result: as ``ml.results.Recognition.as_dict`` gives it.
    """
    covered = comparison_covered(run.recording.student)
    contribution = {
        name: evidence if name in covered else None
        for name in MODALITIES
        if (evidence := result["contribution"].get(name)) is not None
    }
    if not any(contribution.values()):
        return
    segments: Kept = {}
    for name, evidence in contribution.items():
        if evidence is not None:
            judged = [(number, each[name]) for number, each in enumerate(result["segments"]) if each[name] is not None]
            segments[name] = {
                "model": evidence["model"],
                "index": [number for number, _ in judged],
                "general": [_row(judgement["general"]) for _, judgement in judged],
                "scores": [_row(judgement["scores"]) for _, judgement in judged],
            }
    parts = {name: contribution.get(name) for name in MODALITIES}
    RunScores.objects.create(
        run=run,
        contribution=seal({"format": result["contribution"]["format"], **parts}),
        segments=seal(segments),
    )


def _row(values: dict[str, float]) -> list[float]:
    return [values[name] for name in EMOTIONS]


def contributions(student: Student) -> dict[UUID, Reference]:
    """What each of the student's recordings adds to their reference, by the run that counts for it."""
    current = Recording.objects.filter(student=student, result_run__isnull=False).values("result_run")
    found = {}
    for scores in RunScores.objects.filter(run__in=current).defer("segments"):
        try:
            found[scores.run_id] = Reference.from_dict(unseal(scores.contribution))
        except (SealBrokenError, RecognitionError):
            _log_broken(scores)
    return found


def kept_segments(scores: RunScores) -> Kept | None:
    """The scores of a run's segments; None where they cannot be opened any more."""
    try:
        kept: Kept = unseal(scores.segments)
    except SealBrokenError:
        _log_broken(scores)
        return None
    return kept


def _log_broken(scores: RunScores) -> None:
    logger.error("the scores of run %s cannot be opened: is EMOREC_SEAL_KEYS complete?", scores.run_id)


def student_reference(student: Student) -> dict[str, Any]:
    """What all sessions of the student add up to by the weights in use, as ``ml.reference.Reference.as_dict``."""
    versions = score_versions(Config())
    return Reference.gathered(each.of_versions(versions) for each in contributions(student).values()).as_dict()
