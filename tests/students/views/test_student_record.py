"""The pages of a student's record, care and erasure."""

import pytest
from django.urls import reverse

from students.models import Student
from tests.factories import CareAssignmentFactory, StudentFactory, UserFactory

pytestmark = pytest.mark.django_db
FIELDS = {"number": "S-1", "name": "Li Na", "programme": "History", "year": "2"}


def test_an_administrator_adds_a_student_and_goes_on_to_consent(as_user, people):
    answer = as_user(people.admin).post(reverse("student-new"), FIELDS)
    student = Student.objects.get(number="S-1")
    assert (student.name, student.year, student.synthetic) == ("Li Na", 2, False)
    assert answer["Location"] == reverse("student-consents", args=[student.pk])


def test_what_is_wrong_stands_at_its_field(as_user, people):
    answer = as_user(people.admin).post(reverse("student-new"), FIELDS | {"number": "S 1", "name": "Li\u202eNa"})
    assert set(answer.context["form"].errors) == {"number", "name"}
    again = as_user(people.admin).post(reverse("student-new"), FIELDS | {"number": people.student.number})
    assert set(again.context["form"].errors) == {"number"}
    assert not Student.objects.filter(name="Li Na").exists()


def test_an_administrator_changes_a_record(as_user, people):
    address = reverse("student-edit", args=[people.student.pk])
    assert people.student.name in as_user(people.admin).get(address).content.decode()
    assert as_user(people.admin).post(address, FIELDS).status_code == 302
    people.student.refresh_from_db()
    assert people.student.programme == "History"


@pytest.mark.parametrize("who", ["owner", "teammate", "staff"])
def test_nobody_else_writes_records(as_user, people, who):
    browser = as_user(getattr(people, who))
    assert browser.post(reverse("student-new"), FIELDS).status_code == 404
    assert browser.post(reverse("student-edit", args=[people.student.pk]), FIELDS).status_code == 404
    assert not Student.objects.filter(number="S-1").exists()


def test_assigning_offers_active_counsellors_who_do_not_care_yet(as_user, people):
    UserFactory(is_active=False)
    page = as_user(people.admin).get(reverse("student-care", args=[people.student.pk]))
    assert list(page.context["form"].fields["counselor"].queryset) == [people.teammate]


def test_an_assignment_opens_the_student_to_the_counsellor_and_its_end_closes_it(as_user, people):
    admin, teammate = as_user(people.admin), as_user(people.teammate)
    consents = reverse("student-consents", args=[people.student.pk])
    admin.post(reverse("student-care", args=[people.student.pk]), {"counselor": people.teammate.pk})
    assert teammate.get(consents).status_code == 200
    assignment = people.student.care.get(counselor=people.teammate)
    admin.post(reverse("care-end", args=[assignment.pk]))
    assert teammate.get(consents).status_code == 404


def test_staff_cannot_be_assigned_even_by_hand(as_user, people):
    address = reverse("student-care", args=[people.student.pk])
    assert as_user(people.admin).post(address, {"counselor": people.staff.pk}).status_code == 200
    assert not people.staff.caseload.exists()


def test_a_counsellor_does_not_assign_themselves(as_user, people):
    address = reverse("student-care", args=[people.student.pk])
    assert as_user(people.teammate).post(address, {"counselor": people.teammate.pk}).status_code == 404
    other = CareAssignmentFactory(student=StudentFactory(), counselor=people.owner)
    assert as_user(people.owner).post(reverse("care-end", args=[other.pk])).status_code == 404
    other.refresh_from_db()
    assert other.until is None


def test_erasing_takes_two_steps_and_the_number(as_user, people):
    admin = as_user(people.admin)
    address = reverse("student-erase", args=[people.student.pk])
    assert "for good" in admin.get(address).content.decode()
    wrong = admin.post(address, {"confirmation": "S"})
    assert wrong.status_code == 200
    assert "Nothing was erased" in wrong.content.decode()
    assert admin.post(address, {"confirmation": people.student.number})["Location"] == reverse("students")
    assert admin.get(address).status_code == 404
    assert people.student.name not in admin.get(reverse("students")).content.decode()


@pytest.mark.parametrize("who", ["owner", "teammate", "staff"])
def test_nobody_else_erases(as_user, people, who):
    address = reverse("student-erase", args=[people.student.pk])
    number = people.student.number
    assert as_user(getattr(people, who)).post(address, {"confirmation": number}).status_code == 404
    people.student.refresh_from_db()
    assert people.student.erased_at is None
