"""Alerts, reviews, rules and notices as people handle them."""

import pytest
from django.urls import reverse

from analysis.alerts.raising import alerts_raise
from analysis.models import Alert, AlertRule, Notice
from tests.factories import analysed

pytestmark = pytest.mark.django_db


@pytest.fixture
def alert(people) -> Alert:
    """An alert the share rule raised from a session, with its review and notices."""
    AlertRule.objects.exclude(kind="share").update(enabled=False)
    AlertRule.objects.filter(kind="share").update(threshold=0.5, enabled=True, updated_by=None)
    analysed(people.student, ["sad"] * 60)
    (raised,) = alerts_raise(people.student)
    return raised


def _post(client, name, row, /, **data):
    return client.post(reverse(name, args=[row.pk]), data, follow=True)


def test_an_alert_shows_its_evidence_and_leads_to_its_moments(people, as_user, alert):
    page = as_user(people.owner).get(reverse("alert", args=[alert.pk])).content.decode()
    assert "100" in page
    assert "not a diagnosis" in page
    assert f"{reverse('recording', args=[alert.crossing_id])}#t=" in page


def test_opening_an_alert_reads_its_notice(people, as_user, alert):
    client = as_user(people.owner)
    assert 'class="badge bg-primary text-primary-fg notice-count">1<' in client.get("/").content.decode()
    client.get(reverse("alert", args=[alert.pk]))
    assert "notice-count" not in client.get("/").content.decode()
    assert Notice.objects.filter(user=people.admin, read_at__isnull=True).exists()


def test_acknowledging_is_noted_with_who_did_it(people, as_user, alert):
    page = _post(as_user(people.owner), "alert-acknowledge", alert).content.decode()
    alert.refresh_from_db()
    assert alert.status == "acknowledged"
    assert str(people.owner) in page


def test_dismissing_needs_a_reason(people, as_user, alert):
    client = as_user(people.owner)
    response = _post(client, "alert-dismiss", alert, reason="  ")
    assert response.status_code == 422
    assert "This field is required" in response.content.decode()
    _post(client, "alert-dismiss", alert, reason="A cold, not a mood.")
    alert.refresh_from_db()
    assert alert.status == "dismissed"


def test_an_alert_that_was_settled_meanwhile_is_told_in_words(people, as_user, alert):
    client = as_user(people.owner)
    _post(client, "alert-dismiss", alert, reason="A cold.")
    page = _post(client, "alert-acknowledge", alert).content.decode()
    alert.refresh_from_db()
    assert alert.status == "dismissed"
    assert 'role="status"' in page


def test_escalating_puts_the_student_first_in_the_review_queue(people, as_user, alert):
    _post(as_user(people.owner), "alert-escalate", alert, reason="I am worried.")
    page = as_user(people.admin).get("/reviews/").content.decode()
    assert "asked for by a counsellor" in page
    assert people.student.name in page


def test_settled_alerts_leave_the_list(people, as_user, alert):
    client = as_user(people.owner)
    assert people.student.name in client.get("/alerts/").content.decode()
    _post(client, "alert-dismiss", alert, reason="A cold.")
    assert people.student.name not in client.get("/alerts/").content.decode()
    assert people.student.name in client.get("/alerts/?status=dismissed").content.decode()
    assert people.student.name in client.get("/alerts/?status=all").content.decode()


def test_a_colleague_sees_no_alert_and_no_notice_of_it(people, as_user, alert):
    client = as_user(people.teammate)
    assert client.get(reverse("alert", args=[alert.pk])).status_code == 404
    assert people.student.name not in client.get("/alerts/").content.decode()
    assert people.student.name not in client.get("/notices/").content.decode()


def test_notices_can_all_be_read_at_once(people, as_user, alert):
    client = as_user(people.owner)
    assert people.student.name in client.get("/notices/").content.decode()
    client.post("/notices/")
    assert not Notice.objects.filter(user=people.owner, read_at__isnull=True).exists()


# --- reviews ----------------------------------------------------------------------------------------------------------


def test_a_review_is_taken_put_back_and_decided(people, as_user, alert):
    client, review = as_user(people.admin), alert.review
    _post(client, "review-claim", review)
    review.refresh_from_db()
    assert (review.status, review.reviewer) == ("in_review", people.admin)
    _post(client, "review-release", review)
    review.refresh_from_db()
    assert (review.status, review.reviewer) == ("pending", None)
    _post(client, "review-decide", review, decision="monitor", note="Talked to the counsellor.")
    review.refresh_from_db()
    alert.refresh_from_db()
    assert (review.status, alert.status) == ("decided", "closed")


def test_a_decision_needs_a_note(people, as_user, alert):
    response = _post(as_user(people.admin), "review-decide", alert.review, decision="monitor", note="")
    assert response.status_code == 422
    alert.review.refresh_from_db()
    assert alert.review.status == "pending"


def test_a_review_shows_alerts_trend_and_who_cares(people, as_user, alert):
    page = as_user(people.admin).get(reverse("review", args=[alert.review.pk])).content.decode()
    assert str(people.owner) in page
    assert 'data-figure="trend"' in page
    assert reverse("alert", args=[alert.pk]) in page
    assert "A person decides" in page


def test_the_note_is_shown_as_text_and_never_as_markup(people, as_user, alert):
    client = as_user(people.admin)
    _post(client, "review-decide", alert.review, decision="monitor", note="<script>alert(1)</script>")
    page = client.get(reverse("review", args=[alert.review.pk])).content.decode()
    assert "<script>alert(1)" not in page
    assert "&lt;script&gt;alert(1)" in page


# --- rules ------------------------------------------------------------------------------------------------------------


def _form(rule, **changes):
    values = {
        "name": rule.name,
        "enabled": "on",
        "threshold": 60,
        "min_evidence_s": rule.min_evidence_s,
        "min_coverage": 30,
    }
    return values | changes


def test_a_rule_is_edited_in_per_cent_and_stored_as_a_share(people, as_user):
    rule = AlertRule.objects.filter(kind="share").first()
    _post(as_user(people.admin), "rule-edit", rule, **_form(rule, threshold=72.5, min_coverage=40))
    rule.refresh_from_db()
    assert (rule.threshold, rule.min_coverage, rule.updated_by) == (0.725, 0.4, people.admin)


def test_a_rule_outside_its_bounds_is_not_saved(people, as_user):
    rule = AlertRule.objects.filter(kind="share").first()
    before = rule.threshold
    response = _post(as_user(people.admin), "rule-edit", rule, **_form(rule, threshold=99))
    rule.refresh_from_db()
    assert response.status_code == 422
    assert rule.threshold == before


def test_a_rule_can_be_switched_off(people, as_user):
    rule = AlertRule.objects.filter(kind="share").first()
    values = _form(rule)
    del values["enabled"]
    _post(as_user(people.admin), "rule-edit", rule, **values)
    rule.refresh_from_db()
    assert not rule.enabled


def test_saving_a_rule_unchanged_changes_nothing(people, as_user):
    for rule in AlertRule.objects.all():
        page = as_user(people.admin).get(reverse("rule-edit", args=[rule.pk]))
        values = {name: value for name, value in page.context["form"].initial.items() if value is not False}
        _post(as_user(people.admin), "rule-edit", rule, **values)
        after = AlertRule.objects.get(pk=rule.pk)
        assert after.updated_by is None, rule.kind
        assert after.threshold == rule.threshold
