"""Care assignments decide which students a counsellor sees."""

import pytest
from django.core.exceptions import ValidationError

from students import assignments
from students.access import Action, fetch_student, scoped
from students.models import AuditEvent, CareAssignment, Student
from tests.factories import StudentFactory, UserFactory

pytestmark = pytest.mark.django_db


def visible(user):
    return set(scoped(user, Action.STUDENT_VIEW, Student.objects.all(), student=""))


def test_an_assignment_opens_the_student_and_its_end_closes_them_again():
    student, counselor, admin = StudentFactory(), UserFactory(), UserFactory(role="admin")
    assignment = assignments.care_assign(student, counselor=counselor, by=admin)
    assert fetch_student(counselor, Action.RESULTS_VIEW, student.pk) == student
    assert assignments.care_end(assignment, by=admin)
    assert visible(counselor) == set()
    assert [event.action for event in AuditEvent.objects.order_by("id")] == ["care.assign", "care.end"]


def test_assigning_or_ending_twice_happens_once():
    student, counselor, admin = StudentFactory(), UserFactory(), UserFactory(role="admin")
    first = assignments.care_assign(student, counselor=counselor, by=admin)
    assert assignments.care_assign(student, counselor=counselor, by=admin) == first
    assert assignments.care_end(first, by=admin)
    assert not assignments.care_end(first, by=admin)
    assert CareAssignment.objects.count() == 1
    assert AuditEvent.objects.count() == 2


@pytest.mark.parametrize("fields", [{"role": "staff"}, {"role": "admin"}, {"is_active": False}])
def test_only_an_active_counsellor_can_be_assigned(fields):
    with pytest.raises(ValidationError):
        assignments.care_assign(StudentFactory(), counselor=UserFactory(**fields), by=UserFactory(role="admin"))
    assert not CareAssignment.objects.exists()
