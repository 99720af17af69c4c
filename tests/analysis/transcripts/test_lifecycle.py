"""A transcript from request to text: after the analysis, once, under consent, and gone with it."""

from datetime import timedelta
from uuid import uuid4

import pytest
from django.core.management import call_command
from django.utils import timezone

from analysis.errors import Refused
from analysis.flow import RunStatus
from analysis.intake import removal
from analysis.jobs import announcing
from analysis.jobs.leases import Beat, LeaseLost, renew
from analysis.models import Recording, Run, Transcript
from analysis.runs import lifecycle as runs
from analysis.transcripts import lifecycle
from analysis.transcripts.content import sentences_of
from ml.results import Recognition
from ml.transcript.results import Sentence, Transcription, Word
from students.consent import consent_grant, consent_withdraw, purposes_covered
from students.erasure import student_erase
from students.models import AuditEvent, Consent, Purpose, Student
from tests.factories import (
    ConsentFactory,
    RecordingFactory,
    RunFactory,
    SegmentFactory,
    StudentFactory,
    TranscriptFactory,
    consented,
)

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("media")]

SECRET = "Nobody else may read this sentence."
SAID = Transcription(
    "en", 0.97, (Sentence((Word(" Nobody", 1.0, 1.4, 0.9), Word(f" {SECRET[7:]}", 1.4, 3.0, 0.4))),), 2.0, 0.5, {"v": 1}
)


@pytest.fixture(autouse=True)
def announced(monkeypatch) -> list:
    """Ids announced to the workers; no broker."""
    ids: list = []
    monkeypatch.setattr(lifecycle, "transcript_announce", lambda each: ids.append(each) or True)
    monkeypatch.setattr(runs, "run_announce", lambda each: True)
    monkeypatch.setattr(announcing, "messages_waiting", lambda queue: 0)
    return ids


def refused(code: str):
    return pytest.raises(Refused, match=f"^{code}$")


def waiting(**fields) -> Transcript:
    return TranscriptFactory(status=RunStatus.QUEUED, attempt=0, percent=0, started_at=None, finished_at=None, **fields)


def claimed(**fields) -> lifecycle.Lease:
    lease = lifecycle.transcript_claim(waiting(**fields).pk)
    assert lease is not None
    return lease


def withdraw(student: Student, purpose: str, by) -> None:
    consent_withdraw(Consent.objects.get(student=student, purpose=purpose, ended_at=None), by=by)


# --- request


def test_a_consent_to_everything_else_covers_no_transcript():
    student = consented(*(purpose for purpose in Purpose.values if purpose != Purpose.TRANSCRIPT))
    with refused("no_transcript_consent"):
        lifecycle.transcript_request(RecordingFactory(student=student), by=None)
    only_this = consented(Purpose.TRANSCRIPT)
    with refused("no_transcript_consent"):
        lifecycle.transcript_request(RecordingFactory(student=only_this), by=None)


@pytest.mark.parametrize(
    ("fields", "code"), [({"synthetic": True}, "synthetic_recording"), ({"has_audio": False}, "no_sound")]
)
def test_nothing_can_be_written_down_without_sound(fields, code):
    with refused(code):
        lifecycle.transcript_request(RecordingFactory(**fields), by=None)


def test_a_request_is_announced_when_it_is_committed(announced, django_capture_on_commit_callbacks, people):
    recording = RecordingFactory(student=people.student)
    with django_capture_on_commit_callbacks(execute=True):
        transcript = lifecycle.transcript_request(recording, by=people.owner)
        assert announced == []
    assert announced == [transcript.pk]
    event = AuditEvent.objects.get(action="transcript.request")
    assert (event.actor, event.object_ref) == (people.owner, recording.pk)


def test_a_recording_has_one_transcript_which_is_not_written_twice():
    recording = waiting().recording
    with refused("transcript_active"):
        lifecycle.transcript_request(recording, by=None)
    Transcript.objects.update(status=RunStatus.SUCCEEDED)
    with refused("transcript_exists"):
        lifecycle.transcript_request(recording, by=None)
    assert Transcript.objects.count() == 1


@pytest.mark.parametrize(
    "before", [{"status": RunStatus.FAILED}, {"status": RunStatus.CANCELLED}, {"method": lifecycle.METHOD - 1}]
)
def test_one_that_failed_or_is_outdated_gives_way_to_a_new_one(before):
    old = TranscriptFactory(**before)
    new = lifecycle.transcript_request(old.recording, by=None)
    assert list(Transcript.objects.all()) == [new]
    assert (new.status, new.attempt) == (RunStatus.QUEUED, 0)


