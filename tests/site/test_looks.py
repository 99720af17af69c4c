"""Every look at what was recognised stands in the trail, on pages and over the API, once per request."""

import pytest
from django.urls import reverse

from students.models import AuditEvent
from tests.factories import AlertFactory, TranscriptFactory, analysed

pytestmark = pytest.mark.django_db

PAGES = {
    "home": "caseload",
    "students": "students",
    "student": "student",
    "recording": "recording",
    "recording-moments": "recording",
    "recording-transcript": "transcript",
    "recording-captions": "transcript",
    "alerts": "alerts",
    "alert": "alert",
    "reviews": "reviews",
    "review": "review",
    "notices": "notices",
}
API = {
    "alerts/": "alerts",
    "alerts/{alert}/": "alert",
    "reviews/": "reviews",
    "reviews/{review}/": "review",
    "recordings/{recording}/segments/": "recording",
    "recordings/{recording}/speakers/": "recording",
    "students/{student}/trend/": "student",
    "recordings/{recording}/transcript/": "transcript",
}


@pytest.fixture
def ids(people) -> dict[str, str]:
    """A student with a result, an alert on it and a review of that."""
    recording = analysed(people.student, ["sad"] * 20)
    alert = AlertFactory(crossing=recording)
    TranscriptFactory(recording=recording)
    return {
        "student": str(people.student.pk),
        "recording": str(recording.pk),
        "alert": str(alert.pk),
        "review": str(alert.review_id),
    }


def looks(user) -> list[tuple[str, str | None]]:
    return list(AuditEvent.objects.filter(action="results.view", actor=user).values_list("object_type", flat=True))


@pytest.mark.parametrize(("name", "object_type"), PAGES.items())
def test_a_page_that_shows_results_says_who_looked(people, as_user, ids, name, object_type):
    user = people.admin if name in {"reviews", "review"} else people.owner
    key = name.split("-")[0]
    response = as_user(user).get(reverse(name, args=[ids[key]] if key in ids else []))
    assert response.status_code == 200
    assert looks(user) == [object_type]


@pytest.mark.parametrize(("path", "object_type"), API.items())
def test_an_answer_that_shows_results_says_who_looked(people, as_user, ids, path, object_type):
    response = as_user(people.admin).get("/api/v1/" + path.format(**ids))
    assert response.status_code == 200
    assert looks(people.admin) == [object_type]
    assert AuditEvent.objects.get(action="results.view").detail["via"] == "api"


@pytest.mark.parametrize("path", ["acknowledge/", "dismiss/", "escalate/"])
def test_whoever_handles_an_alert_has_looked_at_it(people, as_user, ids, path):
    as_user(people.owner).post(
        f"/api/v1/alerts/{ids['alert']}/{path}", {"reason": "a reason"}, content_type="application/json"
    )
    assert looks(people.owner) == ["alert"]


@pytest.mark.parametrize(("path", "body"), [("claim/", {}), ("decide/", {"decision": "monitor", "note": "a note"})])
def test_whoever_handles_a_review_has_looked_at_it(people, as_user, ids, path, body):
    as_user(people.admin).post(f"/api/v1/reviews/{ids['review']}/{path}", body, content_type="application/json")
    assert looks(people.admin) == ["review"]


@pytest.mark.parametrize("name", ["home", "students", "student", "recording"])
def test_staff_who_see_no_results_leave_no_look(people, as_user, ids, name):
    as_user(people.staff).get(reverse(name, args=[ids[name]] if name in ids else []))
    assert looks(people.staff) == []
