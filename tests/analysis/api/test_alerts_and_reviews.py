"""Alerts and reviews over the API: who handles them, and that a person closes them."""

import pytest

from analysis.models import Alert, Review
from students.models import AuditEvent
from tests.factories import AlertFactory, RecordingFactory, ReviewFactory

ALERTS = "/api/v1/alerts/"
REVIEWS = "/api/v1/reviews/"


@pytest.fixture
def alert(people) -> Alert:
    return AlertFactory(crossing=RecordingFactory(student=people.student))


def test_alerts_are_listed_for_those_who_see_the_student(people, api, alert):
    AlertFactory()
    (row,) = api(people.owner).get(ALERTS).json()["results"]
    assert row["id"] == str(alert.pk)
    assert row["rule"] == {"id": str(alert.rule_id), "name": alert.rule.name}
    assert (row["student"], row["recording"], row["status"]) == (
        str(people.student.pk), str(alert.crossing_id), "open",
    )  # fmt: skip
    assert "evidence" not in row
    assert api(people.admin).get(ALERTS).json()["count"] == 2
    assert api(people.teammate).get(ALERTS).json()["count"] == 0
    assert api(people.staff).get(ALERTS).status_code == 404


def test_alerts_are_filtered(people, api, alert):
    script = api(people.admin)
    assert script.get(f"{ALERTS}?status=dismissed").json()["count"] == 0
    assert script.get(f"{ALERTS}?status=open&student={people.student.pk}").json()["count"] == 1
    assert script.get(f"{ALERTS}?student=everyone").status_code == 400


def test_an_alert_explains_itself_and_the_look_is_written_down(people, api, alert):
    body = api(people.owner).get(f"{ALERTS}{alert.pk}/").json()
    assert body["evidence"] == alert.evidence
    assert body["events"] == []
    assert AuditEvent.objects.filter(action="results.view", object_ref=alert.pk, actor=people.owner).count() == 1
    assert api(people.teammate).get(f"{ALERTS}{alert.pk}/").status_code == 404
    assert api(people.staff).get(f"{ALERTS}{alert.pk}/").status_code == 404


def test_an_alert_is_acknowledged_then_escalated_with_its_history(people, api, alert):
    script = api(people.owner)
    assert script.post(f"{ALERTS}{alert.pk}/acknowledge/").json()["status"] == "acknowledged"
    body = script.post(f"{ALERTS}{alert.pk}/escalate/", {"reason": "worse than last week"}).json()
    assert body["status"] == "escalated"
    assert [(event["status"], event["reason"]) for event in body["events"]] == [
        ("acknowledged", ""),
        ("escalated", "worse than last week"),
    ]
    assert body["events"][0]["by"]["id"] == str(people.owner.pk)
    again = script.post(f"{ALERTS}{alert.pk}/acknowledge/")
    assert (again.status_code, again.json()["error"]["code"]) == (409, "alert_moved")


def test_dismissing_takes_a_reason(people, api, alert):
    script = api(people.owner)
    for nothing in ({}, {"reason": "  "}):
        assert set(script.post(f"{ALERTS}{alert.pk}/dismiss/", nothing).json()["error"]["fields"]) == {"reason"}
    alert.refresh_from_db()
    assert alert.status == "open"
    body = script.post(f"{ALERTS}{alert.pk}/dismiss/", {"reason": "rehearsing a play"}).json()
    assert body["status"] == "dismissed"
    assert body["settled_at"] is not None
    assert script.post(f"{ALERTS}{alert.pk}/escalate/").json()["error"]["code"] == "alert_settled"


@pytest.mark.parametrize("verb", ["acknowledge", "dismiss", "escalate"])
@pytest.mark.parametrize("who", ["teammate", "staff"])
def test_nobody_handles_the_alert_of_a_student_they_do_not_see(people, api, alert, who, verb):
    assert api(getattr(people, who)).post(f"{ALERTS}{alert.pk}/{verb}/", {"reason": "x"}).status_code == 404
    alert.refresh_from_db()
    assert alert.status == "open"


def test_an_admin_claims_a_review_and_closes_it_with_a_decision_and_a_note(people, api, alert):
    script = api(people.admin)
    review = alert.review
    (row,) = script.get(f"{REVIEWS}?status=pending").json()["results"]
    assert (row["id"], row["student"], row["reviewer"], row["decision"]) == (
        str(review.pk), str(people.student.pk), None, "",
    )  # fmt: skip
    claimed = script.post(f"{REVIEWS}{review.pk}/claim/").json()
    assert (claimed["status"], claimed["reviewer"]["id"]) == ("in_review", str(people.admin.pk))
    sent = {"decision": "contact", "note": "Invite to a talk."}
    decided = script.post(f"{REVIEWS}{review.pk}/decide/", sent).json()
    assert (decided["status"], decided["decision"], decided["note"]) == ("decided", "contact", "Invite to a talk.")
    assert [row["status"] for row in decided["alerts"]] == ["closed"]
    again = script.post(f"{REVIEWS}{review.pk}/decide/", sent)
    assert (again.status_code, again.json()["error"]["code"]) == (409, "review_settled")


def test_a_review_is_not_decided_without_a_note_or_by_an_unknown_decision(people, api, alert):
    response = api(people.admin).post(f"{REVIEWS}{alert.review_id}/decide/", {"decision": "expel", "note": " "})
    assert response.status_code == 400
    assert set(response.json()["error"]["fields"]) == {"decision", "note"}
    assert Review.objects.get().status == "pending"


@pytest.mark.parametrize("who", ["owner", "teammate", "staff"])
def test_reviews_are_the_administrators(people, api, who):
    review = ReviewFactory(student=people.student)
    script = api(getattr(people, who))
    assert script.get(REVIEWS).status_code == 404
    assert script.get(f"{REVIEWS}{review.pk}/").status_code == 404
    assert script.post(f"{REVIEWS}{review.pk}/claim/").status_code == 404
    assert script.post(f"{REVIEWS}{review.pk}/decide/", {"decision": "contact", "note": "x"}).status_code == 404
    review.refresh_from_db()
    assert review.status == "pending"
