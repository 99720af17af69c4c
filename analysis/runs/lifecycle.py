"""An analysis from request to result: claim, lease, heartbeat, retry, cancel, sweep.

The row is the truth; the broker only carries messages that wake a worker (``analysis.jobs`` holds what this has in
common with other work). A claim is one conditional UPDATE, so a run is claimed once; the sweep announces runs again
whose message was lost.

Order of locks everywhere: the student's row, then runs.
"""

from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID

from django.db import IntegrityError, transaction
from django.db.models import QuerySet
from django.utils import timezone

from analysis import flow
from analysis.alerts.raising import alerts_raise
from analysis.errors import Refused
from analysis.flow import RunStatus
from analysis.jobs import announcing, leases
from analysis.jobs.leases import Beat
from analysis.jobs.sweeping import taken_back
from analysis.models import FaceThumbnail, Recording, Run, Segment
from analysis.references.reading import sessions_reread
from analysis.references.scores import scores_keep
from analysis.speakers.rows import speakers_keep
from analysis.transcripts.lifecycle import transcript_follow
from students import audit
from students.consent import enough_to_analyse, purposes_covered
from students.locking import student_lock
from students.models import Purpose, User

if TYPE_CHECKING:
    from ml.results import Recognition
    from ml.results import Segment as EngineSegment

TASK = "analysis.tasks.run_process"
QUEUE = "analysis"
SEGMENTS_PER_INSERT = 500


# --- request ----------------------------------------------------------------------------------------------------------


def modalities(recording: Recording) -> tuple[bool, bool]:
    """Whether the voice and the face may be analysed: consented to, and present in the recording.

    Raises:
        Refused: ``no_consent``, ``nothing_to_analyse``.
    """
    covered = purposes_covered(recording.student)
    if not enough_to_analyse(covered):
        raise Refused("no_consent")
    voice = Purpose.VOICE in covered and recording.has_audio
    face = Purpose.FACE in covered and recording.has_video
    if not (voice or face):
        raise Refused("nothing_to_analyse")
    return voice, face


class Kept(Enum):
    """A person's choice stays what it was at the newest run."""

    KEPT = "kept"


KEPT: Final = Kept.KEPT


@transaction.atomic
def run_request(
    recording: Recording, *, by: User | None, track: int | Kept | None = KEPT, speaker: int | Kept | None = KEPT
) -> Run:
    """Queues an analysis of the recording, its first or a repetition, and announces it to the workers on commit.

    Args:
        by: who asked; None when the system did.
        track: number of the face track to follow; None takes the one tracked longest.
        speaker: number of the voice that is the student's; None lets the evidence decide.

    Raises:
        Refused: ``run_active``, ``no_consent``, ``synthetic_recording``.
    """
    student = student_lock(recording.student_id)
    if recording.synthetic:
        raise Refused("synthetic_recording")
    if not enough_to_analyse(purposes_covered(student)):
        raise Refused("no_consent")
    newest = Run.objects.filter(recording=recording).order_by("-number").first()
    chosen = {
        name: getattr(newest, name, None) if choice is KEPT else choice
        for name, choice in (("track", track), ("speaker", speaker))
    }
    number = newest.number + 1 if newest else 1
    try:
        with transaction.atomic():
            run = Run.objects.create(recording=recording, number=number, requested_by=by, **chosen)
    except IntegrityError:
        raise Refused("run_active") from None
    run_pointers_set(recording)
    audit.record(
        "run.request", actor=by, student=student, object_type="run", object_ref=run.pk, number=number, **chosen
    )
    transaction.on_commit(lambda: run_announce(run.pk))
    return run


def run_announce(run_id: UUID) -> bool:
    """Sends the message that wakes a worker; False when the broker is away (the sweep announces the run later)."""
    return announcing.announce(TASK, run_id)


def run_pointers_set(recording: Recording) -> None:
    """THE writer of a recording's run pointers: its newest run, and the newest one that succeeded, whose results count.

    For holders of the student's lock, whenever a run was created, has succeeded or was deleted.
    """
    newest_first = Run.objects.filter(recording=recording).order_by("-number")
    recording.current_run = newest_first.first()
    recording.result_run = newest_first.filter(status=RunStatus.SUCCEEDED).first()
    recording.save(update_fields=["current_run", "result_run"])


# --- claim and lease --------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Lease(leases.Lease[Run]):
    """The right to work on a run and to write to it, as long as it is renewed."""

    @property
    def run(self) -> Run:
        """The run it is for."""
        return self.job


@transaction.atomic
def run_claim(run_id: UUID | str) -> Lease | None:
    """Takes a waiting run, or None if it does not exist, is not waiting, is not due yet, or someone else was faster.

    What is analysed is decided here, from the consents at this moment, under the student's lock. Without consent the
    run is cancelled, without anything to analyse it fails.
    """
    waiting = Run.objects.filter(pk=run_id, status=RunStatus.QUEUED, not_before__lte=timezone.now())
    run = waiting.select_related("recording__student").first()
    if run is None:
        return None
    student_lock(run.recording.student_id)
    try:
        voice, face = modalities(run.recording)
    except Refused as refusal:
        to = RunStatus.CANCELLED if refusal.code == "no_consent" else RunStatus.FAILED
        _end(waiting, run, to, refusal.code)
        return None
    token = leases.claim(waiting, run, voice=voice, face=face)
    return Lease(run, token) if token else None


def run_heartbeat(lease: Lease, *, stage: str, percent: float) -> Beat:
    """Renews the lease and saves the progress, if the lease is still valid; says whether to stop.

    Args:
        percent: over all stages, 0-100.
    """
    return leases.renew(lease, stage=stage, percent=percent)


