"""How a person brings an alert to an end, and how the review follows that gathers a student's alerts."""

from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils import timezone

from analysis.alerts import notices
from analysis.errors import Refused
from analysis.flow import UNSETTLED_ALERT, UNSETTLED_REVIEW, AlertStatus, ReviewStatus, move
from analysis.models import Alert, AlertEvent, Review
from students import audit
from students.locking import student_lock
from students.models import Student, User


@transaction.atomic
def alert_acknowledge(alert: Alert, *, by: User) -> Alert:
    """Someone has seen the alert and takes care of it.

    Raises:
        Refused: it is settled or was acknowledged or escalated already.
    """
    return _moved(alert, AlertStatus.ACKNOWLEDGED, by=by)


@transaction.atomic
def alert_dismiss(alert: Alert, *, by: User, reason: str) -> Alert:
    """Settles the alert as unfounded; with its last unsettled alert the review lapses too.

    Raises:
        Refused: no reason is given, or the alert is settled or escalated already.
    """
    if not reason.strip():
        raise Refused("reason_required")
    student_lock(alert.student_id)
    _moved(alert, AlertStatus.DISMISSED, by=by, reason=reason.strip(), settled_at=timezone.now())
    reviews_lapse(alert.student, by=by)
    return alert


@transaction.atomic
def alert_escalate(alert: Alert, *, by: User, reason: str = "") -> Alert:
    """Asks for an administrator's review now; the reviewers' notices become new again.

    Raises:
        Refused: the alert is settled or escalated already.
    """
    student_lock(alert.student_id)
    _moved(alert, AlertStatus.ESCALATED, by=by, reason=reason.strip())
    if alert.review is None or alert.review.status not in UNSETTLED_REVIEW:
        alert.review = review_for(alert.student, at=timezone.now(), synthetic=alert.synthetic)
        alert.save(update_fields=["review"])
    notices.notices_renew(alert, by=by)
    return alert


def alert_close(alert: Alert, *, by: User) -> Alert:
    """Settles the alert with its review's decision. Called by ``reviews``, in the decision's transaction."""
    return _moved(alert, AlertStatus.CLOSED, by=by, settled_at=timezone.now())


def _moved(alert: Alert, to: AlertStatus, *, by: User, reason: str = "", **fields: Any) -> Alert:
    """Makes the move, writes who made it and why, and brings ``alert`` up to date."""
    if not move(Alert.objects.filter(pk=alert.pk), to, **fields):
        now = Alert.objects.filter(pk=alert.pk).first()
        raise Refused("alert_moved" if now is not None and now.status in UNSETTLED_ALERT else "alert_settled")
    AlertEvent.objects.create(alert=alert, actor=by, status=to, reason=reason)
    audit.record(f"alert.{to}", actor=by, student=alert.student_id, object_type="alert", object_ref=alert.pk)
    alert.refresh_from_db()
    return alert


# --- the student's review ---------------------------------------------------------------------------------------------


def review_for(student: Student, *, at: datetime, synthetic: bool) -> Review:
    """The student's one unsettled review, opened if there is none. The caller holds the student's lock."""
    review = Review.objects.filter(student=student, status__in=UNSETTLED_REVIEW).first()
    if review is None:
        review = Review.objects.create(student=student, opened_at=at, synthetic=synthetic)
        audit.record("review.open", student=student, object_type="review", object_ref=review.pk)
    return review


def reviews_lapse(student: Student, *, by: User | None = None) -> int:
    """Lets the student's unsettled review lapse if none of its alerts is unsettled any more; returns 0 or 1."""
    idle = Review.objects.filter(student=student).exclude(alerts__status__in=UNSETTLED_ALERT)
    reviews = list(idle.filter(status__in=UNSETTLED_REVIEW).values_list("pk", flat=True))
    lapsed = move(Review.objects.filter(pk__in=reviews), ReviewStatus.LAPSED, settled_at=timezone.now())
    for review in reviews:
        audit.record("review.lapse", actor=by, student=student, object_type="review", object_ref=review)
    return lapsed
