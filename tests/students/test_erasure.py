"""Erasure: the person goes, that it happened stays."""

import pytest
from django.core.exceptions import ValidationError
from django.core.files.base import ContentFile

from students import consent, erasure
from students.access import Action, scoped
from students.models import AuditEvent, Student
from students.signals import student_erased
from tests.factories import CareAssignmentFactory, StudentFactory, UserFactory
from tests.students.signals import heard

pytestmark = pytest.mark.django_db


@pytest.fixture
def student(media):
    student = StudentFactory(number="S77", name="Wang Fang", programme="History")
    CareAssignmentFactory(student=student)
    admin = UserFactory(role="admin")
    for content in (b"%PDF-1", b"%PDF-2"):  # the second replaces the first, whose evidence is kept as well
        consent.consent_grant(student, by=admin, purpose="voice", evidence=ContentFile(content, name="Wang Fang.pdf"))
    return student


def files(media):
    return [path for path in media.rglob("*") if path.is_file()]


def test_nothing_of_the_person_is_left(student, media, django_capture_on_commit_callbacks):
    admin = UserFactory(role="admin")
    assert len(files(media)) == 2
    with heard(student_erased) as erased, django_capture_on_commit_callbacks(execute=True):
        assert erasure.student_erase(student, by=admin, confirmation=" S77 ")
    assert [event["by"] for event in erased] == [admin]
    row = Student.objects.get(pk=student.pk)
    assert row.erased_at is not None
    assert "S77" not in row.number
    assert (row.name, row.programme, row.year) == ("erased", "", None)
    assert files(media) == []
    assert all((item.evidence.name, item.evidence_name) == ("", "") for item in row.consents.all())
    assert not row.consents.filter(ended_at__isnull=True).exists()
    assert not row.care.filter(until__isnull=True).exists()
    assert consent.purposes_covered(row) == frozenset()


def test_nobody_finds_the_student_any_more_but_the_trail_knows(student):
    admin = UserFactory(role="admin")
    erasure.student_erase(student, by=admin, confirmation="S77")
    assert not scoped(admin, Action.STUDENT_VIEW, Student.objects.all(), student="").exists()
    event = AuditEvent.objects.get(action="student.erase")
    assert (event.actor, event.student_ref, event.detail) == (admin, student.pk, {"consents": 2})


def test_the_listeners_hear_of_it_while_the_name_is_still_there(student):
    names = []

    def listener(sender, student, **_payload):
        names.append(student.name)

    student_erased.connect(listener)
    erasure.student_erase(student, by=UserFactory(role="admin"), confirmation="S77")
    student_erased.disconnect(listener)
    assert names == ["Wang Fang"]


@pytest.mark.parametrize("typed", ["", "S7", "S777", "s77"])
def test_another_number_erases_nothing(student, media, typed):
    with heard(student_erased) as erased, pytest.raises(ValidationError):
        erasure.student_erase(student, by=UserFactory(role="admin"), confirmation=typed)
    student.refresh_from_db()
    assert student.name == "Wang Fang"
    assert erased == []
    assert len(files(media)) == 2


def test_if_the_recordings_cannot_be_deleted_the_erasure_has_not_happened(
    student, media, django_capture_on_commit_callbacks
):
    with (
        heard(student_erased, fail=RuntimeError),
        django_capture_on_commit_callbacks(execute=True),
        pytest.raises(RuntimeError),
    ):
        erasure.student_erase(student, by=UserFactory(role="admin"), confirmation="S77")
    student.refresh_from_db()
    assert student.name == "Wang Fang"
    assert len(files(media)) == 2


def test_the_evidence_stays_until_the_erasure_is_certain(
    student, media, monkeypatch, django_capture_on_commit_callbacks
):
    monkeypatch.setattr("students.erasure.audit.record", lambda *_args, **_kwargs: 1 / 0)
    with django_capture_on_commit_callbacks(execute=True), pytest.raises(ZeroDivisionError):
        erasure.student_erase(student, by=UserFactory(role="admin"), confirmation="S77")
    assert len(files(media)) == 2


def test_erasing_twice_happens_once(student):
    admin = UserFactory(role="admin")
    assert erasure.student_erase(student, by=admin, confirmation="S77")
    with heard(student_erased) as erased:
        assert not erasure.student_erase(student, by=admin, confirmation="S77")
    assert erased == []


def test_the_number_is_free_again(student):
    erasure.student_erase(student, by=UserFactory(role="admin"), confirmation="S77")
    assert StudentFactory(number="S77").pk != student.pk
