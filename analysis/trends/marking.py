"""A person says whose a stretch of a recording is, and takes that back."""

import math

from django.db import transaction

from analysis.errors import Refused
from analysis.models import Recording, Run, RunScores, Stretch, Who
from analysis.references.reading import sessions_reread
from analysis.trends.sessions import summaries_refresh, summary_refresh
from students import audit
from students.locking import student_lock
from students.models import Student, User

MOST_STRETCHES = 2000
"""Marks of one recording; enough to mark every other two seconds of two hours."""
ROUNDING_S = 0.5
"""So far after the end a mark may reach, as players and annotation programs round; it is cut at the end."""


@transaction.atomic
def stretch_mark(recording: Recording, *, by: User, start_s: float, end_s: float, who: str) -> Stretch:
    """Writes down whose a stretch is; where marks overlap, the newest counts.

    What is not the student's leaves the session's numbers and the student's reference at once. No alert is raised or
    taken back by it: the person who marks has looked.

    Args:
        start_s, end_s: seconds from the recording's start.
        who: one of ``Who``.

    Raises:
        Refused: ``unknown_person``, ``empty_stretch``, ``stretch_outside``, ``too_many_stretches``;
            ``no_results`` if the recording has gone.
    """
    student = student_lock(recording.student_id)
    if not Recording.objects.filter(pk=recording.pk).exists():
        raise Refused("no_results")
    stretch = stretch_checked(recording, start_s, end_s, who)
    if Stretch.objects.filter(recording=recording).count() >= MOST_STRETCHES:
        raise Refused("too_many_stretches")
    stretch.by = by
    stretch.save(force_insert=True)
    marks_count(student, recording)
    audit.record(
        "stretch.mark",
        actor=by,
        student=student,
        object_type="recording",
        object_ref=recording.pk,
        who=stretch.who,
        start_s=round(stretch.start_s, 1),
        end_s=round(stretch.end_s, 1),
    )
    return stretch


@transaction.atomic
def stretch_remove(stretch: Stretch, *, by: User) -> None:
    """Takes a mark back; what it covered is the student's again, unless an older mark says otherwise."""
    recording = stretch.recording
    student = student_lock(recording.student_id)
    removed, _ = Stretch.objects.filter(pk=stretch.pk).delete()
    if not removed:
        return
    marks_count(student, recording)
    audit.record(
        "stretch.remove",
        actor=by,
        student=student,
        object_type="recording",
        object_ref=recording.pk,
        who=stretch.who,
        start_s=round(stretch.start_s, 1),
        end_s=round(stretch.end_s, 1),
    )


def stretch_checked(recording: Recording, start_s: float, end_s: float, who: str) -> Stretch:
    """A mark as it may be stored, not stored yet; ends a little after the recording's are cut there.

    Raises:
        Refused: ``unknown_person``, ``empty_stretch``, ``stretch_outside``.
    """
    if who not in Who.values:
        raise Refused("unknown_person")
    if not (math.isfinite(start_s) and math.isfinite(end_s)) or start_s < 0:
        raise Refused("stretch_outside")
    length = recording.duration_s
    if length is not None:
        if start_s >= length or end_s > length + ROUNDING_S:
            raise Refused("stretch_outside")
        end_s = min(end_s, length)
    if end_s <= start_s:
        raise Refused("empty_stretch")
    return Stretch(recording=recording, start_s=start_s, end_s=end_s, who=who)


def marks_count(student: Student, recording: Recording) -> None:
    """Lets changed marks count: in the student's reference and in the kept sums; for holders of the student's lock."""
    run = Run.objects.filter(pk__in=Recording.objects.filter(pk=recording.pk).values("result_run")).first()
    if run is None:
        return
    if RunScores.objects.filter(run=run).exists() and sessions_reread(student):
        summaries_refresh(student)
    else:
        summary_refresh(run)
