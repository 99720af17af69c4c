"""Rules over a student's sessions: an alert is raised once per crossing, and a person brings it to an end.

Raising again after a new or a repeated run is harmless: an alert belongs to a crossing if its first recording lies
anywhere in that stretch of sessions, so neither a recording that is being analysed again nor one uploaded late makes
a second alert of it; the database constraint stands behind that. Whoever raises, settles or reviews holds the lock on
the student's row, so that two of them never decide on half of the picture.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from analysis.alerts import notices
from analysis.alerts.caseload import CaseloadEntry, Urgency, caseload
from analysis.alerts.crossings import Crossing, RuleSettings, crossings
from analysis.alerts.explanation import evidence_of, explain, rule_name
from analysis.errors import Refused
from analysis.flow import UNSETTLED_ALERT, UNSETTLED_REVIEW, AlertStatus, ReviewStatus, RunStatus, move
from analysis.models import Alert, AlertEvent, AlertRule, Recording, Review, Run
from analysis.models.alert import RuleKind
from analysis.trends.sessions import session_indexes, summaries_refresh
from analysis.trends.shares import SessionIndex
from students import audit
from students.locking import student_lock
from students.models import Student, User

__all__ = [
    "CaseloadEntry",
    "Urgency",
    "alert_acknowledge",
    "alert_dismiss",
    "alert_escalate",
    "alerts_raise",
    "alerts_revise",
    "caseload",
    "explain",
    "rule_name",
    "rule_update",
]


# --- raising ----------------------------------------------------------------------------------------------------------


@transaction.atomic
def alerts_raise(student: Student, *, at: datetime | None = None) -> list[Alert]:
    """Raises what the enabled rules see in the student's sessions and returns the new alerts.

    Idempotent. A rule that was edited by a person looks only at crossings with a session analysed after the edit:
    lowering a threshold must not turn last year's sessions into today's alerts.

    Args:
        at: when the alerts are raised; now when None.
    """
    student_lock(student.pk)
    summaries_refresh(student)
    sessions = session_indexes(Recording.objects.filter(student=student))
    raised = []
    for rule in AlertRule.objects.filter(enabled=True):
        settings = RuleSettings.of(rule)
        known = list(
            Alert.objects.filter(student=student, rule=rule).values_list("crossing__recorded_at", "crossing_id")
        )
        for crossing in crossings(settings, sessions):
            if any(crossing.holds(key) for key in known) or _before_edit(rule, crossing) or _only_reread(crossing):
                continue
            alert = _raise(student, rule, settings, crossing, at or timezone.now())
            if alert is not None:
                raised.append(alert)
    return raised


def _before_edit(rule: AlertRule, crossing: Crossing) -> bool:
    """Whether every session of the crossing was analysed before a person last edited the rule."""
    if rule.updated_by_id is None:
        return False
    return all(s.analysed_at is not None and s.analysed_at < rule.updated_at for s in crossing.sessions)


def _only_reread(crossing: Crossing) -> bool:
    """Whether every session of the crossing was read anew since it was analysed: the yardstick moved, not the student.

    Each of them had its chance to raise an alert when it was first read.
    """
    return all(session.reread for session in crossing.sessions)


def _raise(student: Student, rule: AlertRule, settings: RuleSettings, crossing: Crossing, at: datetime) -> Alert | None:
    """Writes the alert, its review and its notices; None if another process was first."""
    first = crossing.sessions[0]
    # get_or_create writes in a savepoint: losing the race to the constraint leaves this transaction usable.
    alert, created = Alert.objects.get_or_create(
        student=student,
        rule=rule,
        crossing_id=first.recording_id,
        defaults={
            "kind": rule.kind,
            "raised_at": at,
            "evidence": evidence_of(rule, settings, crossing),
            "synthetic": first.synthetic,
        },
    )
    if not created:
        return None
    alert.review = review_for(student, at=at, synthetic=first.synthetic)
    alert.save(update_fields=["review"])
    AlertEvent.objects.create(alert=alert, at=at, status=AlertStatus.OPEN)
    audit.record("alert.raise", student=student, object_type="alert", object_ref=alert.pk, kind=rule.kind)
    notices.notices_create(alert)
    return alert


def review_for(student: Student, *, at: datetime, synthetic: bool) -> Review:
    """The student's one unsettled review, opened if there is none. The caller holds the student's lock."""
    review = Review.objects.filter(student=student, status__in=UNSETTLED_REVIEW).first()
    if review is None:
        review = Review.objects.create(student=student, opened_at=at, synthetic=synthetic)
        audit.record("review.open", student=student, object_type="review", object_ref=review.pk)
    return review


# --- after results were removed ---------------------------------------------------------------------------------------


@transaction.atomic
def alerts_revise(student: Student) -> int:
    """Brings the alerts in line after results of the student were removed; returns how many alerts were deleted.

    An alert that rests on a removed result stays only if what is left still proves its crossing under the rule as it
    was then; its evidence is then written anew. Otherwise it is deleted, and the audit trail keeps the count only.
    Reviews left without an unsettled alert lapse. Nothing new is raised here.
    """
    student_lock(student.pk)
    summaries_refresh(student)
    sessions = session_indexes(Recording.objects.filter(student=student))
    with_results = {
        str(recording)
        for recording in Run.objects.filter(recording__student=student, status=RunStatus.SUCCEEDED).values_list(
            "recording_id", flat=True
        )
    }
    gone, rewritten = [], 0
    for alert in Alert.objects.filter(student=student).select_related("rule", "crossing"):
        if _rests_on(alert) <= with_results:
            continue
        evidence = _proven_still(alert, sessions, with_results)
        if evidence is None:
            gone.append(alert.pk)
        else:
            Alert.objects.filter(pk=alert.pk).update(evidence=evidence)
            rewritten += 1
    Alert.objects.filter(pk__in=gone).delete()
    if gone or rewritten:
        audit.record("alert.revise", student=student, deleted=len(gone), rewritten=rewritten)
    reviews_lapse(student)
    return len(gone)


def _rests_on(alert: Alert) -> set[str]:
    """Ids of the recordings whose results are in the alert's evidence."""
    evidence = alert.evidence
    return {
        str(alert.crossing_id),
        *evidence.get("recordings", []),
        *evidence.get("baseline", {}).get("recordings", []),
    }


