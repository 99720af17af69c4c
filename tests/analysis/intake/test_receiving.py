"""What gets in, what does not and why; and that a kill at any point loses nothing and leaves nothing behind."""

import hashlib
import io
import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from django.conf import settings as django_settings
from django.db import connection
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st

from analysis import errors
from analysis.errors import Refused
from analysis.files import probing, storage
from analysis.flow import UploadStatus
from analysis.intake import admission, receiving, removal, uploads
from analysis.models import Recording, Run, Upload
from analysis.runs import lifecycle
from ml.errors import RecognitionError
from students.models import AuditEvent, Purpose
from tests.analysis import clips
from tests.factories import RecordingFactory, RunFactory, UploadFactory, UserFactory, consented

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def receive(media: Path, people, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Recording]:
    """Sends bytes (or an open file) as the member of staff for the consenting student."""
    monkeypatch.setattr(lifecycle, "run_announce", lambda run_id: True)

    def send(content, name: str = "interview.mp4", student=None, ago: timedelta = timedelta(hours=1)) -> Recording:
        return receiving.recording_receive(
            user=people.staff,
            student=student or people.student,
            recorded_at=timezone.now() - ago,
            name=name,
            source=io.BytesIO(content) if isinstance(content, bytes) else content,
        )

    return send


def refused(code: str):
    return pytest.raises(Refused, match=f"^{code}$")


def files(media: Path) -> list[Path]:
    return [path for path in media.rglob("*") if path.is_file()]


# --- getting in


def test_a_recording_is_stored_hashed_and_queued(receive, clip, media):
    recording = receive(clip)
    path = storage.original_path(recording)
    assert files(media) == [path]
    assert path.read_bytes() == clip
    assert path.stat().st_mode & 0o777 == 0o600
    assert (recording.sha256, recording.size_bytes) == (hashlib.sha256(clip).hexdigest(), len(clip))
    assert (recording.width, recording.height, recording.fps) == (160, 120, 10)
    assert recording.duration_s == pytest.approx(1, abs=0.2)
    assert recording.status == "queued"
    assert AuditEvent.objects.get(action="recording.upload").object_ref == recording.pk


def test_the_same_content_of_the_same_student_is_a_duplicate(receive, clip):
    first = receive(clip)
    with refused("duplicate") as refusal:
        receive(clip, name="copy.mp4")
    assert refusal.value.extra == {"recording": str(first.pk)}
    assert receive(clip, student=consented()).pk != first.pk


@pytest.mark.usefixtures("trusting_probe")
def test_of_two_equal_uploads_at_once_one_is_the_recording(receive, media):
    start, outcomes = threading.Barrier(2), []

    def send() -> None:
        try:
            start.wait(10)
            outcomes.append(str(receive(b"the same bytes").pk))
        except Refused as refusal:
            outcomes.append(refusal.code)
        finally:
            connection.close()

    threads = [threading.Thread(target=send) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == sorted(["duplicate", str(Recording.objects.get().pk)])
    assert len(files(media)) == 1


@pytest.mark.parametrize(
    "purposes",
    [(), (Purpose.RECORDING,), (Purpose.VOICE, Purpose.FACE), (Purpose.RECORDING, Purpose.RESEARCH)],
)
def test_without_consent_to_recording_and_one_modality_nothing_gets_in(receive, clip, media, purposes):
    student = consented(Purpose.RESEARCH)
    student.consents.all().delete()
    for purpose in purposes:
        student.consents.create(purpose=purpose, granted_at=timezone.now() - timedelta(days=1))
    with refused("no_consent"):
        receive(clip, student=student)
    assert files(media) == []


@pytest.mark.parametrize("purpose", [Purpose.VOICE, Purpose.FACE])
def test_consent_to_one_modality_is_enough(receive, clip, purpose):
    assert receive(clip, student=consented(Purpose.RECORDING, purpose)).status == "queued"


def test_a_recording_from_the_future_is_refused(receive, clip):
    with refused("recorded_in_future"):
        receive(clip, ago=timedelta(hours=-1))


def test_a_stream_over_the_limit_is_cut_off_while_it_arrives(receive, settings, media):
    settings.EMOREC_MAX_UPLOAD_BYTES = 1_000_000
    taken = []

    def endless():
        while True:
            taken.append(100_000)
            yield b"x" * 100_000

    with refused("too_large"):
        receive(endless())
    assert sum(taken) == 1_100_000
    assert files(media) == []


def test_a_full_disk_is_told_and_leaves_nothing(receive, clip, media, monkeypatch):
    def full(descriptor, data):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "write", full)
    with refused("storage_full"):
        receive(clip)
    monkeypatch.undo()
    assert files(media) == []


