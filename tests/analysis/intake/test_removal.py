"""What was agreed to can be taken back, and what rested on it goes; that it happened stays."""

from datetime import timedelta

import pytest
from django.utils import timezone

from analysis.files import storage
from analysis.flow import RunStatus, UploadStatus
from analysis.intake import uploads
from analysis.intake.removal import recording_delete
from analysis.jobs.leases import LeaseLost
from analysis.models import Alert, Recording, Review, Run, Segment, Speaker, Turn, Upload
from analysis.runs import lifecycle
from ml.results import Recognition
from students import signals
from students.consent import consent_withdraw
from students.erasure import student_erase
from students.models import AuditEvent, Consent, Purpose, Student
from tests.factories import (
    AlertFactory,
    RecordingFactory,
    RunFactory,
    SegmentFactory,
    UploadFactory,
    consented,
    voices,
)

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("media")]

END = Recognition(duration_s=8.0, model={}, segments=(), summary={}, timings_s={})


def withdraw(student: Student, purpose: str, by) -> None:
    consent_withdraw(Consent.objects.get(student=student, purpose=purpose, ended_at=None), by=by)


def stored(student: Student) -> Recording:
    recording = RecordingFactory(student=student)
    recording.file = storage.original_name(recording.pk)
    recording.save()
    path = storage.original_path(recording)
    path.parent.mkdir(parents=True)
    path.write_bytes(b"a recording")
    return recording


@pytest.fixture
def committed(django_capture_on_commit_callbacks):
    """``with committed():`` is a transaction that is committed at its end."""
    return lambda: django_capture_on_commit_callbacks(execute=True)


def test_withdrawing_recording_removes_recordings_files_and_results(people, committed):
    recording = stored(people.student)
    SegmentFactory(run=RunFactory(recording=recording))
    path = storage.original_path(recording)
    with committed():
        withdraw(people.student, Purpose.RECORDING, people.admin)
        assert path.exists(), "a rollback must still find the file"
    assert not path.exists()
    assert not (Recording.objects.exists() or Run.objects.exists() or Segment.objects.exists())
    event = AuditEvent.objects.get(action="recording.delete")
    assert (event.object_ref, event.student_ref, event.detail["reason"]) == (
        recording.pk,
        people.student.pk,
        "withdrawn",
    )


def test_the_recordings_of_others_stay(people, committed):
    other = stored(consented())
    with committed():
        withdraw(people.student, Purpose.RECORDING, people.admin)
    assert storage.original_path(other).exists()


def test_a_file_that_could_not_be_removed_is_removed_by_the_sweep(people, committed, monkeypatch):
    recording = stored(people.student)
    monkeypatch.setattr(storage, "discard", lambda pk, file: False)
    with committed():
        withdraw(people.student, Purpose.RECORDING, people.admin)
    assert storage.original_path(recording).exists()
    uploads.uploads_purge()
    assert not storage.original_path(recording).exists()


def test_withdrawing_the_voice_removes_what_used_it_and_keeps_the_rest(people, committed):
    recording = stored(people.student)
    both = RunFactory(recording=recording, number=1, voice=True, face=True)
    SegmentFactory(run=both)
    face_only = RunFactory(recording=recording, number=2, voice=False, face=True)
    kept = SegmentFactory(run=face_only, voice=None)
    with committed():
        withdraw(people.student, Purpose.VOICE, people.admin)
    assert not Run.objects.filter(pk=both.pk).exists()
    assert list(Segment.objects.all()) == [kept]
    assert storage.original_path(recording).exists()
    new = Run.objects.get(recording=recording, status=RunStatus.QUEUED)
    recording.refresh_from_db()
    assert recording.current_run == new
    lease = lifecycle.run_claim(new.pk)
    assert (lease.run.voice, lease.run.face) == (False, True)


def test_withdrawing_the_last_modality_leaves_no_result_and_asks_for_no_run(people, committed):
    recording = stored(people.student)
    run = RunFactory(recording=recording)
    SegmentFactory(run=run)
    with committed():
        withdraw(people.student, Purpose.VOICE, people.admin)
        withdraw(people.student, Purpose.FACE, people.admin)
    assert not Segment.objects.exists()
    assert set(Run.objects.values_list("status", "error_code")) <= {(RunStatus.CANCELLED, "no_consent")}


def test_a_worker_that_ends_after_the_withdrawal_can_write_nothing(people, committed):
    recording = stored(people.student)
    run = RunFactory(recording=recording, status=RunStatus.QUEUED, attempt=0)
    lease = lifecycle.run_claim(run.pk)
    with committed():
        withdraw(people.student, Purpose.FACE, people.admin)
    with pytest.raises(LeaseLost):
        lifecycle.run_complete(lease, END)
    assert not Run.objects.filter(status=RunStatus.SUCCEEDED).exists()


