"""The original plays for those who may see results, from any position, and lands in no cache."""

import pytest
from django.urls import reverse
from hypothesis import given
from hypothesis import strategies as st

from analysis.files import storage
from analysis.views.media import OutOfRange, byte_range
from students.models import AuditEvent
from tests.factories import RecordingFactory

BYTES = bytes(range(256)) * 4


@pytest.fixture
def recording(people, media):
    found = RecordingFactory(student=people.student, container="mov", original_name="Jane Doe 12 March.mp4")
    found.file = storage.original_name(found.pk)
    found.save()
    path = storage.original_path(found)
    path.parent.mkdir(parents=True)
    path.write_bytes(BYTES)
    return found


@pytest.fixture
def get(as_user, people, recording):
    """Asks for the media as the student's counsellor."""
    client = as_user(people.owner)
    return lambda **headers: client.get(
        reverse("recording-media", args=[recording.pk]),
        headers={name.replace("_", "-"): value for name, value in headers.items()},
    )


def body(response) -> bytes:
    return b"".join(response.streaming_content)


def test_the_whole_file_is_streamed(get):
    answer = get()
    assert (answer.status_code, body(answer)) == (200, BYTES)
    assert answer["Content-Length"] == str(len(BYTES))
    assert answer["Accept-Ranges"] == "bytes"


@pytest.mark.parametrize(
    ("header", "start", "stop"),
    [("bytes=0-", 0, 1024), ("bytes=100-199", 100, 200), ("bytes=1000-9999", 1000, 1024), ("bytes=-24", 1000, 1024)],
)
def test_a_range_is_answered_with_exactly_its_bytes(get, header, start, stop):
    answer = get(Range=header)
    assert (answer.status_code, body(answer)) == (206, BYTES[start:stop])
    assert answer["Content-Range"] == f"bytes {start}-{stop - 1}/1024"
    assert answer["Content-Length"] == str(stop - start)


@pytest.mark.parametrize("header", ["bytes=1024-", "bytes=5000-6000", "bytes=-0"])
def test_a_range_outside_the_file_is_refused(get, header):
    answer = get(Range=header)
    assert (answer.status_code, answer["Content-Range"]) == (416, "bytes */1024")


@pytest.mark.parametrize("header", ["bytes=9-3", "bytes=-", "lines=1-2", "bytes=0-1,5-6", "bytes=a-b"])
def test_a_range_that_makes_no_sense_is_ignored(get, header):
    assert get(Range=header).status_code == 200


def test_a_range_of_other_bytes_gets_everything(get, recording):
    assert get(Range="bytes=0-9", If_Range='"old"').status_code == 200
    assert get(Range="bytes=0-9", If_Range=f'"{recording.sha256}"').status_code == 206


def test_type_and_name_come_from_the_content_and_say_nothing_about_the_student(get):
    answer = get()
    assert answer["Content-Type"] == "video/mp4"
    assert answer["Content-Disposition"] == 'inline; filename="recording.mp4"'
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert "private" in answer["Cache-Control"]
    assert "Jane" not in str(answer.headers)


def test_who_may_not_see_results_gets_no_video(as_user, people, recording):
    url = reverse("recording-media", args=[recording.pk])
    assert as_user(people.admin).get(url).status_code == 200
    for user in (people.teammate, people.staff):
        assert as_user(user).get(url).status_code == 404
    assert as_user(None).get(url).status_code == 302


def test_playing_is_audited_once_and_not_at_every_seek(get, people):
    for header in ("bytes=0-", "bytes=500-", "bytes=700-800"):
        body(get(Range=header))
    event = AuditEvent.objects.get(action="recording.play")
    assert (event.actor, event.student_ref) == (people.owner, people.student.pk)


def test_a_recording_whose_bytes_are_gone_is_not_found(get, recording):
    storage.original_path(recording).unlink()
    assert get().status_code == 404


@given(st.integers(1, 10_000), st.integers(0, 20_000), st.integers(0, 20_000))
def test_a_range_never_leaves_the_file(size, first, last):
    for header in (f"bytes={first}-{last}", f"bytes={first}-", f"bytes=-{last}"):
        try:
            found = byte_range(header, size)
        except OutOfRange:
            continue
        if found is not None:
            assert 0 <= found[0] < found[1] <= size
