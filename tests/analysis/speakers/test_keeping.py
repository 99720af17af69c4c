"""Who speaks when is stored with the result, all or nothing, and what a person chose is kept until it is changed."""

from dataclasses import replace

import pytest

from analysis.flow import RunStatus
from analysis.jobs.leases import LeaseLost
from analysis.models import Run, Speaker, Turn
from analysis.runs import lifecycle
from analysis.runs.worker import run_config
from ml.results import Recognition
from ml.turns import SpeakerTurns
from students.models import AuditEvent, Purpose
from tests.analysis.engine import two_voices
from tests.factories import RecordingFactory, RunFactory, consented

pytestmark = pytest.mark.django_db

EMPTY = Recognition(duration_s=8.0, model={}, segments=(), summary={"quality": {}}, timings_s={})


@pytest.fixture(autouse=True)
def no_broker(monkeypatch):
    monkeypatch.setattr(lifecycle, "run_announce", lambda run_id: True)


def completed(speakers: SpeakerTurns, recording=None, **fields) -> Run:
    run = RunFactory(recording=recording or RecordingFactory(), status=RunStatus.QUEUED, attempt=0, percent=0, **fields)
    lease = lifecycle.run_claim(run.pk)
    lifecycle.run_complete(lease, replace(EMPTY, speakers=speakers))
    run.refresh_from_db()
    return run


def test_speakers_and_turns_are_stored_as_the_engine_heard_them():
    run = completed(two_voices(student=1))
    rows = list(
        run.speakers.values_list(
            "number", "seconds", "channel", "face", "enrolled", "student", "sample_start_s", "sample_end_s"
        )
    )
    assert rows == [(1, 5.0, 1, 1, False, True, 0.0, 4.0), (2, 1.5, None, None, True, False, None, None)]
    turns = list(run.turns.values_list("speaker__number", "start_s", "end_s", "overlap", "certainty"))
    assert turns == [(1, 0.0, 4.0, False, 0.9), (2, 4.0, 5.5, True, 0.7), (1, 4.5, 5.5, True, 0.8)]
    assert run.summary["several"] is True


def test_a_recording_in_which_nobody_was_told_apart_has_no_speakers():
    run = completed(SpeakerTurns())
    assert not run.speakers.exists()
    assert run.summary["several"] is False


def test_without_consent_to_the_voice_no_speakers_are_stored():
    student = consented(Purpose.RECORDING, Purpose.FACE)
    run = completed(two_voices(student=None), RecordingFactory(student=student))
    assert not (run.voice or run.speakers.exists() or Turn.objects.exists())
    assert run.summary["several"] is False


def test_speakers_are_stored_with_the_result_or_not_at_all(monkeypatch):
    def broken(student):
        raise RuntimeError

    monkeypatch.setattr(lifecycle, "alerts_raise", broken)
    with pytest.raises(RuntimeError):
        completed(two_voices(student=None))
    assert not (Speaker.objects.exists() or Turn.objects.exists())


def test_whoever_lost_the_lease_stores_no_speakers():
    run = RunFactory(status=RunStatus.QUEUED, attempt=0)
    lease = lifecycle.run_claim(run.pk)
    lifecycle.run_cancel(run.recording, by=None)
    with pytest.raises(LeaseLost):
        lifecycle.run_complete(lease, replace(EMPTY, speakers=two_voices(student=None)))
    assert not Speaker.objects.exists()


def test_many_turns_take_few_queries(django_assert_max_num_queries):
    heard = two_voices(student=None)
    long = replace(heard, turns=heard.turns * 600)
    recording = RecordingFactory()
    lease = lifecycle.run_claim(RunFactory(recording=recording, status=RunStatus.QUEUED, attempt=0).pk)
    with django_assert_max_num_queries(40):
        lifecycle.run_complete(lease, replace(EMPTY, speakers=long))
    assert Turn.objects.count() == 1800


# --- choices


def test_the_chosen_voice_reaches_the_engine_and_the_trail():
    recording = RecordingFactory()
    run = lifecycle.run_request(recording, by=None, track=3, speaker=2)
    config = run_config(lifecycle.run_claim(run.pk).run)
    assert (config.track, config.speaker) == (3, 2)
    detail = AuditEvent.objects.get(action="run.request").detail
    assert detail == {"number": 1, "track": 3, "speaker": 2}


def test_a_choice_stays_until_it_is_changed():
    recording = RecordingFactory()

    def again(**choices) -> tuple[int | None, int | None]:
        run = lifecycle.run_request(recording, by=None, **choices)
        Run.objects.filter(pk=run.pk).update(status=RunStatus.SUCCEEDED)
        return run.track, run.speaker

    assert again() == (None, None)
    assert again(speaker=2) == (None, 2)
    assert again(track=5) == (5, 2)
    assert again() == (5, 2)
    assert again(speaker=1) == (5, 1)
    assert again(speaker=None) == (5, None)
    assert again(track=None) == (None, None)
