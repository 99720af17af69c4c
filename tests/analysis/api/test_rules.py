"""An administrator looks at the alert rules and changes one."""

import pytest

from analysis.models import AlertRule
from analysis.trends.settings import trend_settings
from students.models import AuditEvent

pytestmark = pytest.mark.django_db

RULES = "/api/v1/rules/"
SETTINGS = "/api/v1/trend-settings/"


@pytest.fixture
def rule() -> AlertRule:
    return AlertRule.objects.get(kind="share")


def test_the_rules_come_with_their_settings_and_bounds(people, api, rule):
    rows = api(people.admin).get(RULES).json()["results"]
    assert {row["kind"] for row in rows} == {"share", "sustained", "ewma"}
    (shown,) = (row for row in rows if row["id"] == str(rule.pk))
    assert (shown["threshold"], shown["enabled"]) == (rule.threshold, True)
    assert shown["bounds"]["threshold"] == {"least": 0.05, "greatest": 0.95}
    assert "smoothing" not in shown["bounds"]
    assert shown["updated_by"] is None


def test_a_change_is_made_by_the_domain_and_written_down(people, api, rule):
    shown = api(people.admin).patch(f"{RULES}{rule.pk}/", {"threshold": 0.7, "enabled": False}).json()
    assert (shown["threshold"], shown["enabled"]) == (0.7, False)
    assert shown["updated_by"]["id"] == str(people.admin.pk)
    rule.refresh_from_db()
    assert (rule.threshold, rule.enabled) == (0.7, False)
    assert AuditEvent.objects.get(action="rule.update").detail["threshold"] == 0.7


@pytest.mark.parametrize("sent", [{"threshold": 5}, {"threshold": None}, {"name": " "}, {"min_coverage": "much"}])
def test_what_lies_outside_the_bounds_changes_nothing(people, api, rule, sent):
    response = api(people.admin).patch(f"{RULES}{rule.pk}/", sent)
    assert (response.status_code, list(response.json()["error"]["fields"])) == (400, list(sent))
    before, rule.threshold = rule.threshold, None
    rule.refresh_from_db()
    assert rule.threshold == before


@pytest.mark.parametrize("who", ["owner", "staff"])
def test_for_everybody_else_there_are_no_rules(people, api, rule, who):
    script = api(getattr(people, who))
    for response in (script.get(RULES), script.get(f"{RULES}{rule.pk}/"), script.patch(f"{RULES}{rule.pk}/", {})):
        assert response.status_code == 404


def test_they_are_read_and_changed_over_the_api(people, api):
    script = api(people.admin)
    shown = script.get(SETTINGS).json()
    assert (shown["width"], shown["bounds"]["width"]) == (2.7, {"least": 1, "greatest": 6})
    assert script.patch(SETTINGS, {"width": 3.2, "baseline_sessions": 5}).json()["width"] == 3.2
    assert (trend_settings().width, trend_settings().baseline_sessions) == (3.2, 5)
    refused = script.patch(SETTINGS, {"width": 9})
    assert (refused.status_code, list(refused.json()["error"]["fields"])) == (400, ["width"])