# --- after the analysis


def completed(recording: Recording) -> Run:
    run = runs.run_request(recording, by=None)
    lease = runs.run_claim(run.pk)
    runs.run_complete(lease, Recognition(duration_s=8.0, model={}, segments=(), summary={}, timings_s={}))
    return run


def test_it_follows_an_analysis_that_succeeded_and_a_repetition_writes_nothing_anew():
    recording = RecordingFactory()
    completed(recording)
    transcript = Transcript.objects.get(recording=recording)
    assert transcript.status == RunStatus.QUEUED
    lease = lifecycle.transcript_claim(transcript.pk)
    lifecycle.transcript_complete(lease, SAID)
    completed(recording)
    assert Transcript.objects.get(recording=recording).pk == transcript.pk


def test_without_consent_an_analysis_is_not_followed_by_one_and_a_later_consent_can_be_used():
    student = consented(Purpose.RECORDING, Purpose.VOICE)
    recording = RecordingFactory(student=student)
    completed(recording)
    assert not Transcript.objects.exists()
    ConsentFactory(student=student, purpose=Purpose.TRANSCRIPT)
    assert lifecycle.transcript_request(recording, by=None).status == RunStatus.QUEUED


def test_results_come_first_it_is_not_claimed_while_an_analysis_waits(announced):
    transcript = waiting()
    run = RunFactory(status=RunStatus.QUEUED)
    assert lifecycle.transcript_claim(transcript.pk) is None
    assert lifecycle.transcripts_sweep()["announced"] == 0
    Run.objects.filter(pk=run.pk).update(not_before=timezone.now() + timedelta(minutes=5))
    assert lifecycle.transcripts_sweep()["announced"] == 1
    assert announced == [transcript.pk]
    assert lifecycle.transcript_claim(transcript.pk) is not None


# --- claim, ends


def test_one_claim_succeeds_and_unknown_ones_do_not():
    transcript = waiting()
    assert lifecycle.transcript_claim(transcript.pk) is not None
    assert lifecycle.transcript_claim(transcript.pk) is None
    assert lifecycle.transcript_claim(uuid4()) is None


def test_the_consent_is_asked_once_more_at_the_claim():
    transcript = waiting(recording=RecordingFactory(student=consented(Purpose.RECORDING)))
    assert lifecycle.transcript_claim(transcript.pk) is None
    transcript.refresh_from_db()
    assert (transcript.status, transcript.error_code) == (RunStatus.CANCELLED, "no_transcript_consent")


def test_the_text_is_kept_sealed_and_can_be_read_back():
    lease = claimed()
    lifecycle.transcript_complete(lease, SAID)
    row = Transcript.objects.get()
    assert (row.status, row.language, row.speech_s, row.left_out_s) == (RunStatus.SUCCEEDED, "en", 2.0, 0.5)
    (sentence,) = sentences_of(row)
    assert sentence.text == SECRET
    assert [word.is_uncertain for word in sentence.words] == [False, True]
    assert b"Nobody" not in bytes(row.content)


def test_sealed_text_is_worth_nothing_in_another_row_and_nothing_without_its_key(settings):
    row, other = TranscriptFactory(), TranscriptFactory()
    Transcript.objects.filter(pk=other.pk).update(content=row.content)
    other.refresh_from_db()
    assert sentences_of(other) is None
    settings.SECRET_KEY = "another one, after which nothing opens"
    settings.SECRET_KEY_FALLBACKS = []
    assert sentences_of(row) is None


def test_it_can_be_sealed_anew_under_another_key(settings):
    row = TranscriptFactory()
    before = bytes(row.content)
    call_command("scores_reseal", stdout=open("/dev/null", "w"))  # noqa: PTH123, SIM115
    row.refresh_from_db()
    assert bytes(row.content) != before
    assert len(sentences_of(row)) == 3


def test_a_worker_that_lost_its_lease_writes_nothing():
    lease = claimed()
    Transcript.objects.update(lease_token=uuid4())
    with pytest.raises(LeaseLost):
        lifecycle.transcript_complete(lease, SAID)
    assert Transcript.objects.get().content is None
    assert renew(lease, stage="words", percent=10) is Beat.LOST


