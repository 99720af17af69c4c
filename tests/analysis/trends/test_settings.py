"""The settings of the trend stand by themselves: no alert rule changes how a curve is drawn."""

import pytest
from django.core.exceptions import ValidationError
from django.urls import reverse

from analysis.alerts.raising import alerts_raise
from analysis.models import AlertRule, StoredTrendSettings
from analysis.trends.series import TrendSettings
from analysis.trends.sessions import student_trend
from analysis.trends.settings import trend_settings, trend_settings_update
from students.models import AuditEvent
from tests.analysis.alert_stories import only_rule, session
from tests.factories import consented

pytestmark = pytest.mark.django_db


def test_a_new_installation_has_the_defaults():
    assert trend_settings() == TrendSettings()
    StoredTrendSettings.objects.all().delete()
    assert trend_settings() == TrendSettings()


@pytest.mark.parametrize("change", [{"enabled": False}, {"kind": "share", "threshold": 0.5}, None])
def test_whatever_happens_to_the_ewma_rule_the_curves_stay(change):
    student = consented()
    for week in range(6):
        session(student, 0.2, week=week, segments=25)
    trend_settings_update(by=None, min_evidence_s=45, width=3.1)
    before = student_trend(student)
    rules = AlertRule.objects.filter(kind="ewma")
    if change is None:
        rules.delete()
    else:
        rules.update(**{"min_evidence_s": 10, "min_coverage": 0.1} | change if "kind" in change else change)
    assert student_trend(student) == before
    assert (before.settings.min_evidence_s, before.settings.width) == (45, 3.1)


def test_an_ewma_rule_raises_by_the_settings_of_the_curve(people):
    only_rule("ewma", width=2.7, baseline_sessions=4, smoothing=0.3)
    for week, share in enumerate([0.1, 0.2, 0.1, 0.2, 0.4]):
        session(people.student, share, week=week)
    StoredTrendSettings.objects.update(width=6.0)
    assert not student_trend(people.student).points[-1].over
    assert alerts_raise(people.student) == []
    StoredTrendSettings.objects.update(width=2.7)
    (alert,) = alerts_raise(people.student)
    assert alert.evidence["rule"] == {
        "name": alert.rule.name,
        "kind": "ewma",
        "sessions": 4,
        "smoothing": 0.3,
        "threshold": 2.7,
        "min_evidence_s": 30,
        "min_coverage": 0.3,
    }


def test_narrower_limits_do_not_turn_last_years_sessions_into_alerts(people):
    only_rule("ewma", width=6.0, baseline_sessions=4, smoothing=0.3)
    for week, share in enumerate([0.1, 0.2, 0.1, 0.2, 0.4]):
        session(people.student, share, week=week)
    trend_settings_update(by=people.admin, width=2.7)
    assert alerts_raise(people.student) == []
    session(people.student, 0.9, week=6)
    assert len(alerts_raise(people.student)) == 1


@pytest.mark.parametrize(
    "changes",
    [{"smoothing": 0}, {"width": 0.5}, {"width": float("nan")}, {"baseline_sessions": 2}, {"min_coverage": None}],
)
def test_settings_that_make_no_sense_are_refused(people, changes):
    with pytest.raises(ValidationError) as refused:
        trend_settings_update(by=people.admin, **changes)
    assert set(refused.value.message_dict) == set(changes)
    assert trend_settings() == TrendSettings()


def test_saving_them_unchanged_changes_nothing(people, as_user):
    client = as_user(people.admin)
    form = client.get(reverse("trend-settings")).context["form"]
    assert client.post(reverse("trend-settings"), form.initial).status_code == 302
    assert StoredTrendSettings.objects.get().updated_by is None
    assert not AuditEvent.objects.filter(action="trend_settings.update").exists()


def test_they_are_changed_on_their_page_in_per_cent_and_written_down(people, as_user):
    client = as_user(people.admin)
    values = client.get(reverse("trend-settings")).context["form"].initial | {"min_coverage": 45, "width": 3}
    assert client.post(reverse("trend-settings"), values).status_code == 302
    stored = StoredTrendSettings.objects.get()
    assert (stored.min_coverage, stored.width, stored.updated_by) == (0.45, 3, people.admin)
    assert AuditEvent.objects.get(action="trend_settings.update").detail == {"min_coverage": 0.45, "width": 3}
    assert str(people.admin) in client.get(reverse("rules")).content.decode()
