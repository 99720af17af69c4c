"""Resumable uploads over HTTP: nothing is lost by a cut, nothing gets in that should not."""

import base64
import hashlib
import os
import signal
import subprocess
import sys
import threading
from datetime import timedelta
from pathlib import Path

import pytest
from django.conf import settings as django_settings
from django.test import Client
from django.utils import timezone
from knox.models import AuthToken

from analysis.files import storage
from analysis.intake import receiving, uploads
from analysis.models import Recording, Run, Upload
from students.models import Consent, Purpose
from tests.factories import StudentFactory, UploadFactory, UserFactory, consented

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("media")]

BYTES = bytes(range(256)) * 40


class Tus:
    """A tus client over Django's test client."""

    def __init__(self, client: Client, **headers: str) -> None:
        self.client = client
        self.headers = {"Tus-Resumable": "1.0.0", **headers}

    def send(self, method: str, url: str, body: bytes = b"", **headers: str):
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        kind = named.pop("Content-Type", "application/offset+octet-stream")
        return self.client.generic(method, url, body, content_type=kind, headers={**self.headers, **named})

    def create(self, student, length: int, name: str = "interview.mp4", body: bytes = b"", **more: str):
        pairs = {
            "student": str(getattr(student, "pk", student)),
            "recorded_at": (timezone.now() - timedelta(hours=1)).isoformat(),
            "filename": name,
        } | more
        metadata = ",".join(f"{key} {base64.b64encode(value.encode()).decode()}" for key, value in pairs.items())
        return self.send("POST", "/api/v1/uploads/", body, Upload_Length=str(length), Upload_Metadata=metadata)

    def patch(self, url: str, offset: int, body: bytes, **headers: str):
        return self.send("PATCH", url, body, Upload_Offset=str(offset), **headers)


@pytest.fixture
def tus(people) -> Tus:
    """A client of the member of staff, with an API token."""
    _, token = AuthToken.objects.create(people.staff)
    return Tus(Client(), Authorization=f"Token {token}")


def test_a_client_learns_what_the_server_can_do(tus):
    answer = tus.send("OPTIONS", "/api/v1/uploads/")
    assert answer.status_code == 204
    assert answer["Tus-Version"] == "1.0.0"
    assert {"creation", "termination", "checksum", "expiration"} <= set(answer["Tus-Extension"].split(","))
    assert answer["Tus-Max-Size"] == str(django_settings.EMOREC_MAX_UPLOAD_BYTES)


def test_an_upload_becomes_a_recording_with_a_waiting_run(tus, people, clip):
    url = tus.create(people.student, len(clip))["Location"]
    answer = tus.patch(url, 0, clip)
    assert answer.status_code == 204, answer.content
    recording = Recording.objects.get(pk=answer["Upload-Recording"])
    assert storage.original_path(recording).read_bytes() == clip
    assert recording.sha256 == hashlib.sha256(clip).hexdigest()
    assert (recording.container, recording.has_audio, recording.has_video) == ("mov", True, True)
    assert recording.status == "queued"
    assert tus.send("HEAD", url)["Upload-Recording"] == str(recording.pk)


@pytest.mark.usefixtures("trusting_probe")
def test_an_upload_goes_on_where_the_connection_was_cut(tus, people):
    url = tus.create(people.student, len(BYTES))["Location"]
    assert tus.patch(url, 0, BYTES[:3000])["Upload-Offset"] == "3000"
    head = tus.send("HEAD", url)
    assert (head["Upload-Offset"], head["Upload-Length"]) == ("3000", str(len(BYTES)))
    answer = tus.patch(url, 3000, BYTES[3000:])
    recording = Recording.objects.get(pk=answer["Upload-Recording"])
    assert storage.original_path(recording).read_bytes() == BYTES


@pytest.mark.usefixtures("trusting_probe")
def test_what_arrived_before_a_cut_in_the_middle_of_a_request_is_kept(people, tus):
    upload = Upload.objects.get(pk=tus.create(people.student, len(BYTES))["Location"].split("/")[-2])

    def cut():
        yield BYTES[:5000]
        raise OSError("connection reset")

    with pytest.raises(uploads.Refused, match="upload_incomplete"):
        uploads.upload_append(upload, offset=0, source=cut())
    upload.refresh_from_db()
    assert upload.offset == 5000
    uploads.upload_append(upload, offset=5000, source=[BYTES[5000:]])
    assert storage.original_path(Recording.objects.get(pk=upload.pk)).read_bytes() == BYTES