def _proven_still(alert: Alert, sessions: Sequence[SessionIndex], with_results: set[str]) -> dict[str, Any] | None:
    """The evidence that the remaining sessions still give for the alert; None if they do not."""
    if alert.rule is None or "rule" not in alert.evidence or str(alert.crossing_id) not in with_results:
        return None
    settings = RuleSettings.stored(alert.evidence["rule"])
    key = (alert.crossing.recorded_at, alert.crossing_id)
    for crossing in crossings(settings, sessions):
        if crossing.holds(key):
            return evidence_of(alert.rule, settings, crossing)
    return None


def reviews_lapse(student: Student, *, by: User | None = None) -> int:
    """Lets the student's unsettled review lapse if none of its alerts is unsettled any more; returns 0 or 1."""
    idle = Review.objects.filter(student=student).exclude(alerts__status__in=UNSETTLED_ALERT)
    reviews = list(idle.filter(status__in=UNSETTLED_REVIEW).values_list("pk", flat=True))
    lapsed = move(Review.objects.filter(pk__in=reviews), ReviewStatus.LAPSED, settled_at=timezone.now())
    for review in reviews:
        audit.record("review.lapse", actor=by, student=student, object_type="review", object_ref=review)
    return lapsed


# --- lifecycle --------------------------------------------------------------------------------------------------------


@transaction.atomic
def alert_acknowledge(alert: Alert, *, by: User) -> Alert:
    """Someone has seen the alert and looks after it.

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


# --- rules ------------------------------------------------------------------------------------------------------------

_SHARE_BOUNDS = {"threshold": (0.05, 0.95), "min_evidence_s": (10, 3600), "min_coverage": (0.05, 1)}
BOUNDS: dict[str, dict[str, tuple[float, float]]] = {
    RuleKind.SHARE: _SHARE_BOUNDS,
    RuleKind.SUSTAINED: {**_SHARE_BOUNDS, "sessions": (2, 20)},
    RuleKind.EWMA: {**_SHARE_BOUNDS, "threshold": (1, 6), "sessions": (3, 20), "smoothing": (0.05, 1)},
}
"""What may be edited per kind of rule besides name and enabled, each with the least and greatest value."""


@transaction.atomic
def rule_update(rule: AlertRule, *, by: User, **changes: Any) -> AlertRule:
    """Edits a rule. Alerts already raised keep the settings they were raised with.

    Args:
        changes: any of ``name``, ``enabled``, ``threshold``, ``sessions``, ``smoothing``, ``min_evidence_s``,
            ``min_coverage``; settings the rule's kind does not use are ignored.

    Raises:
        ValidationError: by field; a value lies outside ``BOUNDS`` or the name is empty.
    """
    stored = AlertRule.objects.select_for_update().get(pk=rule.pk)
    bounds = BOUNDS[stored.kind]
    wanted = {name: value for name, value in changes.items() if name in {"name", "enabled"} | bounds.keys()}
    problems: dict[str, Any] = {
        name: _("Choose a value between %(least)s and %(greatest)s.") % {"least": least, "greatest": greatest}
        for name, (least, greatest) in bounds.items()
        if name in wanted and not (wanted[name] is not None and least <= wanted[name] <= greatest)
    }
    if "name" in wanted and not str(wanted["name"]).strip():
        problems["name"] = _("A rule needs a name.")
    if problems:
        raise ValidationError(problems)
    changed = {name: value for name, value in wanted.items() if getattr(stored, name) != value}
    if changed:
        for name, value in changed.items():
            setattr(stored, name, value)
        stored.updated_by = by
        stored.save()
        numbers = {name: value for name, value in changed.items() if name != "name"}
        audit.record("rule.update", actor=by, object_type="rule", object_ref=stored.pk, kind=stored.kind, **numbers)
    rule.refresh_from_db()
    return rule