def test_the_limits_are_told_before_an_upload(settings):
    told = admission.limits()
    assert (told.max_bytes, told.max_duration_s) == (
        settings.EMOREC_MAX_UPLOAD_BYTES,
        settings.EMOREC_MAX_DURATION_S,
    )
    assert {".mp4", ".webm", ".wav"} <= set(told.extensions)


# --- content decides, not the name


def made(tmp_path: Path, name: str, *arguments: str, seconds: float = 1) -> bytes:
    return clips.make(tmp_path / name, *arguments, seconds=seconds).read_bytes()


def test_a_video_without_sound_gets_in(receive, tmp_path):
    recording = receive(made(tmp_path, "silent.mp4", *clips.PICTURE, "-pix_fmt", "yuv420p"))
    assert (recording.has_audio, recording.has_video) == (False, True)


def test_digital_silence_and_a_picture_without_a_face_get_in(receive, tmp_path):
    silence = ("-f", "lavfi", "-i", "anullsrc=r=16000:cl=mono")
    recording = receive(made(tmp_path, "null.mp4", *clips.PICTURE, *silence, "-pix_fmt", "yuv420p"))
    assert (recording.has_audio, recording.has_video) == (True, True)


@pytest.mark.parametrize("name", ["a.wav", "a.mp3", "a.flac", "a.m4a", "a.ogg"])
def test_sound_alone_gets_in(receive, tmp_path, name):
    recording = receive(made(tmp_path, name, *clips.TONE), name="renamed.mp4")
    assert (recording.has_audio, recording.has_video, recording.width) == (True, False, None)


def test_odd_sizes_and_frame_rates_get_in(receive, tmp_path):
    odd = ("-f", "lavfi", "-i", "testsrc=size=161x119:rate=7.3")
    recording = receive(made(tmp_path, "odd.avi", *odd, "-c:v", "mjpeg", "-pix_fmt", "yuvj444p"))
    assert (recording.width, recording.height) == (161, 119)
    assert recording.fps == pytest.approx(7.3, abs=0.1)


def test_a_rotated_phone_video_is_upright(receive, tmp_path, clip):
    (tmp_path / "flat.mp4").write_bytes(clip)
    turned = made(tmp_path, "turned.mp4", "-display_rotation", "90", "-i", str(tmp_path / "flat.mp4"), "-c", "copy")
    recording = receive(turned)
    assert (recording.width, recording.height) == (120, 160)


def test_a_video_cut_off_before_its_index_is_damaged(receive, clip, media):
    with refused("damaged_file"):
        receive(clip[: len(clip) // 2])
    assert files(media) == []


PLAYLISTS = {
    "m3u8": "#EXTM3U\n#EXT-X-TARGETDURATION:10\n#EXTINF:10,\n{address}\n#EXTINF:10,\n{file}\n#EXT-X-ENDLIST\n",
    "ffconcat": "ffconcat version 1.0\nfile '{file}'\nfile '{address}'\n",
    "sdp": "v=0\no=- 0 0 IN IP4 127.0.0.1\ns=x\nc=IN IP4 127.0.0.1\nt=0 0\nm=audio {port} RTP/AVP 0\n",
    "mpd": '<?xml version="1.0"?><MPD><BaseURL>{address}</BaseURL></MPD>',
    "asx": "<asx><entry><ref href='{address}'/></entry></asx>",
}


@pytest.mark.parametrize("kind", PLAYLISTS)
def test_a_playlist_makes_the_reader_open_nothing_else(receive, clip, tmp_path, media, kind):
    (tmp_path / "private.mp4").write_bytes(clip)
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        text = PLAYLISTS[kind].format(address=f"http://127.0.0.1:{port}/a.ts", file=tmp_path / "private.mp4", port=port)
        with refused("unsupported_format"):
            receive(text.encode(), name="interview.mp4")
        server.settimeout(0.2)
        with pytest.raises(TimeoutError):
            server.accept()
    assert files(media) == []


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", "empty_file"),
        (b"Dear colleague, attached you find the interview." * 20, "unsupported_format"),
        (b"\x00" * 5000, "unsupported_format"),
        (b"MZ" + bytes(range(256)) * 20, "unsupported_format"),
        (b"\x00\x00\x00\x20ftypisom" + b"\xff" * 5000, "damaged_file"),
        (b"\x1a\x45\xdf\xa3" + b"\x01" * 5000, "damaged_file"),
    ],
    ids=["empty", "text", "zeros", "program", "broken mp4", "broken webm"],
)
def test_what_is_no_recording_is_refused_whatever_its_name(receive, media, content, code):
    with refused(code):
        receive(content, name="interview.mp4")
    assert files(media) == []
    assert not Recording.objects.exists()


