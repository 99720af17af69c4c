"""The upload page: whom one can upload for, and what is told before."""

import json
import re

import pytest

from analysis.views.upload import LISTED
from students.models import Purpose, Student
from tests.factories import ConsentFactory, StudentFactory, consented

pytestmark = pytest.mark.django_db


def _option(page: str, student) -> str:
    """The student's line in the list."""
    options = re.findall(r'<label class="student-option.*?</label>', page, re.DOTALL)
    return next(option for option in options if str(student.pk) in option)


@pytest.fixture
def page(people, as_user):
    return lambda query="": as_user(people.staff).get(f"/upload/{query}").content.decode()


def test_only_students_who_agreed_can_be_chosen_and_the_others_say_why(people, page):
    nothing = StudentFactory()
    only_recording = consented(Purpose.RECORDING)
    expired = StudentFactory()
    for purpose in (Purpose.RECORDING, Purpose.VOICE):
        ConsentFactory(student=expired, purpose=purpose, expires_on="2020-01-01")
    html = page()
    assert "disabled" not in _option(html, people.student)
    assert "no valid consent to recording" in _option(html, nothing)
    assert "disabled" in _option(html, nothing)
    assert "no valid consent to analysing voice or face" in _option(html, only_recording)
    assert "disabled" in _option(html, expired)


def test_what_will_be_analysed_is_told(page):
    voice_only = consented(Purpose.RECORDING, Purpose.VOICE)
    assert "voice only" in _option(page(), voice_only)


def test_the_student_one_came_from_is_chosen(people, page):
    assert "checked" in _option(page(f"?student={people.student.pk}"), people.student)
    assert "checked" not in _option(page(), people.student)


def test_the_list_is_short_and_a_search_by_name_or_number_finds_the_others(people, as_user):
    for number in range(LISTED + 5):
        consented(name=f"Aaron {number:02}")
    last = consented(name="Zhang Wei", number="S-77")
    staff = as_user(people.staff)
    page = staff.get("/upload/").content.decode()
    assert page.count('name="student"') == LISTED
    assert f"{LISTED} of {Student.objects.count()} students are shown" in page
    assert str(last.pk) not in page
    for wanted in ("zhang", "s-77"):
        found = staff.post("/upload/", {"q": wanted}).content.decode()
        assert found.count('name="student"') == 1
        assert str(last.pk) in found
    assert "No such student" in staff.post("/upload/", {"q": "nobody at all"}).content.decode()


def test_the_chosen_student_stays_on_the_list_while_one_searches(people, as_user):
    other = consented(name="Zhang Wei")
    query = {"q": "zhang", "student": str(people.student.pk), "recorded_at": "2026-03-02T14:30"}
    page = as_user(people.staff).post("/upload/", query).content.decode()
    assert "checked" in _option(page, people.student)
    assert "checked" not in _option(page, other)
    assert 'value="2026-03-02T14:30"' in page


def test_a_search_while_typing_answers_with_the_list_alone(people, as_user):
    page = as_user(people.staff).post("/upload/", {"q": "student"}, headers={"HX-Request": "true"}).content.decode()
    assert str(people.student.pk) in page
    assert "<html" not in page


def test_those_who_can_be_chosen_come_first_and_the_list_takes_few_queries(
    people, as_user, django_assert_max_num_queries
):
    without = StudentFactory(name="Aaron")
    for number in range(10):
        consented(name=f"Zoe {number}")
    staff = as_user(people.staff)
    with django_assert_max_num_queries(10):
        page = staff.get("/upload/").content.decode()
    assert page.index("Zoe 9") < page.index(str(without.pk))


def test_nonsense_for_a_student_chooses_nobody(people, as_user):
    assert "checked" not in as_user(people.staff).get("/upload/?student=nobody").content.decode()


def test_limits_are_told_before(page, settings):
    settings.EMOREC_MAX_UPLOAD_BYTES = 5 * 1024**2
    settings.EMOREC_MAX_DURATION_S = 600
    html = page()
    assert "5.0\xa0MB" in html
    assert "10 minutes" in html
    script = json.loads(re.search(r'id="upload-settings" type="application/json">(.*?)</script>', html)[1])
    assert script["maxBytes"] == 5 * 1024**2
    assert ".mp4" in script["extensions"]


def test_the_page_lets_the_browser_use_its_own_camera_and_nothing_from_elsewhere(people, as_user):
    policy = as_user(people.staff).get("/upload/")["Content-Security-Policy"]
    assert "script-src 'self'" in policy
    assert "unsafe-eval" not in policy
    assert "http:" not in policy
