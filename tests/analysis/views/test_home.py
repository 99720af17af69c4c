"""The first page: for each role the one thing that comes first."""

import pytest

from analysis.alerts.raising import alerts_raise
from analysis.models import AlertRule
from students.models import AuditEvent
from tests.factories import (
    CareAssignmentFactory,
    RecordingFactory,
    RunFactory,
    UploadFactory,
    analysed,
    consented,
)

pytestmark = pytest.mark.django_db


def _flag(student):
    """A session that the share rule of every installation flags."""
    analysed(student, ["sad"] * 60)
    AlertRule.objects.filter(kind="share").update(threshold=0.5, enabled=True, updated_by=None)
    assert alerts_raise(student)


def test_counsellor_sees_who_needs_attention_first_and_why(people, as_user):
    calm = consented(name="Aaron Calm")
    CareAssignmentFactory(student=calm, counselor=people.owner)
    analysed(calm, ["normal"] * 60)
    _flag(people.student)
    page = as_user(people.owner).get("/").content.decode()
    assert page.index(people.student.name) < page.index("Everyone else") < page.index("Aaron Calm")
    assert "1 student needs your attention" in page
    assert "1 new alert" in page
    assert "A person decides" in page


def test_a_session_with_too_little_evidence_shows_no_share(people, as_user):
    analysed(people.student, ["sad"])
    page = as_user(people.owner).get("/").content.decode()
    assert "too little of voice and face" in page
    assert "last session" in page
    assert "100" not in page
    assert '<svg class="sparkline"' not in page


def test_counsellor_never_sees_students_of_others(people, as_user):
    page = as_user(people.teammate).get("/").content.decode()
    assert people.student.name not in page


def test_staff_see_uploads_and_progress_but_no_result(people, as_user):
    _flag(people.student)
    UploadFactory(user=people.staff, student=people.student, length=1000, offset=400, original_name="half.mp4")
    failed = RecordingFactory(student=people.student)
    RunFactory(recording=failed, status="failed", error_code="no_usable_signal")
    page = as_user(people.staff).get("/").content.decode()
    assert "half.mp4" in page
    assert 'value="40"' in page
    assert "Neither a voice nor a face could be found" in page
    assert "no_usable_signal" not in page
    assert "sad" not in page
    assert "negative" not in page.lower()


def test_staff_do_not_see_uploads_of_colleagues(people, as_user):
    UploadFactory(original_name="of-a-colleague.mp4", student=people.student)
    assert "of-a-colleague" not in as_user(people.staff).get("/").content.decode()


def test_administrator_sees_the_review_queue_and_the_state_of_the_system(people, as_user):
    _flag(people.student)
    RunFactory(recording=RecordingFactory(student=people.student), status="queued", attempt=0)
    page = as_user(people.admin).get("/").content.decode()
    assert "1 student waits for a review" in page
    assert people.student.name in page
    assert "Waiting" in page


def test_administrator_is_told_when_analyses_wait_and_none_is_going(people, as_user):
    run = RunFactory(recording=RecordingFactory(student=people.student), status="queued", attempt=0)
    words = "Check that the worker runs"
    assert words not in as_user(people.admin).get("/").content.decode()
    past = run.created_at.replace(year=run.created_at.year - 1)
    type(run).objects.update(created_at=past, not_before=past)
    assert words in as_user(people.admin).get("/").content.decode()


def test_looking_at_the_caseload_is_audited_once(people, as_user):
    as_user(people.owner).get("/")
    event = AuditEvent.objects.get(action="results.view")
    assert event.actor == people.owner
    assert event.object_type == "caseload"


@pytest.mark.parametrize(("who", "baseline"), [("owner", 14), ("staff", 11), ("admin", 14)])
def test_number_of_queries_does_not_grow_with_the_students(people, as_user, who, baseline, queries):
    def another():
        student = consented()
        CareAssignmentFactory(student=student, counselor=people.owner)
        _flag(student)
        RunFactory(recording=RecordingFactory(student=student), status="queued", attempt=0)

    another()
    client = as_user(getattr(people, who))
    few = queries(client, "/")
    for _ in range(4):
        another()
    assert queries(client, "/") == few
    assert few <= baseline
