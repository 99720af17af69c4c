"""An administrator's review of a flagged student."""

from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from django.db.models import Count, Max, Q
from django.utils import timezone

from analysis.alerts.lifecycle import alert_close
from analysis.errors import Refused
from analysis.flow import UNSETTLED_ALERT, UNSETTLED_REVIEW, AlertStatus, ReviewStatus, move
from analysis.models import Review
from analysis.models.review import Decision
from students import audit
from students.access import Action, scoped
from students.locking import student_lock
from students.models import User


@dataclass(frozen=True)
class QueueEntry:
    """One flagged student in the review queue.

    Attributes:
        escalated: alerts a counsellor escalated.
        unsettled: all alerts not settled yet, those included.
        newest_at: when the newest of them was raised.
    """

    review: Review
    escalated: int
    unsettled: int
    newest_at: datetime | None


def review_queue(user: User) -> list[QueueEntry]:
    """The unsettled reviews the user may see: escalated ones first, then those that have waited longest."""
    unsettled = Q(alerts__status__in=UNSETTLED_ALERT)
    rows = (
        scoped(user, Action.REVIEW_VIEW, Review.objects.filter(status__in=UNSETTLED_REVIEW))
        .select_related("student", "reviewer")
        .annotate(
            escalated=Count("alerts", filter=Q(alerts__status=AlertStatus.ESCALATED)),
            unsettled=Count("alerts", filter=unsettled),
            newest_at=Max("alerts__raised_at", filter=unsettled),
        )
    )
    entries = [QueueEntry(review, review.escalated, review.unsettled, review.newest_at) for review in rows]
    return sorted(entries, key=lambda entry: (not entry.escalated, entry.review.opened_at))


@transaction.atomic
def review_claim(review: Review, *, by: User) -> Review:
    """Takes the review in hand, so that others see who works on it; taking one's own again changes nothing.

    Raises:
        Refused: someone else has it, or it is settled.
    """
    if not move(Review.objects.filter(pk=review.pk), ReviewStatus.IN_REVIEW, reviewer=by):
        review.refresh_from_db()
        if review.status == ReviewStatus.IN_REVIEW and review.reviewer_id == by.pk:
            return review
        raise Refused("review_claimed" if review.status in UNSETTLED_REVIEW else "review_settled")
    audit.record("review.claim", actor=by, student=review.student_id, object_type="review", object_ref=review.pk)
    review.refresh_from_db()
    return review


@transaction.atomic
def review_release(review: Review, *, by: User) -> Review:
    """Puts a claimed review back into the queue, for whoever comes next.

    Raises:
        Refused: it is settled.
    """
    if not move(Review.objects.filter(pk=review.pk), ReviewStatus.PENDING, reviewer=None):
        review.refresh_from_db()
        if review.status == ReviewStatus.PENDING:
            return review
        raise Refused("review_settled")
    audit.record("review.release", actor=by, student=review.student_id, object_type="review", object_ref=review.pk)
    review.refresh_from_db()
    return review


@transaction.atomic
def review_decide(review: Review, *, by: User, decision: str, note: str) -> Review:
    """Settles the review and closes all its unsettled alerts; whoever decides first has decided.

    Raises:
        Refused: decision or note is missing, or the review was settled in the meantime.
    """
    if decision not in Decision.values:
        raise Refused("decision_required")
    if not note.strip():
        raise Refused("note_required")
    student_lock(review.student_id)
    settled = {"decision": decision, "note": note.strip(), "reviewer": by, "settled_at": timezone.now()}
    if not move(Review.objects.filter(pk=review.pk), ReviewStatus.DECIDED, **settled):
        raise Refused("review_settled")
    alerts = list(review.alerts.filter(status__in=UNSETTLED_ALERT))
    for alert in alerts:
        alert_close(alert, by=by)
    audit.record(
        "review.decide",
        actor=by,
        student=review.student_id,
        object_type="review",
        object_ref=review.pk,
        decision=decision,
        alerts=len(alerts),
    )
    review.refresh_from_db()
    return review