def test_a_recording_over_the_time_limit_is_refused(receive, tmp_path, settings, media):
    settings.EMOREC_MAX_DURATION_S = 2
    with refused("too_long"):
        receive(made(tmp_path, "long.wav", *clips.TONE, seconds=4))
    assert files(media) == []


def test_a_reader_that_never_ends_is_ended(receive, clip, monkeypatch, media):
    monkeypatch.setattr(probing, "TIMEOUT_S", 0.05)
    with refused("probe_timeout"):
        receive(clip)
    assert files(media) == []


def test_the_reader_runs_under_its_limits(tmp_path):
    script = "import resource as r; print([r.getrlimit(l)[0] for l in (r.RLIMIT_CPU, r.RLIMIT_AS, r.RLIMIT_FSIZE)])"
    confine = Path(probing.__file__).with_name("confine.py")
    command = [sys.executable, str(confine), "7", str(2**30), "4096", sys.executable, "-c", script]
    assert subprocess.check_output(command, text=True).strip() == f"[7, {2**30}, 4096]"


def test_the_reader_does_not_learn_the_secrets(clip, tmp_path, monkeypatch):
    seen = {}
    popen = subprocess.Popen

    def spy(*args, **kwargs):
        seen.update(kwargs["env"])
        return popen(*args, **kwargs)

    monkeypatch.setattr(subprocess, "Popen", spy)
    (tmp_path / "clip").write_bytes(clip)
    probing.probe(tmp_path / "clip")
    assert not [name for name in seen if name.startswith("EMOREC_") and name != "EMOREC_FFMPEG"]


# --- a kill at any point

KILLED = """
import io, os, signal, sys, django
django.setup()
from datetime import timedelta
from django.utils import timezone
from analysis.intake import receiving
from analysis.files import storage
from analysis.runs import lifecycle
from analysis.files.probing import Probe
from students.models import Student, User
receiving.probe = lambda path: Probe("mov", 60.0, True, True)
lifecycle.run_announce = lambda run_id: True
module, name = {"receiving": receiving, "lifecycle": lifecycle, "storage": storage}[sys.argv[1]], sys.argv[2]
setattr(module, name, lambda *a, **k: os.kill(os.getpid(), signal.SIGKILL))
receiving.recording_receive(
    user=User.objects.get(username="staff"), student=Student.objects.get(pk=sys.argv[3]),
    recorded_at=timezone.now() - timedelta(hours=1), name="a.mp4", source=io.BytesIO(b"bytes of a recording"),
)
"""


@pytest.mark.parametrize(
    "point",
    ["receiving.probe", "receiving._row", "storage.settle", "lifecycle.run_announce"],
    ids=["before probing", "before the row", "before the move", "before the announcement"],
)
def test_a_kill_loses_nothing_and_leaves_nothing(people, media, database_url, point, monkeypatch):
    environment = {
        **os.environ,
        "EMOREC_DATABASE_URL": database_url,
        "EMOREC_MEDIA": str(media),
        "DJANGO_SETTINGS_MODULE": "emorec_site.settings",
    }
    command = [sys.executable, "-c", KILLED, *point.split("."), str(people.student.pk)]
    killed = subprocess.run(command, env=environment, cwd=django_settings.BASE_DIR, check=False)
    assert killed.returncode == -signal.SIGKILL
    monkeypatch.setattr(storage, "ABANDONED_S", 0)
    uploads.uploads_purge()
    if point.startswith("receiving."):  # the row was not committed yet: as if nothing had been sent
        assert files(media) == []
        assert not Recording.objects.exists()
        return
    recording = Recording.objects.get()
    assert storage.original_path(recording).read_bytes() == b"bytes of a recording"
    assert files(media) == [storage.original_path(recording)]
    announced = []
    monkeypatch.setattr(lifecycle, "run_announce", lambda run_id: announced.append(run_id) or True)
    monkeypatch.setattr(lifecycle, "messages_waiting", lambda: 0)
    lifecycle.runs_sweep()
    assert announced == [Run.objects.get(recording=recording).pk]


# --- disk against database


@pytest.mark.usefixtures("trusting_probe")
def test_a_sound_store_has_no_findings(receive, media):
    receive(b"bytes of a recording")
    upload = UploadFactory()
    with storage.open_part(upload.pk):
        pass
    RecordingFactory(synthetic=True)
    assert storage.sanity() == storage.Findings()


@pytest.mark.usefixtures("trusting_probe")
def test_a_file_without_a_row_is_removed_only_if_the_audit_trail_says_so(receive, media, people):
    deleted, vanished = receive(b"one recording"), receive(b"another recording")
    kept = storage.original_path(deleted).read_bytes()
    removal.recording_delete(deleted, by=people.staff)
    storage.original_path(deleted).write_bytes(kept)
    Recording.objects.filter(pk=vanished.pk).delete()
    found = storage.repair()
    assert found.removable == [storage.original_path(deleted)]
    assert found.unknown == [storage.original_path(vanished)]
    assert files(media) == [storage.original_path(vanished)]


