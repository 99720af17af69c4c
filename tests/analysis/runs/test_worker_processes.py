"""Real Celery workers, real kills: whatever dies, one run succeeds and its segments are there exactly once."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import redis
from django.conf import settings as django_settings

from analysis.files import storage
from analysis.flow import RunStatus
from analysis.models import Recording, Run, Segment
from analysis.runs import lifecycle
from emorec_site import pulse
from ml import weights
from ml.sample import make_sample
from students.consent import consent_withdraw
from students.models import Consent, Purpose, Student
from tests.analysis import clips, engine
from tests.factories import RecordingFactory, consented
from tests.redis_server import start_redis

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.timeout(180)]

PATIENCE_S = 60


def wait_until(condition: Callable[[], object], what: str, patience_s: float = PATIENCE_S) -> None:
    deadline = time.monotonic() + patience_s
    while not condition():
        assert time.monotonic() < deadline, f"waited in vain for: {what}"
        time.sleep(0.1)


class Workers:
    """Starts workers of the product as ``make run`` does, with short leases and the gated engine."""

    def __init__(self, gate: Path, environment: dict[str, str]) -> None:
        self.gate = gate
        self.environment = environment
        self.running: list[subprocess.Popen[bytes]] = []

    def start(self) -> subprocess.Popen[bytes]:
        """One worker with beat inside; its children share its process group."""
        command = [sys.executable, "-m", "celery", "-A", "emorec_site", "worker", "--beat", "--loglevel", "INFO"]
        queues = ["--queues", "analysis,housekeeping", "--concurrency", "2", "--without-gossip", "--without-mingle"]
        with (self.gate / "worker.log").open("ab") as log:
            process = subprocess.Popen(
                [*command, *queues],
                cwd=django_settings.BASE_DIR,
                env=self.environment,
                stdout=log,
                stderr=log,
                stdin=subprocess.DEVNULL,
                start_new_session=True,
            )
        self.running.append(process)
        return process

    def kill(self, process: subprocess.Popen[bytes]) -> None:
        """``kill -9`` of the worker with all its children."""
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        self.running.remove(process)

    def started(self, what: str = "started") -> list[int]:
        """Process ids of the children that began a recognition (or ``written``: a transcript), in order."""
        path = self.gate / what
        return [int(line) for line in path.read_text().split()] if path.exists() else []

    def open_gate(self) -> None:
        (self.gate / "go").touch()


@pytest.fixture
def workers(tmp_path: Path, database_url: str, media: Path) -> Iterator[Workers]:
    """Nothing is running yet, the queues are empty, and nothing outlives the test."""
    redis.Redis.from_url(django_settings.REDIS_URL).flushall()
    environment = {
        **os.environ,
        "EMOREC_DATABASE_URL": database_url,
        "EMOREC_MEDIA": str(media),
        "EMOREC_VAR": str(tmp_path),
        "EMOREC_ENGINE": "tests.analysis.engine.load",
        "EMOREC_TRANSCRIBER": "tests.analysis.engine.load_transcriber",
        "EMOREC_TEST_GATE": str(tmp_path),
        "EMOREC_LEASE_S": "5",
        "EMOREC_HEARTBEAT_S": "1",
        "EMOREC_SWEEP_S": "1",
        "EMOREC_RETRY_DELAY_S": "0",
        "EMOREC_EMAIL_URL": "memorymail://",
    }
    found = Workers(tmp_path, environment)
    yield found
    for process in list(found.running):
        found.kill(process)


def stored(student: Student | None = None) -> Recording:
    """A recording with bytes at their place."""
    recording = RecordingFactory(student=student or consented())
    Recording.objects.filter(pk=recording.pk).update(file=storage.original_name(recording.pk))
    recording.refresh_from_db()
    path = storage.original_path(recording)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"a recording")
    return recording


def has(recording: Recording, status: RunStatus) -> Callable[[], bool]:
    return lambda: Run.objects.filter(recording=recording, status=status).exists()


def assert_analysed_once(recording: Recording) -> Run:
    run = Run.objects.get(recording=recording)
    assert run.status == RunStatus.SUCCEEDED
    assert list(Segment.objects.values_list("run_id", "start_s")) == [(run.pk, start) for start in engine.STARTS_S]
    assert (run.percent, run.error_code, run.lease_token) == (100, "", None)
    return run


def test_a_killed_child_is_replaced_and_the_run_is_done_once(workers):
    recording = stored()
    workers.start()
    lifecycle.run_request(recording, by=None)
    wait_until(workers.started, "the first attempt")
    os.kill(workers.started()[0], signal.SIGKILL)
    workers.open_gate()
    wait_until(has(recording, RunStatus.SUCCEEDED), "success after the kill")
    run = assert_analysed_once(recording)
    assert run.attempt == 2
    assert workers.started()[0] != workers.started()[1]


def test_a_killed_worker_is_followed_by_another_and_the_run_is_done_once(workers):
    recording = stored()
    first = workers.start()
    lifecycle.run_request(recording, by=None)
    wait_until(workers.started, "the first attempt")
    workers.kill(first)
    assert has(recording, RunStatus.RUNNING)(), "the row still says running: the dead cannot say otherwise"
    workers.start()
    workers.open_gate()
    wait_until(has(recording, RunStatus.SUCCEEDED), "success with the second worker")
    assert assert_analysed_once(recording).attempt == 2


def test_a_run_that_kills_every_worker_is_given_up_after_three_attempts(workers):
    recording = stored()
    workers.start()
    lifecycle.run_request(recording, by=None)
    for attempt in range(3):
        wait_until(lambda attempt=attempt: len(workers.started()) > attempt, f"attempt {attempt + 1}")
        os.kill(workers.started()[attempt], signal.SIGKILL)
    wait_until(has(recording, RunStatus.FAILED), "failure")
    run = Run.objects.get(recording=recording)
    assert (run.attempt, run.error_code) == (3, "worker_lost")
    assert not Segment.objects.exists()


def test_a_run_queued_before_there_was_a_broker_starts_with_the_first_worker(workers, monkeypatch):
    monkeypatch.setattr(lifecycle, "run_announce", lambda run_id: False)
    workers.environment["EMOREC_SWEEP_S"] = "3600"
    recording = stored()
    lifecycle.run_request(recording, by=None)
    workers.open_gate()
    workers.start()
    wait_until(has(recording, RunStatus.SUCCEEDED), "success without a message and before any regular sweep")
    assert_analysed_once(recording)


def test_redis_may_restart_during_a_run_and_lose_every_message(workers, tmp_path):
    folder = tmp_path / "r"
    folder.mkdir()
    server, workers.environment["EMOREC_REDIS_URL"] = start_redis(folder)
    try:
        first, second = stored(), stored()
        workers.start()
        lifecycle.run_request(
            first, by=None
        )  # sent to another Redis: this message is lost too, and the sweep announces the run again
        wait_until(workers.started, "the first recording's run")
        server.kill()
        server.wait()
        lifecycle.run_request(second, by=None)
        time.sleep(2)
        server, _ = start_redis(folder)
        workers.open_gate()
        for recording in (first, second):
            wait_until(has(recording, RunStatus.SUCCEEDED), "success in spite of the restart")
            assert Segment.objects.filter(run__recording=recording).count() == len(engine.STARTS_S)
        assert Run.objects.get(recording=first).attempt == 1
        assert len(workers.started()) == 2
    finally:
        server.kill()
        server.wait()


def test_a_running_analysis_can_be_cancelled_and_the_worker_lives_on(workers):
    recording, other = stored(), stored()
    workers.start()
    lifecycle.run_request(recording, by=None)
    wait_until(workers.started, "the run")
    lifecycle.run_cancel(recording, by=None)
    wait_until(has(recording, RunStatus.CANCELLED), "the cancellation")
    lifecycle.run_request(other, by=None)
    workers.open_gate()
    wait_until(has(other, RunStatus.SUCCEEDED), "the next run")
    assert not Segment.objects.filter(run__recording=recording).exists()


def test_a_withdrawal_stops_the_run_and_what_is_left_is_analysed_anew(workers):
    recording = stored()
    workers.start()
    lifecycle.run_request(recording, by=None)
    wait_until(workers.started, "the run with voice and face")
    withdrawn = Run.objects.get(recording=recording)
    assert (withdrawn.voice, withdrawn.face) == (True, True)
    consent = Consent.objects.get(student=recording.student, purpose=Purpose.VOICE)
    consent_withdraw(consent, by=recording.student.consents.first().granted_by)
    assert not Run.objects.filter(pk=withdrawn.pk).exists()
    wait_until(lambda: len(workers.started()) == 2, "the run without the voice")
    workers.open_gate()
    wait_until(has(recording, RunStatus.SUCCEEDED), "its success")
    run = assert_analysed_once(recording)
    assert (run.voice, run.face) == (False, True)
    recording.refresh_from_db()
    assert recording.current_run_id == run.pk


def test_readiness_needs_a_worker_that_was_heard_from(workers, client):
    assert client.get("/readyz").status_code == 503
    assert client.get("/readyz").json()["worker"] == "failed"
    workers.start()
    wait_until(lambda: pulse.worker_alive("analysis"), "the worker's sign of life")
    answer = client.get("/readyz")
    assert (answer.status_code, answer.json()["worker"]) == (200, "ok")


@pytest.fixture
def real_engine(workers) -> Workers:
    """The same workers without the stand-in."""
    del workers.environment["EMOREC_ENGINE"], workers.environment["EMOREC_TRANSCRIBER"]
    workers.environment["EMOREC_LEASE_S"] = "60"
    return workers


def ended(recording: Recording) -> Run:
    """The recording's run once it has come to an end of its own."""
    ends = [RunStatus.SUCCEEDED, RunStatus.FAILED]
    wait_until(lambda: Run.objects.filter(recording=recording, status__in=ends).exists(), "an end", patience_s=150)
    return Run.objects.get(recording=recording)


