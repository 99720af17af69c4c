"""Whether it is known whose voice was judged: of one run, and of every recording of a list."""

import pytest

from analysis.models import Recording, Run
from analysis.speakers.verdict import Verdict, undecided, verdict
from tests.factories import RunFactory, voices

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    ("count", "student", "several", "chosen", "expected"),
    [
        (0, None, False, None, Verdict.NONE),
        (1, 1, False, None, Verdict.ONE),
        (1, None, False, None, Verdict.ONE),
        (2, None, False, None, Verdict.UNSURE),
        (2, 1, False, None, Verdict.UNSURE),
        (2, 1, False, 1, Verdict.DECIDED),
        (2, None, True, None, Verdict.UNDECIDED),
        (1, None, True, None, Verdict.UNDECIDED),
        (2, None, True, 7, Verdict.UNDECIDED),
        (2, 2, True, None, Verdict.DECIDED),
        (2, 2, True, 2, Verdict.DECIDED),
    ],
)
def test_a_run_tells_what_is_known(count, student, several, chosen, expected):
    run = RunFactory(speaker=chosen)
    speakers = voices(run, count, student=student, several=several)
    assert verdict(run, speakers) == expected
    listed = Recording.objects.filter(undecided()).exists()
    assert listed == (expected == Verdict.UNDECIDED)


@pytest.mark.parametrize("status", ["queued", "running"])
def test_a_recording_that_is_being_analysed_asks_nothing(status):
    run = RunFactory()
    voices(run)
    more = {"lease_token": run.pk} if status == "running" else {}
    RunFactory(recording=run.recording, number=2, status=status, **more)
    assert not Recording.objects.filter(undecided()).exists()


def test_a_repetition_that_failed_leaves_the_question():
    run = RunFactory()
    voices(run)
    RunFactory(recording=run.recording, number=2, status="failed", error_code="internal")
    assert Recording.objects.filter(undecided()).exists()


def test_results_from_before_anybody_was_told_apart_ask_nothing():
    Run.objects.filter(pk=RunFactory().pk).update(summary={})
    assert not Recording.objects.annotate(undecided=undecided()).get().undecided
    assert not Recording.objects.filter(undecided()).exists()
