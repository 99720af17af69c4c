"""The list of students and one student's page."""

import pytest
from django.urls import reverse

from analysis.models import Alert
from students.models import AuditEvent
from tests.factories import AlertFactory, CareAssignmentFactory, RecordingFactory, StudentFactory, analysed, consented

pytestmark = pytest.mark.django_db


@pytest.fixture
def url(people):
    return reverse("student", args=[people.student.pk])


def test_search_finds_by_name_number_and_programme(people, as_user):
    StudentFactory(name="Zhang San", number="X-77", programme="Geology")
    client = as_user(people.admin)
    for wanted in ("zhang", "x-77", "geolo"):
        page = client.post("/students/", {"q": wanted}).content.decode()
        assert "Zhang San" in page
        assert people.student.name not in page


def test_search_text_never_stands_in_an_address(people, as_user):
    for number in range(30):
        StudentFactory(name=f"Zhang {number}")
    page = as_user(people.admin).post("/students/", {"q": "Zhang"}).content.decode()
    assert "Page 1 of 2" in page
    assert "?q=" not in page
    assert "q=Zhang" not in page
    second = as_user(people.admin).post("/students/", {"q": "Zhang", "page": "2"}).content.decode()
    assert second.count("/students/") > 0
    assert "Page 2 of 2" in second


def test_a_partial_request_gets_the_rows_only(people, as_user):
    page = as_user(people.admin).post("/students/", {"q": ""}, headers={"HX-Request": "true"}).content.decode()
    assert people.student.name in page
    assert "<html" not in page


def test_counsellor_finds_assigned_students_only(people, as_user):
    page = as_user(people.teammate).post("/students/", {"q": people.student.name}).content.decode()
    assert "No student found" in page


def test_filters_narrow_the_list(people, as_user):
    without = StudentFactory(name="Without Consent")
    flagged = AlertFactory(crossing=analysed(consented(name="Flagged"), ["sad"])).student
    client = as_user(people.admin)
    assert without.name in client.get("/students/?filter=unconsented").content.decode()
    assert people.student.name not in client.get("/students/?filter=unconsented").content.decode()
    assert without.name not in client.get("/students/?filter=consented").content.decode()
    page = client.get("/students/?filter=flagged").content.decode()
    assert flagged.name in page
    assert people.student.name not in page


def test_staff_learn_nothing_about_alerts_from_the_list(people, as_user):
    AlertFactory(crossing=analysed(people.student, ["sad"]))
    client = as_user(people.staff)
    assert "alert" not in client.get("/students/").content.decode().lower()
    everyone = client.get("/students/?filter=flagged").content.decode()
    assert people.student.name in everyone
    assert everyone.count("table-rows") == 1


def test_the_counsellor_sees_trend_shares_and_alerts(people, as_user, url):
    for _ in range(3):
        recording = analysed(people.student, ["sad", "normal"] * 20)
    AlertFactory(crossing=recording)
    response = as_user(people.owner).get(url)
    page = response.content.decode()
    assert 'data-figure="trend"' in page
    assert 'data-figure="shares"' in page
    assert "3 sessions." in page
    assert "50" in page
    assert str(Alert.objects.get().pk) in page
    assert response["Cache-Control"]


def test_staff_see_consent_and_recordings_but_no_result(people, as_user, url):
    recording = analysed(people.student, ["sad"] * 40)
    AlertFactory(crossing=recording)
    page = as_user(people.staff).get(url).content.decode()
    assert reverse("recording", args=[recording.pk]) in page
    assert "Analysing the voice" in page
    for word in ("data-figure", "sad", "egative", "lert raised", "report.pdf"):
        assert word not in page, word
    assert not AuditEvent.objects.filter(action="results.view").exists()


def test_a_colleague_finds_nothing(people, as_user, url):
    assert as_user(people.teammate).get(url).status_code == 404


def test_looking_at_results_is_audited_once(people, as_user, url):
    analysed(people.student, ["sad"] * 10)
    as_user(people.owner).get(url)
    event = AuditEvent.objects.get(action="results.view")
    assert (event.actor, event.student_ref, event.object_type) == (people.owner, people.student.pk, "student")


def test_synthetic_history_says_so(people, as_user, url):
    people.student.synthetic = True
    people.student.save()
    assert "Synthetic demo data" in as_user(people.owner).get(url).content.decode()


def test_number_of_queries_does_not_grow_with_the_sessions(people, as_user, url, queries):
    client = as_user(people.owner)
    analysed(people.student, ["sad", "normal"] * 5)
    few = queries(client, url)
    for _ in range(6):
        AlertFactory(crossing=analysed(people.student, ["sad", "normal"] * 5), review=None)
    assert queries(client, url) == few
    assert few <= 24


def test_number_of_queries_does_not_grow_with_the_list(people, as_user, queries):
    client = as_user(people.owner)
    few = queries(client, "/students/")
    for _ in range(10):
        CareAssignmentFactory(student=consented(), counselor=people.owner)
    assert queries(client, "/students/") == few
    assert few <= 8


def test_a_recording_that_is_not_analysed_yet_stands_among_the_sessions_without_numbers(people, as_user):
    analysed(people.student, ["sad"] * 40)
    waiting = RecordingFactory(student=people.student)
    page = as_user(people.owner).get(f"/students/{people.student.pk}/")
    assert page.status_code == 200
    assert f"/recordings/{waiting.pk}/" in page.content.decode()
