"""Bringing annotations in that somebody has looked at the preview of: all accepted rows or none."""

from django.db import transaction

from analysis.errors import Refused
from analysis.exchange.checking import annotations_preview
from analysis.exchange.preview import Preview
from analysis.models import LabelCorrection, Recording, Run, Stretch
from analysis.trends.marking import marks_count
from analysis.trends.sessions import summary_refresh
from students import audit
from students.locking import student_lock
from students.models import User


@transaction.atomic
def annotations_import(recording: Recording, data: bytes, *, by: User, digest: str) -> Preview:
    """Writes what the preview with this digest showed. The same file once more changes nothing.

    What a file does not name stays as it is. The session's numbers follow at once; no alert is raised or taken back.

    Args:
        digest: ``Preview.digest`` of what was shown.

    Raises:
        Refused: ``preview_outdated`` if the file would now do something else; else as ``annotations_preview``.
    """
    student = student_lock(recording.student_id)
    current = Recording.objects.filter(pk=recording.pk).first()
    if current is None:
        raise Refused("no_results")
    preview = annotations_preview(current, data)
    if preview.digest != digest:
        raise Refused("preview_outdated")
    changes, stretches = preview.changes, preview.stretches
    LabelCorrection.objects.bulk_create(
        LabelCorrection(segment_id=change.segment_id, label=change.label, by=by) for change in changes
    )
    for stretch in stretches:
        stretch.by = by
    Stretch.objects.bulk_create(stretches)
    if stretches:
        marks_count(student, current)
    elif changes:
        summary_refresh(Run.objects.get(pk=preview.run_id))
    if changes or stretches:
        audit.record(
            "annotations.import",
            actor=by,
            student=student,
            object_type="recording",
            object_ref=recording.pk,
            format=preview.file.format,
            corrections=len(changes),
            stretches=len(stretches),
        )
    return preview