def test_a_passing_failure_is_tried_three_times_and_an_expected_one_once(settings):
    settings.EMOREC_RETRY_DELAY_S = 0
    lease = claimed()
    for attempt in (1, 2, 3):
        assert lease.job.attempt == attempt
        lifecycle.transcript_fail(lease, "internal", passing=True)
        lease = lifecycle.transcript_claim(lease.job.pk) or lease
    row = Transcript.objects.get()
    assert (row.status, row.error_code) == (RunStatus.FAILED, "internal")
    lease = claimed()
    lifecycle.transcript_fail(lease, "damaged_file", passing=False)
    assert Transcript.objects.get(pk=lease.job.pk).status == RunStatus.FAILED


def test_a_dead_worker_s_transcript_is_handed_on_and_in_the_end_given_up():
    lease = claimed()
    for expected in ("requeued", "requeued", "failed"):
        Transcript.objects.update(lease_expires_at=timezone.now() - timedelta(seconds=1))
        assert lifecycle.transcripts_sweep()[expected] == 1
        lifecycle.transcript_claim(lease.job.pk)
    row = Transcript.objects.get()
    assert (row.status, row.error_code, row.attempt) == (RunStatus.FAILED, "worker_lost", 3)


def test_a_waiting_one_is_cancelled_at_once_and_a_running_one_at_its_next_step():
    transcript = waiting()
    lifecycle.transcript_cancel(transcript.recording, by=None)
    transcript.refresh_from_db()
    assert transcript.status == RunStatus.CANCELLED
    with refused("transcript_finished"):
        lifecycle.transcript_cancel(transcript.recording, by=None)
    lease = claimed()
    lifecycle.transcript_cancel(lease.job.recording, by=None)
    assert renew(lease, stage="words", percent=10) is Beat.CANCEL
    with pytest.raises(LeaseLost):
        lifecycle.transcript_complete(lease, SAID)
    lifecycle.transcript_stop(lease)
    assert Transcript.objects.get(pk=lease.job.pk).status == RunStatus.CANCELLED
    lease = claimed()
    lifecycle.transcript_cancel(lease.job.recording, by=None)
    Transcript.objects.update(lease_expires_at=timezone.now() - timedelta(seconds=1))
    assert lifecycle.transcripts_sweep()["cancelled"] == 1


# --- withdrawal, deletion, erasure


def test_withdrawing_it_removes_transcripts_and_nothing_else(people):
    recording = RecordingFactory(student=people.student)
    SegmentFactory(run=RunFactory(recording=recording))
    written, others = TranscriptFactory(recording=recording), TranscriptFactory()
    running = claimed(recording=RecordingFactory(student=people.student))
    withdraw(people.student, Purpose.TRANSCRIPT, people.owner)
    assert list(Transcript.objects.all()) == [others]
    assert Run.objects.filter(recording=recording, status=RunStatus.SUCCEEDED).exists()
    assert Recording.objects.filter(pk=recording.pk).exists()
    with pytest.raises(LeaseLost):
        lifecycle.transcript_complete(running, SAID)
    event = AuditEvent.objects.get(action="transcript.delete")
    assert (event.student_ref, event.detail) == (people.student.pk, {"reason": "withdrawn", "transcripts": 2})
    assert written.recording_id == recording.pk


def test_withdrawing_the_voice_leaves_the_transcript(people):
    transcript = TranscriptFactory(recording__student=people.student)
    withdraw(people.student, Purpose.VOICE, people.owner)
    assert list(Transcript.objects.all()) == [transcript]


def test_it_goes_with_the_recording_with_its_consent_and_with_the_student(people):
    removal.recording_delete(TranscriptFactory(recording__student=people.student).recording, by=people.admin)
    assert not Transcript.objects.exists()
    TranscriptFactory(recording__student=people.student)
    withdraw(people.student, Purpose.RECORDING, people.owner)
    assert not Transcript.objects.exists()
    other = TranscriptFactory(recording__student=consented()).recording.student
    student_erase(other, by=people.admin, confirmation=other.number)
    assert not Transcript.objects.exists()


def test_a_new_consent_does_not_include_it_unless_it_is_given(people):
    student = StudentFactory()
    for purpose in (Purpose.RECORDING, Purpose.VOICE, Purpose.FACE, Purpose.RESEARCH):
        consent_grant(student, by=people.admin, purpose=purpose)
    assert Purpose.TRANSCRIPT not in purposes_covered(student)


def test_nothing_said_stands_in_the_trail(people):
    lease = claimed(recording=RecordingFactory(student=people.student))
    lifecycle.transcript_complete(lease, SAID)
    assert not [event for event in AuditEvent.objects.all() if "sentence" in str(event.detail)]
    assert AuditEvent.objects.filter(action="transcript.succeeded").count() == 1
