"""Real workers, real kills: results come first, and a transcript is written once whatever dies."""

import os
import signal

import pytest

from analysis.files import storage
from analysis.flow import RunStatus
from analysis.models import Transcript
from analysis.runs import lifecycle as runs
from analysis.transcripts import lifecycle
from analysis.transcripts.content import sentences_of
from ml.sample import make_sample
from students.consent import consent_withdraw
from students.models import Consent, Purpose
from tests.analysis.runs.test_worker_processes import (  # noqa: F401  (two are fixtures)
    has,
    real_engine,
    stored,
    wait_until,
    workers,
)

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.timeout(180)]


def written(recording) -> bool:
    return Transcript.objects.filter(recording=recording, status=RunStatus.SUCCEEDED).exists()


def test_the_results_are_there_before_the_transcript_and_a_killed_worker_is_followed_by_another(workers):  # noqa: F811
    recording = stored()
    first = workers.start()
    workers.open_gate()
    runs.run_request(recording, by=None)
    wait_until(lambda: workers.started("written"), "the first attempt at the transcript")
    assert has(recording, RunStatus.SUCCEEDED)(), "the results were there before"
    workers.kill(first)
    assert Transcript.objects.get().status == RunStatus.RUNNING
    workers.start()
    (workers.gate / "write").touch()
    wait_until(lambda: written(recording), "the transcript after the kill")
    transcript = Transcript.objects.get()
    assert (transcript.attempt, transcript.lease_token, transcript.percent) == (2, None, 100)
    assert [sentence.text for sentence in sentences_of(transcript)] == ["Said"]


def test_a_killed_child_is_replaced_and_a_withdrawal_stops_the_next(workers):  # noqa: F811
    recording = stored()
    lifecycle.transcript_request(recording, by=None)
    workers.start()
    wait_until(lambda: workers.started("written"), "the first attempt")
    os.kill(workers.started("written")[0], signal.SIGKILL)
    wait_until(lambda: len(workers.started("written")) == 2, "the second attempt")
    consent = Consent.objects.get(student=recording.student, purpose=Purpose.TRANSCRIPT)
    consent_withdraw(consent, by=recording.student.consents.first().granted_by)
    (workers.gate / "write").touch()
    other = stored()
    lifecycle.transcript_request(other, by=None)
    wait_until(lambda: written(other), "the next transcript")
    assert not Transcript.objects.filter(recording=recording).exists()


@pytest.mark.slow
def test_the_real_engine_writes_down_a_talking_face_after_it_has_judged_it(real_engine, tmp_path):  # noqa: F811
    recording = stored()
    storage.original_path(recording).write_bytes(make_sample(tmp_path / "sample.mp4", seconds=8).read_bytes())
    real_engine.start()
    runs.run_request(recording, by=None)
    wait_until(lambda: written(recording), "the transcript", patience_s=170)
    transcript = Transcript.objects.get()
    assert (transcript.language, transcript.error_code) == ("en", "")
    assert sum(len(sentence.words) for sentence in sentences_of(transcript)) > 5
    log = (tmp_path / "worker.log").read_text()
    assert not [sentence.text for sentence in sentences_of(transcript) if sentence.text in log]