def test_a_run_without_the_withdrawn_modality_goes_on(people, committed):
    recording = stored(people.student)
    recording.has_audio = False
    recording.save()
    lease = lifecycle.run_claim(RunFactory(recording=recording, status=RunStatus.QUEUED, attempt=0).pk)
    with committed():
        withdraw(people.student, Purpose.VOICE, people.admin)
    assert lease.held().exists()


def test_withdrawing_research_use_changes_no_result(people, committed):
    segment = SegmentFactory(run=RunFactory(recording=stored(people.student)))
    with committed():
        withdraw(people.student, Purpose.RESEARCH, people.admin)
    assert list(Segment.objects.all()) == [segment]


def test_an_upload_under_way_ends_with_the_consent(people, committed):
    upload = UploadFactory(student=people.student)
    with storage.open_part(upload.pk) as part:
        storage.write_all(part, b"half a recording")
    with committed():
        withdraw(people.student, Purpose.RECORDING, people.admin)
    upload.refresh_from_db()
    assert (upload.status, upload.error_code) == (UploadStatus.REJECTED, "no_consent")
    assert not storage.part_path(upload.pk).exists()


def test_if_the_withdrawal_fails_nothing_happened(people, committed):
    recording = stored(people.student)

    def fails(**kwargs) -> None:
        raise RuntimeError

    signals.consent_ended.connect(fails)
    try:
        with pytest.raises(RuntimeError):
            withdraw(people.student, Purpose.RECORDING, people.admin)
    finally:
        signals.consent_ended.disconnect(fails)
    assert Recording.objects.filter(pk=recording.pk).exists()
    assert storage.original_path(recording).exists()
    assert not AuditEvent.objects.filter(action="recording.delete").exists()


def test_erasing_a_student_leaves_no_bytes_no_results_and_no_uploads(people, committed):
    recording = stored(people.student)
    SegmentFactory(run=RunFactory(recording=recording))
    AlertFactory(crossing=recording)
    upload = UploadFactory(student=people.student)
    with storage.open_part(upload.pk) as part:
        storage.write_all(part, b"half a recording")
    with committed():
        student_erase(people.student, by=people.admin, confirmation=people.student.number)
    for model in (Recording, Run, Segment, Alert, Review, Upload):
        assert not model.objects.exists(), model
    assert not [path for path in storage.part_path(upload.pk).parent.parent.rglob("*") if path.is_file()]
    assert AuditEvent.objects.filter(action="recording.delete", object_ref=recording.pk).exists()


def test_an_expired_consent_has_the_same_effect(people, committed):
    from students.consent import consents_expire

    recording = stored(people.student)
    Consent.objects.filter(student=people.student, purpose=Purpose.RECORDING).update(
        expires_on=timezone.localdate() - timedelta(days=1)
    )
    with committed():
        consents_expire()
    assert not Recording.objects.filter(pk=recording.pk).exists()
    assert not storage.original_path(recording).exists()


# --- who speaks when


def test_withdrawing_the_voice_removes_speakers_and_the_chosen_one_and_keeps_the_chosen_face(people, committed):
    recording = stored(people.student)
    voices(RunFactory(recording=recording, number=1, voice=True, face=True, track=3, speaker=2), student=2)
    with committed():
        withdraw(people.student, Purpose.VOICE, people.admin)
    assert not (Speaker.objects.exists() or Turn.objects.exists())
    new = Run.objects.get(recording=recording)
    assert (new.status, new.track, new.speaker) == (RunStatus.QUEUED, 3, None)


def test_withdrawing_the_face_keeps_the_chosen_voice(people, committed):
    recording = stored(people.student)
    voices(RunFactory(recording=recording, number=1, voice=True, face=True, track=3, speaker=2), student=2)
    with committed():
        withdraw(people.student, Purpose.FACE, people.admin)
    new = Run.objects.get(recording=recording)
    assert (new.track, new.speaker) == (None, 2)


def test_a_run_that_waits_forgets_the_voice_that_was_chosen_for_it(people, committed):
    recording = stored(people.student)
    waiting = RunFactory(
        recording=recording, status=RunStatus.QUEUED, attempt=0, voice=False, face=False, track=3, speaker=2
    )
    with committed():
        withdraw(people.student, Purpose.VOICE, people.admin)
    waiting.refresh_from_db()
    assert (waiting.track, waiting.speaker) == (3, None)


def test_speakers_go_with_the_recording_and_with_the_student(people, committed):
    for recording in (stored(people.student), stored(people.student)):
        voices(RunFactory(recording=recording))
    with committed():
        recording_delete(Recording.objects.first(), by=people.staff)
    assert (Speaker.objects.count(), Turn.objects.count()) == (2, 2)
    with committed():
        student_erase(people.student, by=people.admin, confirmation=people.student.number)
    assert not (Speaker.objects.exists() or Turn.objects.exists())