KILLED_WRITER = """
import os, signal, sys, django
django.setup()
from analysis.intake import uploads
from analysis.models import Upload
uploads.DURABLE_STEP_BYTES = 4096
def source():
    for start in range(0, 8192, 1024):
        yield open(sys.argv[2], "rb").read()[start:start + 1024]
    yield b"x" * 500
    os.kill(os.getpid(), signal.SIGKILL)
uploads.upload_append(Upload.objects.get(pk=sys.argv[1]), offset=0, source=source())
"""


@pytest.mark.usefixtures("trusting_probe")
def test_a_killed_web_process_costs_at_most_the_last_step(tus, people, tmp_path, database_url, media):
    url = tus.create(people.student, len(BYTES))["Location"]
    pk = url.split("/")[-2]
    (tmp_path / "bytes").write_bytes(BYTES)
    environment = {
        **os.environ,
        "EMOREC_DATABASE_URL": database_url,
        "EMOREC_MEDIA": str(media),
        "DJANGO_SETTINGS_MODULE": "emorec_site.settings",
    }
    command = [sys.executable, "-c", KILLED_WRITER, pk, str(tmp_path / "bytes")]
    killed = subprocess.run(command, env=environment, cwd=django_settings.BASE_DIR, check=False)
    assert killed.returncode == -signal.SIGKILL
    assert storage.part_path(pk).stat().st_size > 8192, "bytes beyond the recorded offset lie in the part"
    offset = int(tus.send("HEAD", url)["Upload-Offset"])
    assert offset == 8192
    answer = tus.patch(url, offset, BYTES[offset:])
    assert storage.original_path(Recording.objects.get(pk=answer["Upload-Recording"])).read_bytes() == BYTES


@pytest.mark.usefixtures("trusting_probe")
def test_a_part_shorter_than_recorded_moves_the_offset_back(tus, people):
    url = tus.create(people.student, len(BYTES))["Location"]
    tus.patch(url, 0, BYTES[:4000])
    os.truncate(storage.part_path(url.split("/")[-2]), 1000)
    assert tus.patch(url, 4000, BYTES[4000:]).status_code == 409
    assert tus.send("HEAD", url)["Upload-Offset"] == "1000"
    answer = tus.patch(url, 1000, BYTES[1000:])
    assert storage.original_path(Recording.objects.get(pk=answer["Upload-Recording"])).read_bytes() == BYTES


@pytest.mark.usefixtures("trusting_probe")
def test_of_two_writers_at_once_one_is_turned_away(tus, people):
    url = tus.create(people.student, len(BYTES))["Location"]
    upload = Upload.objects.get(pk=url.split("/")[-2])
    writing, go_on = threading.Event(), threading.Event()

    def slow():
        yield BYTES[:1000]
        writing.set()
        assert go_on.wait(10)
        yield BYTES[1000:2000]

    def write() -> None:
        from django.db import connection

        try:
            uploads.upload_append(upload, offset=0, source=slow())
        finally:
            connection.close()

    first = threading.Thread(target=write)
    first.start()
    assert writing.wait(10)
    second = tus.patch(url, 0, b"y" * 1000)
    go_on.set()
    first.join()
    assert second.status_code == 423
    assert second.json()["error"]["code"] == "upload_busy"
    assert storage.part_path(upload.pk).read_bytes() == BYTES[:2000]


def test_a_part_sent_for_another_offset_is_not_written(tus, people):
    url = tus.create(people.student, len(BYTES))["Location"]
    answer = tus.patch(url, 10, BYTES[10:])
    assert answer.status_code == 409
    assert answer.json()["error"]["code"] == "offset_mismatch"
    assert tus.send("HEAD", url)["Upload-Offset"] == "0"


def test_more_bytes_than_announced_are_refused(tus, people):
    url = tus.create(people.student, 100)["Location"]
    assert tus.patch(url, 0, b"x" * 101).status_code == 413
    assert not Recording.objects.exists()


@pytest.mark.parametrize("algorithm", ["sha1", "sha256"])
@pytest.mark.usefixtures("trusting_probe")
def test_a_part_counts_only_with_the_right_checksum(tus, people, algorithm):
    url = tus.create(people.student, len(BYTES))["Location"]

    def checksum(part: bytes) -> str:
        return f"{algorithm} {base64.b64encode(hashlib.new(algorithm, part).digest()).decode()}"

    damaged = b"?" + BYTES[1:]
    assert tus.patch(url, 0, damaged, Upload_Checksum=checksum(BYTES)).status_code == 460
    assert tus.send("HEAD", url)["Upload-Offset"] == "0"
    tus.patch(url, 0, BYTES[:1000], Upload_Checksum=checksum(BYTES[:1000]))
    assert storage.part_path(url.split("/")[-2]).read_bytes() == BYTES[:1000], "the damaged bytes were cut off"
    assert "Upload-Recording" in tus.patch(url, 1000, BYTES[1000:], Upload_Checksum=checksum(BYTES[1000:]))


