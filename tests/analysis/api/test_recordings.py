"""Recordings over the API: upload, follow, cancel, repeat, delete."""

from datetime import timedelta

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import timezone

from analysis.flow import RunStatus
from analysis.models import Recording, Run
from tests.factories import RecordingFactory, RunFactory, StudentFactory, consented

LIST = "/api/v1/recordings/"
YESTERDAY = (timezone.now() - timedelta(days=1)).isoformat()


def one(recording: Recording, *more: str) -> str:
    return "/".join([f"{LIST}{recording.pk}", *more, ""])


def send(script, student, file, recorded_at=YESTERDAY):
    return script.post(LIST, {"student": str(student.pk), "recorded_at": recorded_at, "file": file}, format="multipart")


def test_staff_upload_a_recording_and_it_waits_for_its_analysis(people, api, media, tone):
    response = send(api(people.staff), people.student, tone())
    assert response.status_code == 201, response.content
    body = response.json()
    recording = Recording.objects.get()
    assert body["id"] == str(recording.pk)
    assert response["Location"] == one(recording)
    assert body["student"] == str(people.student.pk)
    assert body["original_name"] == "interview.wav"
    assert (body["has_audio"], body["has_video"]) == (True, False)
    assert body["duration_s"] == pytest.approx(1.0, abs=0.1)
    assert (body["status"], body["stage"], body["percent"], body["error"]) == ("queued", "", 0, None)
    assert body["run"]["number"] == 1
    assert recording.uploaded_by == people.staff


def test_the_same_content_again_is_409_and_names_the_recording(people, api, media, tone):
    script = api(people.staff)
    first = send(script, people.student, tone()).json()["id"]
    again = send(script, people.student, tone())
    assert again.status_code == 409
    assert again.json()["error"]["code"] == "duplicate"
    assert again.json()["error"]["recording"] == first
    assert Recording.objects.count() == 1


@pytest.mark.parametrize("purposes", [(), ("recording",), ("voice", "face")])
def test_without_a_valid_consent_nothing_is_stored(people, api, media, tone, purposes):
    student = consented(*purposes) if purposes else StudentFactory()
    response = send(api(people.staff), student, tone())
    assert response.status_code == 403
    assert response.json()["error"]["code"] == "no_consent"
    assert not Recording.objects.exists()
    assert not [path for path in media.rglob("*") if path.is_file()]


@pytest.mark.parametrize(
    ("content", "answer"),
    [(b"", (422, "empty_file")), (b"a letter, not a film " * 100, (415, "unsupported_format"))],
)
def test_content_decides_and_not_the_name(people, api, media, content, answer):
    response = send(api(people.staff), people.student, SimpleUploadedFile("interview.mp4", content))
    error = response.json()["error"]
    assert (response.status_code, error["code"]) == answer
    assert error["next_step"]
    assert not Recording.objects.exists()


def test_a_file_over_the_limit_is_413(people, api, media, tone, settings):
    settings.EMOREC_MAX_UPLOAD_BYTES = 1000
    response = send(api(people.staff), people.student, tone())
    assert response.status_code == 413
    assert response.json()["error"]["code"] == "too_large"


def test_a_body_that_cannot_fit_is_413_without_being_read(people, api, settings):
    settings.EMOREC_MAX_UPLOAD_BYTES = 1000
    response = api(people.staff).generic("POST", LIST, b"x" * 100_000, content_type="multipart/form-data; boundary=b")
    assert response.status_code == 413


def test_what_is_missing_is_named(people, api, media):
    response = api(people.staff).post(LIST, {"recorded_at": "yesterday"}, format="multipart")
    assert response.status_code == 400
    assert set(response.json()["error"]["fields"]) == {"student", "recorded_at", "file"}


def test_a_recording_from_the_future_is_refused(people, api, media, tone):
    tomorrow = (timezone.now() + timedelta(days=1)).isoformat()
    response = send(api(people.staff), people.student, tone(), tomorrow)
    assert response.status_code == 400
    assert response.json()["error"]["code"] == "recorded_in_future"


def test_a_name_is_shown_without_its_path(people, api, media, tone):
    response = send(api(people.staff), people.student, SimpleUploadedFile("../../x/" + "a" * 300, tone().read()))
    assert response.status_code == 201
    name = response.json()["original_name"]
    assert len(name) <= 120
    assert "/" not in name
    assert ".." not in name


@pytest.mark.parametrize("who", ["owner", "teammate", "admin"])
def test_only_staff_upload(people, api, media, tone, who):
    assert send(api(getattr(people, who)), people.student, tone()).status_code == 404
    assert not Recording.objects.exists()


