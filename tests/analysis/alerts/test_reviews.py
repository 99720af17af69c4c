"""A review is decided once, by one person, and closes what it was about."""

from datetime import timedelta

import pytest
from django.utils import timezone

from analysis.alerts.lifecycle import alert_escalate
from analysis.alerts.raising import alerts_raise
from analysis.alerts.reviews import review_claim, review_decide, review_queue, review_release
from analysis.errors import Refused
from analysis.flow import AlertStatus, ReviewStatus
from analysis.models import AlertEvent, LabelCorrection
from analysis.trends.corrections import label_correct
from analysis.trends.sessions import session_index
from students.models import AuditEvent, Role
from tests.analysis.alert_stories import raised_alert
from tests.factories import AlertFactory, SegmentFactory, UserFactory

pytestmark = pytest.mark.django_db


def test_the_queue_shows_escalated_students_first_then_those_who_waited_longest(people):
    now = timezone.now()
    newer = AlertFactory(review__opened_at=now - timedelta(days=1))
    older = AlertFactory(review__opened_at=now - timedelta(days=5))
    escalated = AlertFactory(review__opened_at=now)
    alert_escalate(escalated, by=people.admin)
    AlertFactory(status=AlertStatus.CLOSED, settled_at=now, review__status=ReviewStatus.LAPSED, review__settled_at=now)
    queue = review_queue(people.admin)
    assert [entry.review for entry in queue] == [escalated.review, older.review, newer.review]
    assert [(entry.escalated, entry.unsettled) for entry in queue] == [(1, 1), (0, 1), (0, 1)]


def test_only_those_who_review_see_the_queue(people):
    AlertFactory(crossing__student=people.student)
    assert [len(review_queue(user)) for user in (people.admin, people.owner, people.teammate, people.staff)] == [
        1,
        0,
        0,
        0,
    ]


def test_the_queue_takes_one_query(people, django_assert_num_queries):
    for _ in range(4):
        AlertFactory()
    with django_assert_num_queries(1):
        assert [entry.review.student.name for entry in review_queue(people.admin)]


def test_a_review_is_claimed_by_one_person(people):
    review = AlertFactory().review
    other = UserFactory(role=Role.ADMIN)
    review_claim(review, by=people.admin)
    assert (review.status, review.reviewer) == (ReviewStatus.IN_REVIEW, people.admin)
    review_claim(review, by=people.admin)
    with pytest.raises(Refused) as refused:
        review_claim(review, by=other)
    assert refused.value.code == "review_claimed"
    review_release(review, by=other)
    review_claim(review, by=other)
    assert review.reviewer == other


def test_a_decision_closes_every_alert_of_the_review(people):
    alert = raised_alert(people.student)
    second = AlertFactory(crossing=alert.crossing, review=alert.review)
    alert_escalate(second, by=people.owner)
    review_decide(alert.review, by=people.admin, decision="contact", note="Spoke on the phone.")
    for row in (alert, second):
        row.refresh_from_db()
        assert row.status == AlertStatus.CLOSED
        assert row.settled_at is not None
        assert AlertEvent.objects.filter(alert=row, status=AlertStatus.CLOSED, actor=people.admin).exists()
    assert (alert.review.status, alert.review.decision) == (ReviewStatus.DECIDED, "contact")
    assert AuditEvent.objects.get(action="review.decide").detail == {"decision": "contact", "alerts": 2}


@pytest.mark.parametrize(
    ("decision", "note", "code"),
    [
        ("", "a note", "decision_required"),
        ("nonsense", "a note", "decision_required"),
        ("contact", " ", "note_required"),
    ],
)
def test_a_decision_needs_a_choice_and_a_note(people, decision, note, code):
    review = AlertFactory().review
    with pytest.raises(Refused) as refused:
        review_decide(review, by=people.admin, decision=decision, note=note)
    assert refused.value.code == code
    review.refresh_from_db()
    assert review.status == ReviewStatus.PENDING


def test_the_second_of_two_decisions_is_refused_and_changes_nothing(people):
    review = AlertFactory().review
    review_decide(review, by=people.admin, decision="contact", note="first")
    with pytest.raises(Refused) as refused:
        review_decide(review, by=UserFactory(role=Role.ADMIN), decision="no_action", note="second")
    assert refused.value.code == "review_settled"
    assert refused.value.http_status == 409
    review.refresh_from_db()
    assert (review.decision, review.note, review.reviewer) == ("contact", "first", people.admin)


def test_if_an_alert_cannot_be_closed_nothing_is_decided(people, monkeypatch):
    review = AlertFactory().review

    def fail(*args, **kwargs):
        raise RuntimeError

    monkeypatch.setattr("analysis.alerts.reviews.alert_close", fail)
    with pytest.raises(RuntimeError):
        review_decide(review, by=people.admin, decision="contact", note="note")
    review.refresh_from_db()
    assert review.status == ReviewStatus.PENDING


def test_a_crossing_after_a_decision_opens_a_new_review(people):
    from tests.analysis.alert_stories import session

    alert = raised_alert(people.student)
    review_decide(alert.review, by=people.admin, decision="monitor", note="watch")
    session(people.student, 0.1, week=2)
    session(people.student, 0.9, week=3)
    (second,) = alerts_raise(people.student)
    assert second.review != alert.review
    assert second.review.status == ReviewStatus.PENDING


def test_a_correction_changes_the_sessions_numbers_and_keeps_the_models_label(people):
    alert = raised_alert(people.student)
    segment = alert.crossing.current_run.segments.first()
    before = session_index(alert.crossing).negative_share
    label_correct(segment, by=people.owner, label="happy", comment="laughing")
    segment.refresh_from_db()
    assert segment.label == "sad"
    assert session_index(alert.crossing).negative_share < before
    assert AuditEvent.objects.get(action="label.correct").detail == {"index": 0}


def test_a_moment_that_has_gone_with_its_run_is_refused(people):
    segment = SegmentFactory()
    segment.run.delete()
    with pytest.raises(Refused, match="results_changed"):
        label_correct(segment, by=people.owner, label="happy")
    assert not LabelCorrection.objects.exists()


def test_a_label_outside_the_seven_and_a_gap_cannot_be_corrected(people):
    with pytest.raises(Refused):
        label_correct(SegmentFactory(), by=people.owner, label="calm")
    with pytest.raises(Refused):
        label_correct(SegmentFactory(label=None), by=people.owner, label="sad")
    assert not LabelCorrection.objects.exists()