def test_an_unknown_checksum_is_refused(tus, people):
    url = tus.create(people.student, 100)["Location"]
    assert tus.patch(url, 0, b"x" * 100, Upload_Checksum="md5 AAAA").status_code == 400


def test_a_file_over_the_limit_is_refused_before_its_first_byte(tus, people, settings):
    settings.EMOREC_MAX_UPLOAD_BYTES = 1000
    answer = tus.create(people.student, 1001)
    assert answer.status_code == 413
    assert answer.json()["error"]["next_step"]
    assert not Upload.objects.exists()


def test_without_consent_no_upload_begins(tus, people):
    answer = tus.create(StudentFactory(), 100)
    assert answer.status_code == 403
    assert answer.json()["error"]["code"] == "no_consent"
    answer = tus.create(consented(Purpose.RECORDING, Purpose.RESEARCH), 100)
    assert answer.json()["error"]["code"] == "no_consent"
    assert not Upload.objects.exists()


@pytest.mark.usefixtures("trusting_probe")
def test_a_consent_that_ends_during_the_upload_ends_the_upload(tus, people):
    url = tus.create(people.student, len(BYTES))["Location"]
    tus.patch(url, 0, BYTES[:1000])
    Consent.objects.filter(student=people.student, purpose=Purpose.RECORDING).update(
        ended_at=timezone.now(), end_reason="withdrawn"
    )
    answer = tus.patch(url, 1000, BYTES[1000:])
    assert answer.status_code == 403
    assert answer.json()["error"]["code"] == "no_consent"
    assert not Recording.objects.exists()
    assert not storage.part_path(url.split("/")[-2]).exists()
    assert tus.send("GET", url).json()["error"]["code"] == "no_consent"


def test_a_refused_content_keeps_its_message(tus, people):
    text = b"this is no video" * 10
    url = tus.create(people.student, len(text), name="film.mp4")["Location"]
    answer = tus.patch(url, 0, text)
    assert answer.status_code == 415
    assert answer.json()["error"]["code"] == "unsupported_format"
    head = tus.send("HEAD", url)
    assert (head.status_code, head["Upload-Error"]) == (410, "unsupported_format")
    kept = tus.send("GET", url).json()
    assert (kept["status"], kept["error"]["code"]) == ("rejected", "unsupported_format")
    assert not storage.part_path(url.split("/")[-2]).exists()


@pytest.mark.usefixtures("trusting_probe")
def test_a_duplicate_finishes_and_points_at_the_recording_that_is_there(tus, people):
    first = tus.patch(tus.create(people.student, len(BYTES))["Location"], 0, BYTES)
    url = tus.create(people.student, len(BYTES), name="copy.mp4")["Location"]
    second = tus.patch(url, 0, BYTES)
    assert second.status_code == 204
    assert second["Upload-Duplicate"] == "1"
    assert second["Upload-Recording"] == first["Upload-Recording"]
    assert tus.send("HEAD", url)["Upload-Offset"] == str(len(BYTES))
    assert Recording.objects.count() == Run.objects.count() == 1
    assert not storage.part_path(url.split("/")[-2]).exists()


@pytest.mark.usefixtures("trusting_probe")
def test_the_first_part_may_come_with_the_creation(tus, people):
    answer = tus.create(people.student, len(BYTES), body=BYTES)
    assert answer.status_code == 201
    assert answer["Upload-Offset"] == str(len(BYTES))
    assert Recording.objects.filter(pk=answer["Upload-Recording"]).exists()


def test_an_upload_can_be_given_up(tus, people):
    url = tus.create(people.student, len(BYTES))["Location"]
    tus.patch(url, 0, BYTES[:1000])
    assert tus.send("DELETE", url).status_code == 204
    assert not storage.part_path(url.split("/")[-2]).exists()
    assert tus.send("HEAD", url).status_code == 404


