"""A run is claimed once, leased, retried at most three times, and written by nobody but the one who holds it."""

import threading
from dataclasses import replace
from datetime import timedelta
from uuid import uuid4

import numpy as np
import pytest
import redis
from django.conf import settings as django_settings
from django.db import connection
from django.utils import timezone

from analysis.errors import Refused
from analysis.flow import RunStatus
from analysis.jobs import announcing
from analysis.jobs.leases import Beat, LeaseLost
from analysis.models import FaceThumbnail, Run
from analysis.models import Segment as Row
from analysis.runs import lifecycle
from ml.results import FaceJudgement, Recognition, Segment, Thumbnail, VoiceJudgement
from students.models import AuditEvent, Consent, Purpose
from tests.factories import (
    RecordingFactory,
    RunFactory,
    SegmentFactory,
    StudentFactory,
    consented,
    conversation,
    probabilities,
)

pytestmark = pytest.mark.django_db

ANNOUNCE, WAITING = lifecycle.run_announce, lifecycle.messages_waiting


@pytest.fixture(autouse=True)
def announced(monkeypatch: pytest.MonkeyPatch) -> list:
    """Collects the ids of the runs that were announced; these tests need no broker."""
    announced: list = []
    monkeypatch.setattr(lifecycle, "run_announce", lambda run_id: announced.append(run_id) or True)
    monkeypatch.setattr(lifecycle, "messages_waiting", lambda: 0)
    return announced


def queued(**fields) -> Run:
    return RunFactory(status=RunStatus.QUEUED, attempt=0, percent=0, started_at=None, finished_at=None, **fields)


def claimed(**fields) -> lifecycle.Lease:
    lease = lifecycle.run_claim(queued(**fields).pk)
    assert lease is not None
    return lease


def result(labels: tuple[str | None, ...] = ("sad", None, "happy")) -> Recognition:
    vectors = [label and np.array(list(probabilities(label).values())) for label in labels]
    return Recognition(
        duration_s=2.0 * len(labels) + 2,
        model={"v": 1},
        segments=tuple(
            Segment(2.0 * index, 2.0 * index + 4, vector, None, None, {}) for index, vector in enumerate(vectors)
        ),
        summary={"quality": {"face_share": 0.9}},
        timings_s={"face": 1.5},
        reference={"face": {"kind": "general", "sessions": 0, "seconds": 0.0}},
        conversation=conversation(share=0.6),
    )


def expire(lease: lifecycle.Lease) -> None:
    Run.objects.filter(pk=lease.run.pk).update(lease_expires_at=timezone.now() - timedelta(seconds=1))


def refused(code: str):
    return pytest.raises(Refused, match=f"^{code}$")


# --- request


def test_a_request_queues_a_run_and_announces_it_when_it_is_committed(announced, django_capture_on_commit_callbacks):
    recording = RecordingFactory()
    with django_capture_on_commit_callbacks(execute=True):
        run = lifecycle.run_request(recording, by=None)
        assert announced == []
    assert announced == [run.pk]
    recording.refresh_from_db()
    assert (recording.status, recording.current_run, run.number) == ("queued", run, 1)


def test_a_second_request_waits_for_the_first_to_end():
    recording = RecordingFactory()
    first = lifecycle.run_request(recording, by=None)
    with refused("run_active"):
        lifecycle.run_request(recording, by=None)
    lifecycle.run_cancel(recording, by=None)
    again = lifecycle.run_request(recording, by=None, track=2)
    assert (again.number, again.track) == (first.number + 1, 2)


def test_nothing_is_requested_without_consent_or_bytes():
    with refused("no_consent"):
        lifecycle.run_request(RecordingFactory(student=consented(Purpose.VOICE, Purpose.FACE)), by=None)
    with refused("synthetic_recording"):
        lifecycle.run_request(RecordingFactory(synthetic=True), by=None)
    assert not Run.objects.exists()


def test_a_broker_that_is_away_does_not_keep_a_run_from_being_requested(monkeypatch):
    def away(*args, **kwargs):
        raise ConnectionError

    monkeypatch.setattr(announcing.current_app, "send_task", away)
    assert ANNOUNCE(queued().pk) is False


def test_messages_are_counted_at_the_broker_whichever_thread_sends():
    redis.Redis.from_url(django_settings.REDIS_URL).flushall()
    assert WAITING() == 0
    assert ANNOUNCE(uuid4()) is True
    elsewhere = threading.Thread(target=ANNOUNCE, args=[uuid4()])
    elsewhere.start()
    elsewhere.join()
    assert WAITING() == 2


