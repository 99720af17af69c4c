"""Pictures of people go with the consent they rest on."""

import pytest

from analysis.models import FaceThumbnail
from students.consent import consent_withdraw
from students.erasure import student_erase
from students.models import Consent, Purpose
from tests.factories import RecordingFactory, RunFactory

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("media")]


@pytest.fixture
def pictured(people):
    run = RunFactory(recording=RecordingFactory(student=people.student), voice=True, face=True)
    FaceThumbnail.objects.create(run=run, track=1, time_s=1, start_s=0, end_s=2, jpeg=b"picture")
    return people


@pytest.mark.parametrize("purpose", [Purpose.FACE, Purpose.RECORDING])
def test_withdrawing_the_consent_removes_the_pictures(pictured, purpose):
    consent = Consent.objects.get(student=pictured.student, purpose=purpose, ended_at=None)
    consent_withdraw(consent, by=pictured.admin)
    assert not FaceThumbnail.objects.exists()


def test_erasing_a_student_removes_the_pictures(pictured):
    student_erase(pictured.student, by=pictured.admin, confirmation=pictured.student.number)
    assert not FaceThumbnail.objects.exists()
