"""Fixtures for what is asked of every address: one object of each kind."""

from uuid import uuid4

import pytest

from analysis.files.storage import original_name, part_path
from students.models import Consent
from tests.factories import (
    AlertFactory,
    ReviewFactory,
    SegmentFactory,
    StretchFactory,
    TranscriptFactory,
    UploadFactory,
    UserFactory,
    analysed,
    voices,
)
from tests.site.access import World


@pytest.fixture
def world(people, media) -> World:
    """One object of each kind, all of them the student's."""
    student = people.student
    recording = analysed(student, ["sad", "normal", None])
    recording.file = original_name(recording.pk)
    recording.save(update_fields=["file"])
    voices(recording.current_run)
    for path in (media / recording.file, part_path(upload_pk := uuid4())):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"the original")
    (media / "consents").mkdir()
    (media / "consents" / "form").write_bytes(b"%PDF-")
    consent = student.consents.get(purpose="voice")
    Consent.objects.filter(pk=consent.pk).update(
        evidence="consents/form", evidence_name="form.pdf", evidence_type="application/pdf"
    )
    TranscriptFactory(recording=recording)
    review = ReviewFactory(student=student)
    alert = AlertFactory(crossing=recording, review=review)
    return World(
        people,
        {
            "student": student,
            "consent": consent,
            "care": student.care.get(),
            "recording": recording,
            # with its recording's key, as one address names both
            "stretch": StretchFactory(pk=recording.pk, recording=recording, start_s=3, end_s=8),
            "segment": recording.current_run.segments.first() or SegmentFactory(run=recording.current_run),
            "alert": alert,
            "review": review,
            "rule": alert.rule,
            "person": UserFactory(),
            "upload": UploadFactory(pk=upload_pk, user=people.staff, student=student),
        },
    )