# --- ends -------------------------------------------------------------------------------------------------------------


@transaction.atomic
def run_complete(lease: Lease, recognition: "Recognition") -> None:
    """Saves a result, all of it or nothing: segments, speakers, thumbnails, summary; alerts and a transcript follow.

    Raises:
        LeaseLost: the run is no longer ours, or its cancellation was asked for; nothing was written.
    """
    student = student_lock(lease.run.recording.student_id)
    leases.succeed(
        lease,
        config=recognition.config,
        model=recognition.model,
        timings=recognition.rounded_timings(),
        quality=recognition.summary.get("quality", {}),
        summary={**recognition.summary, "several": lease.run.voice and recognition.speakers.several},
        reference=recognition.reference,
        conversation=recognition.conversation,
    )
    run_pointers_set(lease.run.recording)
    Segment.objects.bulk_create(
        (_row(lease.run, index, segment) for index, segment in enumerate(recognition.segments)),
        batch_size=SEGMENTS_PER_INSERT,
    )
    if lease.run.face:
        FaceThumbnail.objects.bulk_create(
            FaceThumbnail(
                run=lease.run,
                track=each.track,
                time_s=each.time_s,
                start_s=each.start_s,
                end_s=each.end_s,
                jpeg=each.jpeg,
            )
            for each in recognition.thumbnails
        )
    speakers_keep(lease.run, recognition.speakers)
    _record(lease.run, RunStatus.SUCCEEDED, attempt=lease.run.attempt, segments=len(recognition.segments))
    run = Run.objects.select_related("recording__student").get(pk=lease.run.pk)
    scores_keep(run, recognition)
    sessions_reread(student, newest=run)
    alerts_raise(student)
    transcript_follow(run.recording)


def _row(run: Run, index: int, segment: "EngineSegment") -> Segment:
    """A segment as stored unencrypted: without the scores, which tell people apart, and what only they need.

    ``analysis.references`` keeps those, sealed and under consent.
    """
    values = segment.as_dict()
    for name in ("voice", "face"):
        if values[name] is not None:
            values[name] = {key: value for key, value in values[name].items() if key not in _BIOMETRIC}
    return Segment(run=run, index=index, **values)


_BIOMETRIC = frozenset({"scores", "general"})


@transaction.atomic
def run_fail(lease: Lease, code: str, *, passing: bool) -> None:
    """Ends an attempt that went wrong.

    Args:
        code: why, as in ``analysis.errors``.
        passing: another attempt may succeed: the run waits again, longer each time, until its attempts are used up.
            An expected failure (a damaged file, say) is final at once.
    """
    if not (passing and leases.wait_again(lease, code)):
        _end(lease.held(), lease.run, RunStatus.FAILED, code)


@transaction.atomic
def run_stop(lease: Lease) -> None:
    """The worker has stopped because the cancellation was asked for."""
    _end(lease.held(), lease.run, RunStatus.CANCELLED, "")


@transaction.atomic
def run_cancel(recording: Recording, *, by: User | None) -> None:
    """Cancels the waiting analysis at once; a running one stops at its next step.

    Raises:
        Refused: ``run_finished``, there is nothing to cancel.
    """
    student_lock(recording.student_id)
    run = Run.objects.filter(recording=recording, status__in=flow.UNFINISHED_RUN).first()
    if run is None:
        raise Refused("run_finished")
    audit.record("run.cancel", actor=by, student=recording.student_id, object_type="run", object_ref=run.pk)
    if not _end(Run.objects.filter(pk=run.pk, status=RunStatus.QUEUED), run, RunStatus.CANCELLED, ""):
        Run.objects.filter(pk=run.pk, status=RunStatus.RUNNING).update(cancel_requested=True)


def run_withdraw(recording: Recording) -> bool:
    """Cancels the waiting analysis of a recording whose consent has ended; for callers that hold the student's lock."""
    waiting = Run.objects.filter(recording=recording, status=RunStatus.QUEUED)
    run = waiting.select_related("recording").first()
    return run is not None and _end(waiting, run, RunStatus.CANCELLED, "no_consent")


def _end(rows: QuerySet[Run], run: Run, to: RunStatus, code: str) -> bool:
    """Moves a run to an end other than success; False if no row could be moved."""
    if not leases.end(rows, to, code):
        return False
    _record(run, to, code=code)
    return True


def _record(run: Run, status: RunStatus, **detail: Any) -> None:
    audit.record(
        f"run.{status.value}",
        student=run.recording.student_id,
        object_type="run",
        object_ref=run.pk,
        **detail,
    )


# --- sweep ------------------------------------------------------------------------------------------------------------


def runs_sweep() -> dict[str, int]:
    """Repairs what killed workers, lost connections and lost messages left behind; may run at any time, twice at once.

    Returns:
        How many runs were queued again, failed for good, cancelled and announced again.
    """
    return {**taken_back(Run.objects.select_related("recording"), _end), "announced": _announce_again()}


def _announce_again() -> int:
    """Announces every due run anew if its message may have been lost; returns how many."""
    due = (
        Run.objects.filter(status=RunStatus.QUEUED, not_before__lte=timezone.now())
        .order_by("created_at")
        .values_list("pk", flat=True)
    )
    return announcing.announce_again(list(due), messages_waiting(), run_announce)


def messages_waiting() -> int:
    """How many messages about runs wait at the broker; 0 when it is away."""
    return announcing.messages_waiting(QUEUE)
