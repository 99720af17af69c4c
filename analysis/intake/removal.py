"""Removing recordings and results: deleted on request, or because a consent ended or a student was erased.

The last two are what ``students`` announces; they are answered in the sender's transaction. The sender holds the lock
on the student's row, and a run is claimed, completed and requested under the same lock: a worker either finished
before, and what it wrote is removed here, or it finds its run gone and writes nothing.
"""

from collections.abc import Iterable
from typing import Any

from django.db import transaction
from django.dispatch import receiver

from analysis.alerts.raising import alerts_revise
from analysis.errors import Refused
from analysis.files import storage
from analysis.flow import UploadStatus
from analysis.intake import uploads
from analysis.models import Alert, Recording, Review, Run, Upload
from analysis.references.reading import sessions_reread
from analysis.runs import lifecycle
from analysis.transcripts.lifecycle import transcripts_remove
from students import audit
from students.locking import student_lock
from students.models import Purpose, Student, User
from students.signals import consent_ended, student_erased

# --- deletion ---------------------------------------------------------------------------------------------------------


@transaction.atomic
def recording_delete(recording: Recording, *, by: User | None, reason: str = "requested") -> None:
    """Deletes a recording with its runs, segments, speakers and alerts; the file goes on commit, the audit event stays.

    A run that is going loses its lease with its row: its worker stops and can write nothing more.

    Args:
        by: who asked; None when a withdrawal or erasure did.
        reason: ``requested``, ``withdrawn``, ``expired`` or ``erased``, for the audit trail.
    """
    student = student_lock(recording.student_id)
    recordings_remove(Recording.objects.filter(pk=recording.pk), by=by, reason=reason)
    sessions_reread(student)
    alerts_revise(student)


def recordings_remove(recordings: Iterable[Recording], *, by: User | None, reason: str) -> int:
    """Removes rows and, on commit, files; returns how many. For callers that hold the student's lock."""
    count = 0
    for recording in recordings:
        pk, file = recording.pk, recording.file
        audit.record(
            storage.REMOVED,
            actor=by,
            student=recording.student_id,
            object_type="recording",
            object_ref=pk,
            reason=reason,
            runs=Run.objects.filter(recording=recording).count(),
        )
        Upload.objects.filter(recording=recording).delete()
        recording.delete()
        transaction.on_commit(lambda pk=pk, file=file: storage.discard(pk, file))  # type: ignore[misc]
        count += 1
    return count


# --- withdrawal and erasure -------------------------------------------------------------------------------------------


@receiver(consent_ended)
def answer_consent_ended(*, student: Student, purpose: str, reason: str, by: User | None = None, **kwargs: Any) -> None:
    """Removes what rested on the consent: recordings with everything, the results of one modality, or transcripts."""
    match purpose:
        case Purpose.RECORDING:
            uploads.uploads_reject(student, "no_consent")
            Upload.objects.filter(student=student).exclude(status=UploadStatus.REJECTED).delete()
            recordings_remove(_recordings(student), by=by, reason=reason)
        case Purpose.VOICE:
            _remove_results(student, by=by, reason=reason, voice=True)
        case Purpose.FACE:
            _remove_results(student, by=by, reason=reason, face=True)
        case Purpose.TRANSCRIPT:
            transcripts_remove(student, by=by, reason=reason)
            return
        case _:
            return
    sessions_reread(student)
    alerts_revise(student)


@receiver(student_erased)
def answer_student_erased(*, student: Student, by: User | None = None, **kwargs: Any) -> None:
    """Removes every recording, result, alert, review and upload of the student."""
    uploads.uploads_reject(student, "no_consent")
    recordings_remove(_recordings(student), by=by, reason="erased")
    Upload.objects.filter(student=student).delete()
    Alert.objects.filter(student=student).delete()
    Review.objects.filter(student=student).delete()


def _recordings(student: Student) -> list[Recording]:
    return list(Recording.objects.filter(student=student))


def _remove_results(student: Student, *, by: User | None, reason: str, **modality: bool) -> None:
    """Removes every run that used the modality, a running one included, and asks for one without it instead.

    What a person said of the other modality stays: a face chosen stays chosen when the voice goes, and the other way
    round.
    """
    gone, left = ("speaker", "track") if "voice" in modality else ("track", "speaker")
    for recording in _recordings(student):
        newest = Run.objects.filter(recording=recording).order_by("-number").first()
        used = Run.objects.filter(recording=recording, **modality)
        numbers = list(used.values_list("number", flat=True))
        if numbers:
            used.delete()
            audit.record(
                "results.delete",
                actor=by,
                student=student,
                object_type="recording",
                object_ref=recording.pk,
                reason=reason,
                modality=next(iter(modality)),
                runs=len(numbers),
            )
        Run.objects.filter(recording=recording).update(**{gone: None})
        chosen = {gone: None, left: getattr(newest, left, None)}
        _analyse_what_is_left(recording, chosen, again=bool(numbers))


def _analyse_what_is_left(recording: Recording, chosen: dict[str, int | None], *, again: bool) -> None:
    """Shows the newest run that remains; queues a new one if results were removed and something may be analysed."""
    lifecycle.run_pointers_set(recording)
    try:
        lifecycle.modalities(recording)
        if again:
            lifecycle.run_request(recording, by=None, **chosen)
    except Refused as refusal:
        if refusal.code == "no_consent":
            lifecycle.run_withdraw(recording)
