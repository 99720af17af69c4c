"""Every move between states happens once or not at all."""

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone

from analysis import flow
from analysis.flow import AlertStatus, RecordingStatus, ReviewStatus, RunStatus, UploadStatus
from analysis.models import Alert, Run
from tests.factories import AlertFactory, RecordingFactory, RunFactory

pytestmark = pytest.mark.django_db


# In the codes that stand in the database and in the API: a code that changed would leave its rows without a state.
MOVES = {
    UploadStatus: {"receiving": {"finished", "rejected"}, "finished": set(), "rejected": set()},
    RunStatus: {
        "queued": {"running", "failed", "cancelled"},
        "running": {"queued", "succeeded", "failed", "cancelled"},
        "succeeded": set(),
        "failed": set(),
        "cancelled": set(),
    },
    AlertStatus: {
        "open": {"acknowledged", "escalated", "dismissed", "closed"},
        "acknowledged": {"escalated", "dismissed", "closed"},
        "escalated": {"closed"},
        "dismissed": set(),
        "closed": set(),
    },
    ReviewStatus: {
        "pending": {"in_review", "decided", "lapsed"},
        "in_review": {"pending", "decided", "lapsed"},
        "decided": set(),
        "lapsed": set(),
    },
}


@pytest.mark.parametrize("states", MOVES)
def test_these_moves_are_allowed_and_no_others(states):
    assert {str(state): {str(to) for to in targets} for state, targets in flow.ALLOWED[states].items()} == MOVES[states]


def test_what_is_under_way_is_what_can_still_move():
    for states, under_way in (
        (RunStatus, flow.UNFINISHED_RUN),
        (AlertStatus, flow.UNSETTLED_ALERT),
        (ReviewStatus, flow.UNSETTLED_REVIEW),
    ):
        assert {str(state) for state in under_way} == {state for state, targets in MOVES[states].items() if targets}


def test_a_recording_s_states_are_uploaded_and_those_of_its_newest_run():
    assert set(RecordingStatus.values) == {"uploaded", *RunStatus.values}


@pytest.mark.parametrize("states", flow.ALLOWED)
def test_every_state_is_listed_with_its_moves(states):
    assert set(flow.ALLOWED[states]) == set(states)


def test_a_move_is_made_by_one_caller_only():
    run = RunFactory(status=RunStatus.QUEUED)
    rows = Run.objects.filter(pk=run.pk)
    assert flow.move(rows, RunStatus.CANCELLED) == 1
    assert flow.move(rows, RunStatus.CANCELLED) == 0


def test_a_finished_run_never_moves_again():
    run = RunFactory(status=RunStatus.SUCCEEDED)
    for state in RunStatus:
        assert flow.move(Run.objects.filter(pk=run.pk), state) == 0


def test_a_closed_alert_cannot_be_dismissed():
    alert = AlertFactory(status=AlertStatus.CLOSED, settled_at=timezone.now())
    assert flow.move(Alert.objects.filter(pk=alert.pk), AlertStatus.DISMISSED, settled_at=timezone.now()) == 0


def test_a_recording_has_one_unfinished_run_at_most():
    recording = RecordingFactory()
    RunFactory(recording=recording, number=1, status=RunStatus.QUEUED)
    with pytest.raises(IntegrityError), transaction.atomic():
        RunFactory(recording=recording, number=2, status=RunStatus.QUEUED)


def test_a_recording_shows_uploaded_until_it_has_a_run():
    recording = RecordingFactory()
    assert recording.status == "uploaded"
    RunFactory(recording=recording, status=RunStatus.FAILED, error_code="damaged_file")
    assert recording.status == "failed"