# --- claim


@pytest.mark.django_db(transaction=True)
def test_of_many_workers_at_once_one_claims_the_run():
    run = queued()
    start, leases = threading.Barrier(6), []

    def claim() -> None:
        try:
            start.wait(10)
            leases.append(lifecycle.run_claim(run.pk))
        finally:
            connection.close()

    threads = [threading.Thread(target=claim) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    winners = [lease for lease in leases if lease is not None]
    assert (len(leases), len(winners)) == (6, 1)
    run.refresh_from_db()
    assert (run.status, run.attempt, run.lease_token) == (RunStatus.RUNNING, 1, winners[0].token)


@pytest.mark.parametrize(
    ("purposes", "streams", "analysed"),
    [
        ((Purpose.VOICE, Purpose.FACE), (True, True), (True, True)),
        ((Purpose.VOICE,), (True, True), (True, False)),
        ((Purpose.FACE,), (True, True), (False, True)),
        ((Purpose.VOICE, Purpose.FACE), (True, False), (True, False)),
        ((Purpose.VOICE, Purpose.FACE), (False, True), (False, True)),
    ],
)
def test_only_what_is_consented_to_and_there_is_analysed(purposes, streams, analysed):
    has_audio, has_video = streams
    recording = RecordingFactory(
        student=consented(Purpose.RECORDING, *purposes), has_audio=has_audio, has_video=has_video
    )
    lease = claimed(recording=recording)
    assert (lease.run.voice, lease.run.face) == analysed


def test_a_consent_that_ended_while_the_run_waited_cancels_it():
    run = queued()
    Consent.objects.filter(purpose=Purpose.RECORDING).update(ended_at=timezone.now(), end_reason="withdrawn")
    assert lifecycle.run_claim(run.pk) is None
    run.refresh_from_db()
    assert (run.status, run.error_code) == (RunStatus.CANCELLED, "no_consent")


def test_a_recording_without_the_part_consented_to_fails_with_a_sentence():
    recording = RecordingFactory(student=consented(Purpose.RECORDING, Purpose.VOICE), has_audio=False)
    run = queued(recording=recording)
    assert lifecycle.run_claim(run.pk) is None
    run.refresh_from_db()
    assert (run.status, run.error_code) == (RunStatus.FAILED, "nothing_to_analyse")


def test_a_retry_is_not_claimed_before_its_time():
    assert lifecycle.run_claim(queued(not_before=timezone.now() + timedelta(seconds=60)).pk) is None


# --- lease


def test_a_heartbeat_renews_the_lease_and_saves_the_progress():
    lease = claimed()
    expire(lease)
    assert lifecycle.run_heartbeat(lease, stage="face", percent=42.0) is Beat.RENEWED
    run = Run.objects.get(pk=lease.run.pk)
    assert (run.stage, run.percent) == ("face", 42.0)
    assert run.lease_expires_at > timezone.now()


def test_a_heartbeat_learns_of_cancellation_and_of_a_lost_lease():
    lease = claimed()
    lifecycle.run_cancel(lease.run.recording, by=None)
    assert lifecycle.run_heartbeat(lease, stage="", percent=0) is Beat.CANCEL
    Run.objects.filter(pk=lease.run.pk).update(lease_token="00000000-0000-4000-8000-000000000000")
    assert lifecycle.run_heartbeat(lease, stage="", percent=0) is Beat.LOST


def test_a_worker_whose_lease_was_taken_over_writes_nothing():
    lease = claimed()
    expire(lease)
    lifecycle.runs_sweep()
    second = lifecycle.run_claim(lease.run.pk)
    with pytest.raises(LeaseLost):
        lifecycle.run_complete(lease, result())
    lifecycle.run_fail(lease, "internal", passing=False)
    lifecycle.run_stop(lease)
    assert not Row.objects.exists()
    lifecycle.run_complete(second, result())
    assert Row.objects.count() == 3


# --- ends


def test_a_result_is_saved_once_with_gaps_as_gaps():
    lease = claimed()
    lifecycle.run_complete(lease, result())
    with pytest.raises(LeaseLost):
        lifecycle.run_complete(lease, result())
    run = Run.objects.get(pk=lease.run.pk)
    assert (run.status, run.percent, run.quality, run.timings) == ("succeeded", 100, {"face_share": 0.9}, {"face": 1.5})
    assert [segment.label for segment in run.segments.all()] == ["sad", None, "happy"]
    assert run.conversation == conversation(share=0.6)


def test_thumbnails_are_kept_with_the_run_that_saw_them_and_go_with_it():
    lease = claimed()
    pictures = (Thumbnail(1, 2.0, 0.0, 5.0, b"one"), Thumbnail(2, 3.0, 1.0, 4.0, b"two"))
    lifecycle.run_complete(lease, replace(result(), thumbnails=pictures))
    kept = FaceThumbnail.objects.filter(run=lease.run)
    assert [(each.track, each.time_s, each.start_s, each.end_s, bytes(each.jpeg)) for each in kept] == [
        (1, 2.0, 0.0, 5.0, b"one"),
        (2, 3.0, 1.0, 4.0, b"two"),
    ]
    lease.run.delete()
    assert not FaceThumbnail.objects.exists()


def test_the_scores_that_tell_people_apart_are_not_stored_with_the_segments():
    vector = np.array(list(probabilities("sad").values()))
    voice = VoiceJudgement(vector, vector, vector, ((1.0, 1.0),), 0.8, -20.0)
    face = FaceJudgement(vector, vector, vector, 0, 20, 1.0, 0.9)
    lease = claimed()
    lifecycle.run_complete(lease, replace(result(), segments=(Segment(0.0, 4.0, vector, voice, face, {}),)))
    row = Row.objects.get()
    assert set(row.voice) == {"probabilities", "attention", "speech_share", "level_dbfs"}
    assert set(row.face) == {"probabilities", "track", "frames", "face_share", "confidence"}


def test_a_recording_points_at_its_newest_run_and_at_the_newest_that_succeeded():
    recording = RecordingFactory()
    first, second, third = (
        RunFactory(recording=recording, number=number, status=status)
        for number, status in ((1, "succeeded"), (2, "succeeded"), (3, "failed"))
    )
    recording.refresh_from_db()
    assert (recording.current_run, recording.result_run) == (third, second)
    second.delete()
    lifecycle.run_pointers_set(recording)
    recording.refresh_from_db()
    assert (recording.current_run, recording.result_run) == (third, first)


def test_a_result_is_saved_whole_or_not_at_all(monkeypatch):
    lease = claimed()

    def broken(student):
        raise RuntimeError

    monkeypatch.setattr(lifecycle, "alerts_raise", broken)
    with pytest.raises(RuntimeError):
        lifecycle.run_complete(lease, result())
    assert not Row.objects.exists()
    assert Run.objects.get(pk=lease.run.pk).status == RunStatus.RUNNING


def test_alerts_are_raised_with_the_result(monkeypatch):
    lease, asked = claimed(), []
    monkeypatch.setattr(lifecycle, "alerts_raise", asked.append)
    lifecycle.run_complete(lease, result())
    assert asked == [lease.run.recording.student]


def test_a_cancellation_that_comes_last_still_wins():
    lease = claimed()
    lifecycle.run_cancel(lease.run.recording, by=None)
    with pytest.raises(LeaseLost):
        lifecycle.run_complete(lease, result())
    lifecycle.run_stop(lease)
    assert Run.objects.get(pk=lease.run.pk).status == RunStatus.CANCELLED
    assert not Row.objects.exists()


def test_an_expected_failure_is_final_at_once():
    lease = claimed()
    lifecycle.run_fail(lease, "damaged_file", passing=False)
    run = Run.objects.get(pk=lease.run.pk)
    assert (run.status, run.error_code, run.attempt) == (RunStatus.FAILED, "damaged_file", 1)


def test_a_passing_failure_is_tried_three_times_with_growing_pauses(settings):
    run = queued()
    pauses = []
    for _ in range(2):
        lease = lifecycle.run_claim(run.pk)
        before = timezone.now()
        lifecycle.run_fail(lease, "internal", passing=True)
        run.refresh_from_db()
        assert run.status == RunStatus.QUEUED
        pauses.append((run.not_before - before).total_seconds())
        Run.objects.update(not_before=timezone.now())
    assert pauses[1] > 1.5 * pauses[0] > settings.EMOREC_RETRY_DELAY_S
    lifecycle.run_fail(lifecycle.run_claim(run.pk), "internal", passing=True)
    run.refresh_from_db()
    assert (run.status, run.error_code, run.attempt) == (RunStatus.FAILED, "internal", 3)


def test_a_waiting_run_is_cancelled_at_once_and_a_finished_one_not_at_all():
    run = queued()
    lifecycle.run_cancel(run.recording, by=None)
    run.refresh_from_db()
    assert run.status == RunStatus.CANCELLED
    with refused("run_finished"):
        lifecycle.run_cancel(run.recording, by=None)


def test_every_end_stands_in_the_audit_trail():
    lease = claimed()
    lifecycle.run_complete(lease, result())
    event = AuditEvent.objects.get(action="run.succeeded")
    assert (event.object_ref, event.detail["segments"]) == (lease.run.pk, 3)


# --- sweep


def test_an_expired_lease_is_taken_back_and_a_living_one_left():
    dead, living = claimed(), claimed()
    expire(dead)
    assert lifecycle.runs_sweep()["requeued"] == 1
    assert Run.objects.get(pk=dead.run.pk).status == RunStatus.QUEUED
    assert Run.objects.get(pk=living.run.pk).lease_token == living.token


def test_after_three_lost_workers_the_run_fails():
    run = queued()
    for _ in range(3):
        lease = lifecycle.run_claim(run.pk)
        expire(lease)
        lifecycle.runs_sweep()
    run.refresh_from_db()
    assert (run.status, run.error_code) == (RunStatus.FAILED, "worker_lost")


def test_a_cancelled_run_whose_worker_died_ends_cancelled():
    lease = claimed()
    lifecycle.run_cancel(lease.run.recording, by=None)
    expire(lease)
    assert lifecycle.runs_sweep()["cancelled"] == 1


def test_runs_whose_message_was_lost_are_announced_again_and_waiting_ones_not_doubled(announced, monkeypatch):
    due = [queued().pk for _ in range(3)]
    queued(not_before=timezone.now() + timedelta(minutes=5))
    monkeypatch.setattr(lifecycle, "messages_waiting", lambda: 3)
    assert lifecycle.runs_sweep()["announced"] == 0
    monkeypatch.setattr(lifecycle, "messages_waiting", lambda: 2)
    assert lifecycle.runs_sweep()["announced"] == 3
    assert announced == due


def test_runs_of_a_student_without_recordings_do_not_disturb_the_sweep():
    StudentFactory()
    assert lifecycle.runs_sweep() == {"requeued": 0, "failed": 0, "cancelled": 0, "announced": 0}


def test_segments_of_an_earlier_run_stay_when_the_recording_is_analysed_again():
    earlier = SegmentFactory()
    again = lifecycle.run_request(earlier.run.recording, by=None)
    lifecycle.run_complete(lifecycle.run_claim(again.pk), result())
    assert earlier.run.segments.count() == 1
    assert again.segments.count() == 3


def test_a_run_that_is_taken_back_begins_anew_and_says_why_it_had_to():
    lease = claimed()
    lifecycle.run_heartbeat(lease, stage="voice", percent=40)
    expire(lease)
    assert lifecycle.runs_sweep()["requeued"] == 1
    run = Run.objects.get(pk=lease.run.pk)
    assert (run.status, run.stage, run.percent, run.error_code) == (RunStatus.QUEUED, "", 0, "worker_lost")
    assert (run.lease_token, run.lease_expires_at) == (None, None)


def test_the_sweep_announces_no_further_when_the_broker_is_away(monkeypatch):
    for _ in range(3):
        queued()
    tried = []
    monkeypatch.setattr(lifecycle, "run_announce", lambda run_id: tried.append(run_id) or len(tried) == 1)
    assert lifecycle.runs_sweep()["announced"] == 1
    assert len(tried) == 2


def test_messages_of_a_broker_that_is_away_count_as_none(monkeypatch):
    def away():
        raise ConnectionError

    monkeypatch.setattr(announcing.current_app, "connection_for_read", away)
    assert WAITING() == 0


def test_a_withdrawal_ends_what_waits_and_nothing_else():
    run = queued()
    assert lifecycle.run_withdraw(run.recording) is True
    run.refresh_from_db()
    assert (run.status, run.error_code) == (RunStatus.CANCELLED, "no_consent")
    assert lifecycle.run_withdraw(run.recording) is False
    running = claimed()
    assert lifecycle.run_withdraw(running.run.recording) is False
    assert running.held().exists()
