"""Every move between states happens once or not at all."""

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone

from analysis import flow
from analysis.flow import AlertStatus, RunStatus
from analysis.models import Alert, Run
from tests.factories import AlertFactory, RecordingFactory, RunFactory

pytestmark = pytest.mark.django_db


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
