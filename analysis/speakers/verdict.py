"""Whether it is known whose voice was judged, for one run and for lists of recordings.

``Run.summary`` says "several": whether it is sure that more than one person speaks (``ml.turns.SpeakerTurns``).
"""

from collections.abc import Sequence
from enum import StrEnum

from django.db.models import Exists, ExpressionWrapper, OuterRef, Q
from django.db.models.fields import BooleanField

from analysis.flow import UNFINISHED_RUN
from analysis.models import Run, Speaker


class Verdict(StrEnum):
    """What is known of whose voice a run judged.

    NONE: nobody was told apart. ONE: a single voice, judged as the student's. UNSURE: perhaps several people; all
    speech was judged. UNDECIDED: several people, and nothing tells which is the student; no voice was judged.
    DECIDED: one of several voices was judged as the student's.
    """

    NONE = "none"
    ONE = "one"
    UNSURE = "unsure"
    UNDECIDED = "undecided"
    DECIDED = "decided"


def verdict(run: Run, speakers: Sequence[Speaker]) -> Verdict:
    """What is known of whose voice the run judged, from its speakers."""
    if not speakers:
        return Verdict.NONE
    several = run.summary.get("several") is True
    if any(speaker.student for speaker in speakers) and (several or run.speaker is not None):
        return Verdict.DECIDED if len(speakers) > 1 else Verdict.ONE
    if several:
        return Verdict.UNDECIDED
    return Verdict.UNSURE if len(speakers) > 1 else Verdict.ONE


def undecided() -> ExpressionWrapper:
    """Condition on recordings: somebody must say whose voice is the student's, and no analysis is under way.

    It may annotate and filter.
    """
    student = Speaker.objects.filter(run=OuterRef("result_run"), student=True)
    heard = Q(result_run__summary__several=True, result_run__voice=True)
    waiting = Q(current_run__status__in=UNFINISHED_RUN)
    return ExpressionWrapper(heard & ~Exists(student) & ~waiting, BooleanField())
