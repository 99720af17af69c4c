"""A transcript from request to text, after the judgement: results come first.

It is a job of its own (``analysis.jobs``), claimed only while no analysis waits, so that nobody waits for results
because of it. Each recording has one transcript at most; it rests on the student's consent to it, and on nothing else.

Order of locks everywhere: the student's row, then runs, then transcripts.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from uuid import UUID

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from analysis import flow
from analysis.errors import Refused
from analysis.flow import RunStatus
from analysis.jobs import announcing, leases
from analysis.jobs.sweeping import taken_back
from analysis.models import Recording, Run, Transcript
from analysis.transcripts.content import sealed
from students import audit
from students.consent import purposes_covered
from students.locking import student_lock
from students.models import Purpose, Student, User

if TYPE_CHECKING:
    from ml.transcript.results import Transcription

TASK = "analysis.tasks.transcript_process"
QUEUE = "analysis"
METHOD = 1
"""Raised when the model or what is believed of it changes: older transcripts are then written anew on occasion."""


# --- request ----------------------------------------------------------------------------------------------------------


def may_be_written(recording: Recording) -> None:
    """Whether the recording may be transcribed at this moment.

    Raises:
        Refused: ``synthetic_recording``, ``no_transcript_consent``, ``no_sound``.
    """
    if recording.synthetic:
        raise Refused("synthetic_recording")
    if not {Purpose.RECORDING, Purpose.TRANSCRIPT} <= purposes_covered(recording.student):
        raise Refused("no_transcript_consent")
    if not recording.has_audio:
        raise Refused("no_sound")


@transaction.atomic
def transcript_request(recording: Recording, *, by: User | None) -> Transcript:
    """Queues the transcript, a failed or outdated one's successor included, and announces it on commit.

    Raises:
        Refused: those of ``may_be_written``; ``transcript_active``, ``transcript_exists``.
    """
    student = student_lock(recording.student_id)
    may_be_written(recording)
    existing = Transcript.objects.filter(recording=recording).first()
    if existing is not None:
        if existing.status in flow.UNFINISHED_RUN:
            raise Refused("transcript_active")
        if existing.status == RunStatus.SUCCEEDED and existing.method == METHOD:
            raise Refused("transcript_exists")
        existing.delete()
    transcript = Transcript.objects.create(recording=recording, requested_by=by, method=METHOD)
    audit.record("transcript.request", actor=by, student=student, object_type="recording", object_ref=recording.pk)
    transaction.on_commit(lambda: transcript_announce(transcript.pk))
    return transcript


def transcript_follow(recording: Recording) -> None:
    """After an analysis: asks for a transcript where the consent covers one and there is none yet."""
    try:
        transcript_request(recording, by=None)
    except Refused:
        return


def transcript_announce(transcript_id: UUID) -> bool:
    """Sends the message that wakes a worker; False when the broker is away (the sweep announces it later)."""
    return announcing.announce(TASK, transcript_id)


# --- claim and ends ---------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Lease(leases.Lease[Transcript]):
    """The right to write a transcript, as long as it is renewed."""


def runs_wait() -> bool:
    """Whether an analysis waits for a worker."""
    return Run.objects.filter(status=RunStatus.QUEUED, not_before__lte=timezone.now()).exists()


@transaction.atomic
def transcript_claim(transcript_id: UUID | str) -> Lease | None:
    """Takes a waiting transcript, or None: not there, not due, someone was faster, or an analysis waits.

    The consent is asked once more; without it the transcript is cancelled.
    """
    waiting = Transcript.objects.filter(pk=transcript_id, status=RunStatus.QUEUED, not_before__lte=timezone.now())
    transcript = waiting.select_related("recording__student").first()
    if transcript is None or runs_wait():
        return None
    student_lock(transcript.recording.student_id)
    try:
        may_be_written(transcript.recording)
    except Refused as refusal:
        to = RunStatus.CANCELLED if refusal.code == "no_transcript_consent" else RunStatus.FAILED
        _end(waiting, transcript, to, refusal.code)
        return None
    token = leases.claim(waiting, transcript)
    return Lease(transcript, token) if token else None


@transaction.atomic
def transcript_complete(lease: Lease, transcription: "Transcription") -> None:
    """Saves the text, all of it or nothing.

    Raises:
        LeaseLost: the transcript is no longer ours, or its cancellation was asked for; nothing was written.
    """
    transcript = lease.job
    student_lock(transcript.recording.student_id)
    leases.succeed(
        lease,
        language=transcription.language,
        language_probability=transcription.language_probability,
        speech_s=transcription.speech_s,
        left_out_s=transcription.left_out_s,
        model=transcription.model,
        timings={stage: round(seconds, 3) for stage, seconds in transcription.timings_s.items()},
        content=sealed(transcript, (sentence.as_dict() for sentence in transcription.sentences)),
    )
    _record(transcript, RunStatus.SUCCEEDED, attempt=transcript.attempt)


@transaction.atomic
def transcript_fail(lease: Lease, code: str, *, passing: bool) -> None:
    """Ends an attempt that went wrong; if the failure may pass, the transcript waits for another one."""
    if not (passing and leases.wait_again(lease, code)):
        _end(lease.held(), lease.job, RunStatus.FAILED, code)


@transaction.atomic
def transcript_stop(lease: Lease) -> None:
    """The worker has stopped because the cancellation was asked for."""
    _end(lease.held(), lease.job, RunStatus.CANCELLED, "")


@transaction.atomic
def transcript_cancel(recording: Recording, *, by: User | None) -> None:
    """Cancels a waiting transcript at once; a running one stops at its next step.

    Raises:
        Refused: ``transcript_finished``, there is nothing to cancel.
    """
    student_lock(recording.student_id)
    rows = Transcript.objects.filter(recording=recording, status__in=flow.UNFINISHED_RUN)
    transcript = rows.select_related("recording").first()
    if transcript is None:
        raise Refused("transcript_finished")
    audit.record(
        "transcript.cancel",
        actor=by,
        student=recording.student_id,
        object_type="recording",
        object_ref=recording.pk,
    )
    if not _end(rows.filter(status=RunStatus.QUEUED), transcript, RunStatus.CANCELLED, ""):
        rows.filter(status=RunStatus.RUNNING).update(cancel_requested=True)


def transcripts_remove(student: Student, *, by: User | None, reason: str) -> int:
    """Removes every transcript of the student, one under way included; for callers that hold the student's lock.

    Args:
        reason: ``withdrawn`` or ``expired``, for the audit trail.

    Returns:
        How many there were.
    """
    count = Transcript.objects.filter(recording__student=student).delete()[0]
    if count:
        audit.record("transcript.delete", actor=by, student=student, reason=reason, transcripts=count)
    return count


def _end(rows: QuerySet[Transcript], transcript: Transcript, to: RunStatus, code: str) -> bool:
    if not leases.end(rows, to, code):
        return False
    _record(transcript, to, code=code)
    return True


def _record(transcript: Transcript, status: RunStatus, **detail: Any) -> None:
    audit.record(
        f"transcript.{status.value}",
        student=transcript.recording.student_id,
        object_type="recording",
        object_ref=transcript.recording_id,
        **detail,
    )


# --- sweep ------------------------------------------------------------------------------------------------------------


def transcripts_sweep() -> dict[str, int]:
    """Repairs what killed workers and lost messages left behind, and announces what gave way to analyses.

    Returns:
        How many were queued again, failed for good, cancelled and announced again.
    """
    counts = {**taken_back(Transcript.objects.select_related("recording"), _end), "announced": 0}
    if not runs_wait():
        due = Transcript.objects.filter(status=RunStatus.QUEUED, not_before__lte=timezone.now()).order_by("created_at")
        waiting = announcing.messages_waiting(QUEUE)
        counts["announced"] = announcing.announce_again(
            list(due.values_list("pk", flat=True)), waiting, transcript_announce
        )
    return counts
