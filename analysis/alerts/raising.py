"""Raising alerts over a student's sessions, once per crossing, and revising them after results were removed.

Raising again after a new or a repeated run is harmless: an alert belongs to a crossing if its first recording lies
anywhere in that stretch of sessions, so neither a recording that is being analysed again nor one uploaded late makes
a second alert of it; the database constraint stands behind that. Whoever raises, settles or reviews holds the lock on
the student's row, so that two of them never decide on half of the picture.
"""

from collections.abc import Sequence
from datetime import datetime

from django.db import transaction
from django.utils import timezone

from analysis.alerts import notices
from analysis.alerts.crossings import Crossing, RuleSettings, crossings
from analysis.alerts.evidence import AnyEvidence, evidence_json, evidence_of, evidence_read
from analysis.alerts.explanation import strongest_moments
from analysis.alerts.lifecycle import review_for, reviews_lapse
from analysis.alerts.rules import rule_settings
from analysis.flow import AlertStatus, RunStatus
from analysis.models import Alert, AlertEvent, AlertRule, Recording, Run, StoredTrendSettings
from analysis.models.alert import RuleKind
from analysis.trends.sessions import session_indexes, summaries_refresh
from analysis.trends.settings import stored_trend_settings, trend_settings
from analysis.trends.shares import SessionIndex
from students import audit
from students.locking import student_lock
from students.models import Student


@transaction.atomic
def alerts_raise(student: Student, *, at: datetime | None = None) -> list[Alert]:
    """Raises what the enabled rules see in the student's sessions and returns the new alerts.

    Idempotent. A rule that was edited by a person looks only at crossings with a session analysed after the edit (of
    the trend's settings for an EWMA rule): lowering a threshold must not turn last year's sessions into today's alerts.

    Args:
        at: when the alerts are raised; now when None.
    """
    student_lock(student.pk)
    summaries_refresh(student)
    sessions = session_indexes(Recording.objects.filter(student=student))
    trend, raised = trend_settings(), []
    for rule in AlertRule.objects.filter(enabled=True):
        settings, edited_at = rule_settings(rule, trend), _edited_at(rule)
        keys = list(
            Alert.objects.filter(student=student, rule=rule).values_list("crossing__recorded_at", "crossing_id")
        )
        for crossing in crossings(settings, sessions):
            if any(crossing.holds(key) for key in keys) or _before(edited_at, crossing) or _only_reread(crossing):
                continue
            alert = _raise(student, rule, settings, crossing, at or timezone.now())
            if alert is not None:
                raised.append(alert)
    return raised


def _edited_at(rule: AlertRule) -> datetime | None:
    """When a person last edited the settings the rule raises alerts by; None if nobody ever has."""
    edited: list[AlertRule | StoredTrendSettings] = (
        [rule, stored_trend_settings()] if rule.kind == RuleKind.EWMA else [rule]
    )
    return max((each.updated_at for each in edited if each.updated_by_id is not None), default=None)


def _before(edited_at: datetime | None, crossing: Crossing) -> bool:
    """Whether every session of the crossing was analysed before the edit."""
    if edited_at is None:
        return False
    return all(s.analysed_at is not None and s.analysed_at < edited_at for s in crossing.sessions)


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
            "evidence": evidence_json(_evidence(rule, settings, crossing)),
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


def _evidence(rule: AlertRule, settings: RuleSettings, crossing: Crossing) -> AnyEvidence:
    return evidence_of(rule, settings, crossing, strongest_moments(crossing.proof))


# --- after results were removed ---------------------------------------------------------------------------------------


@transaction.atomic
def alerts_revise(student: Student) -> int:
    """Brings the alerts in line after results of the student were removed; returns how many alerts were deleted.

    An alert that rests on a removed result stays only if what is left still proves its crossing under the rule as it
    was then; its evidence is then written anew. Otherwise it is deleted, and the audit trail keeps the count only.
    An alert whose stored numbers cannot be read stays too, but the numbers go: they may hold a removed result.
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
    unproven, rewritten = [], 0
    for alert in Alert.objects.filter(student=student).select_related("rule", "crossing"):
        evidence = evidence_read(alert)
        if evidence is None and alert.evidence and str(alert.crossing_id) in with_results:
            Alert.objects.filter(pk=alert.pk).update(evidence={})
            rewritten += 1
            continue
        if {str(alert.crossing_id), *(evidence.rests_on if evidence else ())} <= with_results:
            continue
        new_evidence = _proven_still(alert, evidence, sessions, with_results)
        if new_evidence is None:
            unproven.append(alert.pk)
        else:
            Alert.objects.filter(pk=alert.pk).update(evidence=evidence_json(new_evidence))
            rewritten += 1
    Alert.objects.filter(pk__in=unproven).delete()
    if unproven or rewritten:
        audit.record("alert.revise", student=student, deleted=len(unproven), rewritten=rewritten)
    reviews_lapse(student)
    return len(unproven)


def _proven_still(
    alert: Alert, evidence: AnyEvidence | None, sessions: Sequence[SessionIndex], with_results: set[str]
) -> AnyEvidence | None:
    """The evidence that the remaining sessions still give for the alert; None if they do not."""
    if alert.rule is None or evidence is None or str(alert.crossing_id) not in with_results:
        return None
    key = (alert.crossing.recorded_at, alert.crossing_id)
    for crossing in crossings(evidence.settings, sessions):
        if crossing.holds(key):
            return _evidence(alert.rule, evidence.settings, crossing)
    return None
