"""What a student's recordings say of them, from what each left behind: sealed, and under consent only."""

import logging
from typing import Any
from uuid import UUID

from analysis.models import Recording, RunScores
from analysis.references.engine_segments import engine_segments
from analysis.references.scores import unsealed_contribution, unsealed_segment_scores
from analysis.stretches.rows import marks_by_run
from analysis.stretches.rule import Marks
from ml.config import Config
from ml.reading import score_versions
from ml.reference import MODALITIES, Reference
from ml.summary import contribution
from students.consent import comparison_covered
from students.models import Student

logger = logging.getLogger(__name__)


def contributions(student: Student) -> dict[UUID, Reference]:
    """What each of the student's recordings adds to their reference, by the run that counts for it.

    Only what the consent covers at this moment, and without the segments that are not the student's: where a person has
    marked some, the sums are made anew from the scores of the others. What cannot be opened is logged and left out.
    """
    covered = comparison_covered(student)
    current = Recording.objects.filter(student=student, result_run__isnull=False).values("result_run")
    rows = list(RunScores.objects.filter(run__in=current).select_related("run").defer("segments"))
    marks = marks_by_run(scores.run_id for scores in rows)
    by_run = {}
    for scores in rows:
        has_marks = bool(marks[scores.run_id].pieces)
        added = _without_others(scores, marks[scores.run_id]) if has_marks else unsealed_contribution(scores)
        if added is not None:
            by_run[scores.run_id] = Reference(**{name: getattr(added, name) for name in MODALITIES if name in covered})
    return by_run


def _without_others(scores: RunScores, marks: Marks) -> Reference | None:
    """The sums of a run's segments that are the student's; None, which is logged, where they cannot be made."""
    segment_scores = unsealed_segment_scores(scores)
    if segment_scores is None:
        return None
    rows = [row for row in scores.run.segments.all() if not marks.taken(row.start_s, row.end_s)]
    try:
        versions = {name: str(part["model"]) for name, part in segment_scores.items()}
        return contribution(engine_segments(rows, segment_scores), versions)
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        logger.error("the scores of run %s cannot be added up (%s)", scores.run_id, type(error).__name__)
        return None


def student_reference(student: Student) -> dict[str, Any]:
    """What all sessions of the student add up to by the weights in use, as ``ml.reference.Reference.as_dict``."""
    versions = score_versions(Config())
    return Reference.gathered(each.of_versions(versions) for each in contributions(student).values()).as_dict()