def test_each_sees_the_recordings_of_the_students_they_see(people, api):
    mine = RecordingFactory(student=people.student)
    RecordingFactory()
    listed = api(people.owner).get(LIST).json()
    assert [row["id"] for row in listed["results"]] == [str(mine.pk)]
    assert api(people.teammate).get(LIST).json()["count"] == 0
    assert api(people.staff).get(LIST).json()["count"] == 2
    assert api(people.admin).get(LIST).json()["count"] == 2
    assert api(people.teammate).get(one(mine)).status_code == 404


def test_the_list_is_filtered_by_student_and_status(people, api):
    done = RunFactory(recording__student=people.student).recording
    fresh = RecordingFactory(student=people.student)
    other = RecordingFactory()
    script = api(people.staff)

    def ids(query):
        return {row["id"] for row in script.get(f"{LIST}?{query}").json()["results"]}

    assert ids(f"student={people.student.pk}") == {str(done.pk), str(fresh.pk)}
    assert ids("status=succeeded") == {str(done.pk)}
    assert ids("status=uploaded") == {str(fresh.pk), str(other.pk)}
    assert script.get(f"{LIST}?status=nearly").status_code == 400


def test_status_stage_and_percent_are_those_of_the_newest_run(people, api):
    run = RunFactory(
        recording__student=people.student, status=RunStatus.RUNNING, stage="face", percent=62.5,
        lease_token="00000000-0000-4000-8000-000000000001",
    )  # fmt: skip
    body = api(people.staff).get(one(run.recording)).json()
    assert (body["status"], body["stage"], body["percent"], body["error"]) == ("running", "face", 62.5, None)


def test_a_failed_recording_says_why_and_what_to_do(people, api):
    run = RunFactory(recording__student=people.student, status=RunStatus.FAILED, error_code="no_usable_signal")
    body = api(people.staff).get(one(run.recording)).json()
    assert body["status"] == "failed"
    assert set(body["error"]) == {"code", "message", "next_step"}
    assert body["error"]["code"] == "no_usable_signal"


def test_staff_follow_a_run_but_see_nothing_it_measured(people, api):
    run = RunFactory(
        recording__student=people.student, model={"version": "1"}, config={"alpha": 0.6},
        timings={"voice": 1.0}, quality={"face_share": 0.9},
    )  # fmt: skip
    measured = {"model": {"version": "1"}, "config": {"alpha": 0.6}, "timings": {"voice": 1.0},
                "quality": {"face_share": 0.9}}  # fmt: skip
    for user in (people.owner, people.admin):
        shown = api(user).get(one(run.recording)).json()["run"]
        assert {key: shown[key] for key in measured} == measured
    shown = api(people.staff).get(one(run.recording)).json()["run"]
    assert {key: shown[key] for key in measured} == dict.fromkeys(measured)
    assert (shown["number"], shown["voice"], shown["face"]) == (1, True, True)


@pytest.mark.parametrize("who", ["staff", "admin"])
def test_a_waiting_analysis_is_cancelled_and_repeated(people, api, who):
    run = RunFactory(recording__student=people.student, status=RunStatus.QUEUED, attempt=0)
    script = api(getattr(people, who))
    assert script.post(one(run.recording, "repeat")).json()["error"]["code"] == "run_active"
    assert script.post(one(run.recording, "cancel")).json()["status"] == "cancelled"
    assert script.post(one(run.recording, "cancel")).status_code == 409
    again = script.post(one(run.recording, "repeat"))
    assert again.status_code == 202
    assert (again.json()["status"], again.json()["run"]["number"]) == ("queued", 2)


@pytest.mark.parametrize("who", ["owner", "teammate"])
def test_a_counsellor_neither_cancels_nor_repeats_nor_deletes(people, api, who):
    run = RunFactory(recording__student=people.student, status=RunStatus.QUEUED, attempt=0)
    script = api(getattr(people, who))
    assert script.post(one(run.recording, "cancel")).status_code == 404
    assert script.post(one(run.recording, "repeat")).status_code == 404
    assert script.delete(one(run.recording)).status_code == 404
    run.refresh_from_db()
    assert run.status == RunStatus.QUEUED
    assert Run.objects.count() == 1


def test_a_deleted_recording_is_gone(people, api, media):
    run = RunFactory(recording__student=people.student)
    script = api(people.staff)
    assert script.delete(one(run.recording)).status_code == 204
    assert script.get(one(run.recording)).status_code == 404
    assert not Run.objects.exists()