def test_an_upload_that_was_not_finished_in_time_is_purged(tus, people):
    url = tus.create(people.student, len(BYTES))["Location"]
    assert "Upload-Expires" in tus.patch(url, 0, BYTES[:1000])
    Upload.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    assert tus.patch(url, 1000, BYTES[1000:]).status_code == 410
    assert uploads.uploads_purge()["expired"] == 1
    assert not storage.part_path(url.split("/")[-2]).exists()
    assert tus.send("HEAD", url)["Upload-Error"] == "upload_expired"


def test_the_upload_of_someone_else_does_not_exist(tus):
    foreign = UploadFactory(user=UserFactory(role="staff"))
    url = f"/api/v1/uploads/{foreign.pk}/"
    for method in ("HEAD", "GET", "PATCH", "DELETE"):
        answer = tus.send(method, url, b"x" if method == "PATCH" else b"", Upload_Offset="0")
        assert answer.status_code == 404, method
    assert Upload.objects.filter(pk=foreign.pk, offset=0).exists()


def test_only_staff_upload(people, clip):
    for user in (people.owner, people.admin):
        _, token = AuthToken.objects.create(user)
        assert Tus(Client(), Authorization=f"Token {token}").create(people.student, 100).status_code == 404
    assert Tus(Client()).create(people.student, 100).status_code == 401


def test_a_browser_session_needs_its_csrf_token(people):
    browser = Client(enforce_csrf_checks=True)
    browser.force_login(people.staff)
    assert Tus(browser).create(people.student, 100).status_code == 403
    token = browser.cookies[django_settings.CSRF_COOKIE_NAME] = "t" * 32
    assert Tus(browser, **{"X-CSRFToken": token}).create(people.student, 100).status_code == 201


@pytest.mark.parametrize("name", ["../../etc/passwd", "..\\..\\boot.ini", "x" * 300 + ".mp4", "a\x00b\r\n\u202e.mp4"])
@pytest.mark.usefixtures("trusting_probe")
def test_a_name_never_becomes_a_path(tus, people, media: Path, name):
    answer = tus.patch(tus.create(people.student, len(BYTES), name=name)["Location"], 0, BYTES)
    recording = Recording.objects.get(pk=answer["Upload-Recording"])
    shown = recording.original_name
    assert len(shown) <= 120
    assert "/" not in shown and "\\" not in shown and shown.isprintable()
    files = [path for path in media.rglob("*") if path.is_file()]
    assert files == [media / "recordings" / recording.pk.hex[:2] / str(recording.pk)]


@pytest.mark.parametrize(
    ("student", "recorded_at"),
    [("no uuid", "2026-03-01T10:00:00Z"), (None, "yesterday"), (None, "2026-13-01T10:00:00Z"), (None, "")],
)
def test_metadata_that_says_nothing_usable_is_refused(tus, people, student, recorded_at):
    answer = tus.create(student or people.student, 100, recorded_at=recorded_at)
    assert answer.json()["error"]["code"] == "invalid_metadata"


@pytest.mark.usefixtures("media")
def test_an_error_of_the_system_leaves_the_upload_open(tus, people, monkeypatch):
    def broken(path: Path) -> None:
        raise uploads.Refused("probe_failed")

    monkeypatch.setattr(receiving, "probe", broken)
    url = tus.create(people.student, len(BYTES))["Location"]
    tus.patch(url, 0, BYTES[:4000])
    assert tus.patch(url, 4000, BYTES[4000:]).status_code == 503
    assert tus.send("HEAD", url)["Upload-Offset"] == "4000"
    assert storage.part_path(url.split("/")[-2]).exists()


def test_a_student_that_does_not_exist_is_not_found(tus, people):
    assert tus.create("7f3c1d9e-5a44-4d0a-9d6c-000000000000", 100).status_code == 404


def test_a_recording_is_not_made_in_the_future(tus, people):
    later = (timezone.now() + timedelta(hours=1)).isoformat()
    assert tus.create(people.student, 100, recorded_at=later).json()["error"]["code"] == "recorded_in_future"


def test_another_version_of_the_protocol_is_refused(tus, people):
    answer = tus.send("HEAD", "/api/v1/uploads/7f3c1d9e-5a44-4d0a-9d6c-000000000000/", Tus_Resumable="0.2.2")
    assert answer.status_code == 412
    assert answer["Tus-Version"] == "1.0.0"


@pytest.mark.usefixtures("trusting_probe")
def test_a_proxy_that_knows_no_patch_can_be_passed(tus, people):
    url = tus.create(people.student, len(BYTES))["Location"]
    answer = tus.send("POST", url, BYTES, Upload_Offset="0", X_HTTP_Method_Override="PATCH")
    assert answer.status_code == 204
    assert "Upload-Recording" in answer
