"""A longer list takes no more queries than a short one."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from analysis.models import AlertEvent, LabelCorrection
from tests.factories import (
    AlertFactory,
    ConsentFactory,
    RecordingFactory,
    ReviewFactory,
    RunFactory,
    StudentFactory,
    TurnFactory,
    UserFactory,
    analysed,
)


def more_students(people):
    StudentFactory()
    return "/api/v1/students/"


def more_consents(people):
    ConsentFactory(
        student=people.student, granted_by=UserFactory(), ended_at="2026-01-01T00:00Z", end_reason="replaced"
    )
    return f"/api/v1/students/{people.student.pk}/consents/"


def more_recordings(people):
    RunFactory(recording__student=people.student)
    RunFactory(recording__student=people.student, status="failed", error_code="internal")
    return "/api/v1/recordings/"


def more_corrections(people):
    recording = people.student.recordings.first() or analysed(people.student, ["sad"] * 20)
    free = recording.current_run.segments.filter(corrections__isnull=True).first()
    LabelCorrection.objects.create(segment=free, label="normal", by=UserFactory())
    return f"/api/v1/recordings/{recording.pk}/segments/"


def more_turns(people):
    recording = people.student.recordings.first() or analysed(people.student, ["sad"])
    TurnFactory(speaker__run=recording.current_run)
    return f"/api/v1/recordings/{recording.pk}/speakers/"


def more_sessions(people):
    analysed(people.student, ["sad", "normal"])
    return f"/api/v1/students/{people.student.pk}/trend/"


def more_alerts(people):
    AlertFactory(crossing=RecordingFactory(student=people.student), review=None)
    return "/api/v1/alerts/"


def more_events(people):
    alert = people.student.alerts.first() or AlertFactory(crossing=RecordingFactory(student=people.student))
    AlertEvent.objects.create(alert=alert, actor=UserFactory(), status="acknowledged")
    return f"/api/v1/alerts/{alert.pk}/"


def more_reviews(people):
    ReviewFactory(reviewer=UserFactory())
    return "/api/v1/reviews/"


def more_gathered_alerts(people):
    review = people.student.reviews.first() or ReviewFactory(student=people.student)
    AlertFactory(crossing=RecordingFactory(student=people.student), review=review)
    return f"/api/v1/reviews/{review.pk}/"


@pytest.mark.parametrize(
    "more",
    [
        more_students, more_consents, more_recordings, more_corrections, more_sessions, more_alerts, more_events,
        more_reviews, more_gathered_alerts, more_turns,
    ],
)  # fmt: skip
def test_the_number_of_queries_does_not_grow_with_the_rows(people, api, more):
    script = api(people.admin)

    def queries(address: str) -> int:
        with CaptureQueriesContext(
            connection,
        ) as seen:
            assert script.get(address).status_code == 200
        return len(seen)

    address = more(people)
    few = queries(address)
    for _ in range(4):
        more(people)
    assert queries(address) == few
    assert few <= 12
