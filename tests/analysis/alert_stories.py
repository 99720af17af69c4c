"""Students' histories for the tests of alerts, reviews, notices, charts and reports."""

from datetime import UTC, datetime, timedelta
from typing import Any

from analysis.models import Alert, AlertRule, Recording, StoredTrendSettings
from students.models import Student
from tests.factories import AlertRuleFactory, analysed

START = datetime(2025, 3, 3, 10, tzinfo=UTC)


def session(student: Student, negative: float, week: int, segments: int = 50, **fields: Any) -> Recording:
    """An analysed session in week ``week`` in which this share of the segments is sad, the rest normal."""
    sad = round(negative * segments)
    labels: list[str | None] = ["sad"] * sad + ["normal"] * (segments - sad)
    return analysed(student, labels, recorded_at=START + timedelta(weeks=week), **fields)


def only_rule(kind: str, **fields: Any) -> AlertRule:
    """The one rule there is; what an EWMA rule raises by are the settings of the trend."""
    AlertRule.objects.all().delete()
    numbers = {"min_evidence_s": 30, "min_coverage": 0.3, **fields}
    if kind == "ewma":
        StoredTrendSettings.objects.update(**numbers)
        return AlertRuleFactory(kind=kind, threshold=None, min_evidence_s=None, min_coverage=None)
    return AlertRuleFactory(kind=kind, **numbers)


def raised_alert(student: Student, **fields: Any) -> Alert:
    """An alert raised by a real session with much negative time."""
    from analysis.alerts.raising import alerts_raise

    only_rule("share", threshold=0.5, name="Much negative emotion in one session")
    session(student, 0.8, week=1, **fields)
    (alert,) = alerts_raise(student)
    return alert
