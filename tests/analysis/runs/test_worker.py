"""Progress over all stages, and what a worker makes of how an attempt ended."""

import threading
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analysis.files import storage
from analysis.flow import RunStatus
from analysis.jobs.heartbeat import ALMOST
from analysis.models import Run, Segment
from analysis.runs import lifecycle, progress, worker
from ml.errors import RecognitionError
from ml.results import STAGES
from tests.analysis import engine
from tests.factories import RecordingFactory, RunFactory

STEPS = st.lists(st.tuples(st.sampled_from(STAGES), st.floats(0, 10), st.floats(0, 10)), max_size=60)


@given(STEPS, st.booleans(), st.booleans())
def test_progress_never_goes_back_and_never_says_done(steps, voice, face):
    overall = progress.Overall(voice=voice, face=face)
    seen = [0.0, *(overall.update(*step) for step in steps)]
    assert seen == sorted(seen)
    assert max(seen) <= ALMOST


@pytest.mark.parametrize(("voice", "face"), [(True, True), (True, False), (False, True)])
def test_the_bar_is_nearly_full_when_the_last_stage_is_done(voice, face):
    overall = progress.Overall(voice=voice, face=face)
    left_out = (frozenset() if voice else progress.VOICE_STAGES) | (frozenset() if face else progress.FACE_STAGES)
    for stage in STAGES:
        if stage not in left_out:
            overall.update(stage, 1, 1)
    assert overall.percent == ALMOST


SECONDS = {"separation": 2.5, "frames": 3.0, "face": 1.5, "voice": 1.1, "speakers": 0.35, "speech": 0.25}
"""What ``make bench`` measured per stage, in the proportions of a busy machine."""


@pytest.mark.parametrize("kinds", ["voice and face", "voice", "face", "film without sound"])
def test_the_bar_rises_as_time_passes(kinds):
    overall = progress.Overall(voice=kinds != "face", face=kinds != "voice")
    left_out = {"voice": progress.FACE_STAGES, "voice and face": frozenset()}.get(kinds, progress.VOICE_STAGES)
    seconds = {stage: SECONDS.get(stage, 0.05) for stage in STAGES if stage not in left_out}
    passed = 0.0
    for stage, length in seconds.items():
        for step in range(11):
            percent = overall.update(stage, step, 10)
            expected = 100 * (passed + length * step / 10) / sum(seconds.values())
            assert percent == pytest.approx(expected, abs=4), stage
        passed += length


def test_every_stage_of_the_engine_has_a_weight():
    assert set(progress.STAGE_WEIGHTS) == set(STAGES)


@pytest.fixture
def attempt(transactional_db, media, monkeypatch, tmp_path):
    """``attempt(engine)`` works one queued run off in this process; returns the outcome and the run."""
    monkeypatch.setenv("EMOREC_TEST_GATE", str(tmp_path))
    monkeypatch.setattr(lifecycle, "run_announce", lambda run_id: True)
    (tmp_path / "go").touch()

    def work(recognise=engine.recognise, stored: bool = True) -> tuple[str, Run | None]:
        recording = RecordingFactory()
        recording.file = storage.original_name(recording.pk)
        recording.save()
        if stored:
            with storage.open_part(recording.pk) as part:
                storage.write_all(part, b"a recording")
        run = RunFactory(recording=recording, status=RunStatus.QUEUED, attempt=0, percent=0)
        monkeypatch.setattr(worker, "_engine", lambda: recognise)
        outcome = worker.run_process(run.pk)
        return outcome, Run.objects.filter(pk=run.pk).first()

    return work


def test_a_run_succeeds_even_if_the_file_had_not_been_moved_yet(attempt):
    outcome, run = attempt()
    assert (outcome, run.status) == ("succeeded", RunStatus.SUCCEEDED)
    assert run.segments.count() == len(engine.STARTS_S)
    assert storage.original_path(run.recording).read_bytes() == b"a recording"


def test_the_worker_stores_who_speaks_when(attempt, tmp_path):
    (tmp_path / "two-voices").touch()
    _, run = attempt()
    assert [(speaker.number, speaker.student) for speaker in run.speakers.all()] == [(1, False), (2, False)]
    assert run.turns.count() == 3


def test_an_expected_failure_is_told_with_its_code(attempt):
    def recognise(path, config, progress):
        raise RecognitionError("no_usable_signal")

    assert attempt(recognise)[1].error_code == "no_usable_signal"


def test_a_missing_original_is_told(attempt):
    _, run = attempt(stored=False)
    assert (run.status, run.error_code) == (RunStatus.FAILED, "original_missing")


def test_a_bug_waits_for_another_attempt_and_its_message_stays_out_of_the_log(attempt, caplog):
    def recognise(path, config, progress):
        raise ValueError("said: " + "enaJ"[::-1])  # a traceback quotes this line, so the name must not stand in it

    _, run = attempt(recognise)
    assert (run.status, run.error_code, run.attempt) == (RunStatus.QUEUED, "internal", 1)
    assert "ValueError" in caplog.text
    assert str(run.pk) in caplog.text
    assert "Jane" not in caplog.text


def test_progress_and_lease_are_saved_while_the_engine_works(attempt, settings):
    settings.EMOREC_HEARTBEAT_S = 0.2
    seen = []

    def recognise(path, config, progress):
        before = Run.objects.get().lease_expires_at
        progress("separation", 1, 2)
        saved = threading.Event()
        for _ in range(100):
            row = Run.objects.get()
            if row.stage == "separation" and row.percent > 0 and row.lease_expires_at > before:
                seen.append(row.percent)
                break
            saved.wait(0.05)
        return engine.recognise(path, config, progress)

    outcome, _ = attempt(recognise)
    assert (outcome, len(seen)) == ("succeeded", 1)


def test_a_deleted_run_stops_its_worker(attempt, settings):
    settings.EMOREC_HEARTBEAT_S = 0.2

    def recognise(path: Path, config, progress):
        Run.objects.all().delete()
        for step in range(200):
            progress("face", step, 200)
            threading.Event().wait(0.05)
        raise AssertionError("the engine was not stopped")

    outcome, run = attempt(recognise)
    assert (outcome, run) == ("lost", None)
    assert not Segment.objects.exists()