@pytest.mark.slow
def test_the_real_engine_invents_nothing_where_nothing_is(real_engine, tmp_path):
    recording = stored()
    made = clips.interview(tmp_path / "clip.mp4", seconds=5)
    storage.original_path(recording).write_bytes(made.read_bytes())
    real_engine.start()
    lifecycle.run_request(recording, by=None)
    run = ended(recording)
    assert (run.status, run.error_code) == (RunStatus.FAILED, "no_usable_signal")
    assert not Segment.objects.exists()


@pytest.mark.slow
def test_the_real_engine_analyses_a_talking_face(real_engine, tmp_path):
    if set(weights.card()) < set(weights.NAMES):
        pytest.skip("the trained weights of voice and face are not there")
    recording = stored()
    made = make_sample(tmp_path / "sample.mp4", seconds=8)
    storage.original_path(recording).write_bytes(made.read_bytes())
    real_engine.start()
    lifecycle.run_request(recording, by=None)
    run = ended(recording)
    assert (run.status, run.error_code) == (RunStatus.SUCCEEDED, "")
    segments = list(run.segments.all())
    assert segments and all(segment.face for segment in segments)
    assert any(segment.voice for segment in segments)
    assert all(abs(sum(segment.probabilities.values()) - 1) < 1e-4 for segment in segments)
    assert set(run.model) >= {"face", "voice"}
    assert {"separation", "voice", "face"} <= set(run.timings)
    assert run.quality["face_share"] > 0.5
