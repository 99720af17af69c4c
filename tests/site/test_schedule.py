"""What runs by the clock is there under its name and does its work; a message carries an id and nothing more."""

from datetime import date, timedelta

import pytest
from celery import current_app
from django.conf import settings
from django.contrib.sessions.models import Session
from django.core import mail
from django.utils import timezone

from analysis.flow import RunStatus
from analysis.models import Run
from students.models import Consent, Purpose
from tests.analysis.alert_stories import raised_alert
from tests.factories import ConsentFactory, RunFactory, UploadFactory, consented

pytestmark = pytest.mark.django_db


def work(name: str) -> None:
    """Does once what the schedule does under this name."""
    current_app.tasks[settings.CELERY_BEAT_SCHEDULE[name]["task"]].apply().get()


@pytest.fixture(autouse=True)
def tasks() -> None:
    """Tasks are registered when a worker loads them."""
    current_app.loader.import_default_modules()


def test_everything_on_the_schedule_is_a_task():
    assert {each["task"] for each in settings.CELERY_BEAT_SCHEDULE.values()} <= set(current_app.tasks)


def test_all_housekeeping_is_on_the_schedule():
    own = {name for name in current_app.tasks if name.startswith("analysis.")}
    assert own - {each["task"] for each in settings.CELERY_BEAT_SCHEDULE.values()} == {
        "analysis.tasks.run_process",
        "analysis.tasks.transcript_process",
    }


def test_expired_consents_are_ended_by_the_clock():
    consent = ConsentFactory(purpose=Purpose.RESEARCH, expires_on=date.today() - timedelta(days=2))
    work("consents-expire")
    assert Consent.objects.get(pk=consent.pk).end_reason == "expired"


def test_a_dead_worker_s_run_is_taken_up_by_the_clock(settings):
    run = RunFactory(
        status=RunStatus.RUNNING,
        lease_token="00000000-0000-0000-0000-000000000001",
        lease_expires_at=timezone.now() - timedelta(minutes=5),
    )
    work("runs-sweep")
    assert Run.objects.get(pk=run.pk).status == RunStatus.QUEUED


def test_overdue_uploads_are_closed_by_the_clock():
    upload = UploadFactory(expires_at=timezone.now() - timedelta(hours=1))
    work("uploads-purge")
    upload.refresh_from_db()
    assert upload.status == "rejected"


def test_notices_are_mailed_by_the_clock(people):
    raised_alert(people.student)
    work("notices-send")
    assert mail.outbox


def test_sessions_that_have_run_out_are_removed_by_the_clock():
    Session.objects.create(session_key="old", session_data="", expire_date=timezone.now() - timedelta(days=1))
    Session.objects.create(session_key="new", session_data="", expire_date=timezone.now() + timedelta(days=1))
    work("sessions-clear")
    assert list(Session.objects.values_list("session_key", flat=True)) == ["new"]


def test_a_message_carries_the_run_s_id_alone(monkeypatch):
    from analysis.runs import lifecycle

    sent = []
    monkeypatch.setattr(current_app, "send_task", lambda *args, **options: sent.append((args, options)))
    run = RunFactory(recording__student=consented(), status=RunStatus.QUEUED)
    lifecycle.run_announce(run.pk)
    assert sent == [((lifecycle.TASK,), {"args": [str(run.pk)], "retry": False})]
