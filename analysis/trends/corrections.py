"""A person's correction of the label that a moment shows."""

from django.db import transaction

from analysis.emotions import EMOTIONS
from analysis.errors import Refused
from analysis.models import LabelCorrection, Segment
from analysis.models.segment import COMMENT_LENGTH
from analysis.stretches.rows import recording_marks
from analysis.trends.sessions import summary_refresh
from students import audit
from students.locking import student_lock
from students.models import User


@transaction.atomic
def label_correct(segment: Segment, *, by: User, label: str, comment: str = "") -> LabelCorrection:
    """Writes down what a segment really showed; it counts over the model's label, which stays as it is.

    The session's numbers follow at once. No alert is raised or taken back by it: the person who corrects has looked.

    Raises:
        Refused: the label is none of the seven, the segment is a gap that has no label to correct, it is marked as not
            the student's, or it has gone with its run.
    """
    if label not in EMOTIONS:
        raise Refused("unknown_label")
    if segment.label is None:
        raise Refused("no_results")
    student_lock(segment.run.recording.student_id)
    if not Segment.objects.filter(pk=segment.pk).exists():
        raise Refused("results_changed")
    if recording_marks(segment.run.recording_id).taken(segment.start_s, segment.end_s):
        raise Refused("not_the_students")
    correction = LabelCorrection.objects.create(
        segment=segment, label=label, comment=comment.strip()[:COMMENT_LENGTH], by=by
    )
    summary_refresh(segment.run)
    audit.record(
        "label.correct",
        actor=by,
        student=segment.run.recording.student_id,
        object_type="recording",
        object_ref=segment.run.recording_id,
        index=segment.index,
    )
    return correction
