"""What may stand in a student's record, and who writes it."""

import pytest
from django.core.exceptions import ValidationError
from hypothesis import given
from hypothesis import strategies as st

from students import student_record
from students.models import AuditEvent, Student
from tests.factories import StudentFactory, UserFactory


def problems(**raw):
    with pytest.raises(ValidationError) as refused:
        student_record.fields_clean(raw)
    return {field: errors[0].code for field, errors in refused.value.error_dict.items()}


def test_full_width_digits_blanks_and_decomposed_letters_become_ordinary_ones():
    cleaned = student_record.fields_clean(
        {"number": " Ｓ１２３ ", "name": "Zoe\u0308   Müller ", "programme": "", "year": "２"}
    )
    assert cleaned == {"number": "S123", "name": "Zo\u00eb Müller", "programme": "", "year": 2}


@pytest.mark.parametrize(
    ("raw", "code"),
    [
        ({"number": ""}, "required"),
        ({"number": "S 1"}, "number"),
        ({"number": "学号1"}, "number"),
        ({"number": "=1+1"}, "number"),
        ({"number": "1" * 33}, "long"),
        ({"name": "  "}, "required"),
        ({"name": "Li\x00Na"}, "control"),
        ({"name": "Li\nNa"}, "control"),
        ({"name": "Li \u202egnal"}, "control"),
        ({"name": "x" * 121}, "long"),
        ({"year": "0"}, "year"),
        ({"year": "13"}, "year"),
        ({"year": "2.5"}, "year"),
        ({"year": "½"}, "year"),
    ],
)
def test_what_may_not_stand_in_a_record_is_named_by_field(raw, code):
    assert problems(**raw) == {next(iter(raw)): code}


@given(st.text(max_size=130))
def test_cleaning_twice_changes_nothing_more(text):
    try:
        once = student_record.text_clean(text)
    except ValidationError:
        return
    assert student_record.text_clean(once) == once


@pytest.mark.django_db
def test_a_new_student_is_written_with_a_trace_that_holds_no_name():
    admin = UserFactory(role="admin")
    student = student_record.student_create(by=admin, number="S1", name="Li Na")
    assert (student.programme, student.year) == ("", None)
    event = AuditEvent.objects.get()
    assert (event.action, event.actor, event.student_ref) == ("student.create", admin, student.pk)
    assert "Li Na" not in str(event.detail)


@pytest.mark.django_db
def test_a_number_is_taken_whatever_its_case():
    StudentFactory(number="s1")
    with pytest.raises(ValidationError) as refused:
        student_record.student_create(by=UserFactory(), number="S1", name="Li Na")
    assert refused.value.error_dict["number"][0].code == "taken"


@pytest.mark.django_db
def test_a_change_names_the_fields_and_none_is_no_change():
    student, admin = StudentFactory(name="Li Na"), UserFactory(role="admin")
    student_record.student_update(student, by=admin, name="Li Na", year=student.year)
    assert not AuditEvent.objects.exists()
    student_record.student_update(student, by=admin, name="Li Nan", year=3)
    assert Student.objects.get().name == "Li Nan"
    assert AuditEvent.objects.get().detail == {"fields": ["name", "year"]}


@pytest.mark.django_db
def test_a_student_keeps_their_own_number_and_cannot_take_anothers():
    student, other = StudentFactory(), StudentFactory()
    student_record.student_update(student, by=UserFactory(), number=student.number.lower())
    with pytest.raises(ValidationError):
        student_record.student_update(student, by=UserFactory(), number=other.number)