@pytest.mark.usefixtures("trusting_probe")
def test_a_row_without_a_file_is_found(receive):
    recording = receive(b"bytes of a recording")
    storage.original_path(recording).unlink()
    assert storage.sanity().missing == [recording]


def test_a_part_of_an_upload_under_way_is_never_swept(media, monkeypatch):
    monkeypatch.setattr(storage, "ABANDONED_S", 0)
    upload = UploadFactory()
    with storage.open_part(upload.pk) as part:
        storage.write_all(part, b"half")
    uploads.uploads_purge()
    assert storage.part_path(upload.pk).read_bytes() == b"half"
    Upload.objects.update(status=UploadStatus.REJECTED)
    uploads.uploads_purge()
    assert files(media) == []


# --- going away


@pytest.mark.usefixtures("trusting_probe")
def test_deleting_removes_row_runs_and_file_and_is_remembered(receive, people, media):
    recording = receive(b"bytes of a recording")
    removal.recording_delete(recording, by=people.admin)
    assert files(media) == []
    assert not (Recording.objects.exists() or Run.objects.exists())
    event = AuditEvent.objects.get(action="recording.delete")
    assert (event.actor, event.detail["reason"]) == (people.admin, "requested")


def test_deleting_a_recording_under_analysis_takes_the_lease(media, people):
    recording = RecordingFactory()
    lease = lifecycle.run_claim(RunFactory(recording=recording, status="queued", attempt=0).pk)
    removal.recording_delete(recording, by=people.admin)
    assert lifecycle.run_heartbeat(lease, stage="face", percent=10) is lifecycle.Beat.LOST


# --- names and words


@given(st.text(max_size=400))
def test_a_shown_name_is_short_printable_and_no_path(name):
    shown = admission.display_name(name)
    assert 0 < len(shown) <= 120
    assert not set(shown) & set("/\\\r\n\t\0\u202e")
    assert admission.display_name(shown) == shown


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("../../etc/passwd", "passwd"),
        ("C:\\fakepath\\talk.mp4", "talk.mp4"),
        ("面谈 3.mp4", "面谈 3.mp4"),
        ("..", "recording"),
        ("", "recording"),
        ("x" * 300 + ".mp4", "x" * 115 + "….mp4"),
    ],
)
def test_a_name_keeps_what_people_know_it_by(name, shown):
    assert admission.display_name(name) == shown


def test_every_failure_of_the_engine_has_words():
    codes = {
        code.strip(" .") for code in (RecognitionError.__doc__ or "").split("Codes:")[1].replace("\n", " ").split(",")
    }
    assert codes <= errors.known_codes()


def test_an_unknown_code_still_says_what_to_do():
    told = errors.problem("no_such_code").as_dict()
    assert told["code"] == "no_such_code"
    assert told["message"] and told["next_step"]


def test_old_settled_uploads_are_forgotten(media):
    UploadFactory(user=UserFactory(), status=UploadStatus.REJECTED, expires_at=timezone.now() - timedelta(days=40))
    recent = UploadFactory(status=UploadStatus.REJECTED)
    assert uploads.uploads_purge()["forgotten"] == 1
    assert list(Upload.objects.all()) == [recent]


# --- what a file really holds


def test_a_fraction_of_a_second_over_the_limit_is_no_reason_to_refuse(receive, tmp_path, settings):
    settings.EMOREC_MAX_DURATION_S = 2
    long = made(tmp_path, "a.wav", "-f", "lavfi", "-i", "sine", seconds=2.02)
    assert receive(long).duration_s == pytest.approx(2.02)


def test_a_jump_in_time_does_not_make_a_recording_too_long(receive, tmp_path, settings):
    settings.EMOREC_MAX_DURATION_S = 60
    jump = ("-af", r"asetpts=PTS+gte(T\,2)*3000/TB")
    recording = receive(made(tmp_path, "a.mka", "-f", "lavfi", "-i", "sine=duration=4", *jump, seconds=4000))
    assert recording.duration_s == pytest.approx(3004, abs=0.1)


@pytest.mark.parametrize("name", ["a.mts", "a.wmv", "a.flv", "a.mpg"])
def test_a_camera_that_writes_another_format_is_understood(receive, tmp_path, name):
    recording = receive(made(tmp_path, name, "-f", "lavfi", "-i", "testsrc2=size=352x288:rate=25"))
    assert recording.has_video
    assert recording.duration_s == pytest.approx(1, abs=0.15)
