"""The stored original, streamed through the door with HTTP ranges so that a player can seek in two hours of video."""

import re
from pathlib import Path
from typing import BinaryIO
from uuid import UUID

from django.http import FileResponse, Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.views.decorators.http import require_safe

from analysis.files import storage
from analysis.models import Recording
from students import audit
from students.access import Action, door, fetch, signed_in

CHUNK_BYTES = 256 * 1024

_TYPES: dict[tuple[str, bool], tuple[str, str]] = {
    ("mov", True): ("video/mp4", "mp4"),
    ("mov", False): ("audio/mp4", "m4a"),
    ("matroska", True): ("video/webm", "webm"),
    ("matroska", False): ("audio/webm", "webm"),
    ("avi", True): ("video/x-msvideo", "avi"),
    ("avi", False): ("video/x-msvideo", "avi"),
    ("wav", False): ("audio/wav", "wav"),
    ("mp3", False): ("audio/mpeg", "mp3"),
    ("flac", False): ("audio/flac", "flac"),
    ("ogg", True): ("video/ogg", "ogv"),
    ("ogg", False): ("audio/ogg", "ogg"),
    ("aac", False): ("audio/aac", "aac"),
    ("mpegts", True): ("video/mp2t", "ts"),
    ("mpegts", False): ("video/mp2t", "ts"),
    ("mpeg", True): ("video/mpeg", "mpg"),
    ("mpeg", False): ("video/mpeg", "mpg"),
    ("asf", True): ("video/x-ms-wmv", "wmv"),
    ("asf", False): ("audio/x-ms-wma", "wma"),
    ("flv", True): ("video/x-flv", "flv"),
    ("flv", False): ("video/x-flv", "flv"),
    ("dv", True): ("video/dv", "dv"),
    ("aiff", False): ("audio/aiff", "aiff"),
    ("caf", False): ("audio/x-caf", "caf"),
    ("amr", False): ("audio/amr", "amr"),
}
"""(probed container, has pictures) to content type and name ending. The uploaded name decides nothing."""

_RANGE = re.compile(r"bytes=(\d{0,18})-(\d{0,18})", re.ASCII)


class Part:
    """``length`` bytes of an open file from its current position on, for ``FileResponse``."""

    def __init__(self, file: BinaryIO, length: int) -> None:
        self._file = file
        self._bytes_left = length

    def read(self, size: int = -1) -> bytes:
        """At most ``size`` of the bytes that are left."""
        count = self._bytes_left if size < 0 else min(size, self._bytes_left)
        chunk = self._file.read(count)
        self._bytes_left -= len(chunk)
        return chunk

    def close(self) -> None:
        """Closes the file."""
        self._file.close()


@door(Action.RESULTS_VIEW)
@require_safe
def recording_media(request: HttpRequest, pk: UUID) -> HttpResponseBase:
    """The original: 200, or 206 for one range, or 416 for a range outside it.

    Its name says nothing about the student, and neither a proxy nor the browser may keep it. One playing is audited
    once, when its first byte is asked for.
    """
    recording = fetch(request.user, Action.RESULTS_VIEW, Recording.objects.all(), pk)
    path = storage.settle(recording)
    if path is None:
        raise Http404
    size = path.stat().st_size
    try:
        part = byte_range(_requested_range(request, recording), size)
    except OutOfRange:
        return _common(HttpResponse(status=416, headers={"Content-Range": f"bytes */{size}"}), recording)
    start, stop = part or (0, size)
    if start == 0 and request.method == "GET":
        audit.record(
            "recording.play",
            actor=signed_in(request),
            student=recording.student_id,
            object_type="recording",
            object_ref=recording.pk,
        )
    response = _send(path, start, stop)
    if part is not None:
        response.status_code = 206
        response["Content-Range"] = f"bytes {start}-{stop - 1}/{size}"
    return _common(response, recording)


class OutOfRange(Exception):  # noqa: N818  (an answer of its own, 416)
    """The range lies outside the file."""


def byte_range(header: str, size: int) -> tuple[int, int] | None:
    """Start and end (exclusive) of the bytes asked for (RFC 9110, section 14); None when that is all of them.

    Another unit, several ranges and a malformed range are ignored, as the standard allows.

    Raises:
        OutOfRange: the range is well formed and outside the file.
    """
    match = _RANGE.fullmatch(header.strip())
    if match is None or match.groups() == ("", ""):
        return None
    first, last = match.groups()
    if not first:
        start, stop = max(0, size - int(last)), size
    elif last and int(last) < int(first):
        return None
    else:
        start, stop = int(first), min(int(last) + 1, size) if last else size
    if start >= stop:
        raise OutOfRange
    return start, stop


def _requested_range(request: HttpRequest, recording: Recording) -> str:
    """The Range header; "" if If-Range says that it was meant for other bytes."""
    condition = request.headers.get("If-Range")
    return request.headers.get("Range", "") if condition in {None, _etag(recording)} else ""


def _send(path: Path, start: int, stop: int) -> FileResponse:
    file = path.open("rb")
    file.seek(start)
    response = FileResponse(Part(file, stop - start))
    response.block_size = CHUNK_BYTES
    response["Content-Length"] = str(stop - start)
    return response


def _etag(recording: Recording) -> str:
    return f'"{recording.sha256}"'


def _common(response: HttpResponseBase, recording: Recording) -> HttpResponseBase:
    kind, ending = _TYPES.get((recording.container, recording.has_video), ("application/octet-stream", "bin"))
    response["Content-Type"] = kind
    response["Content-Disposition"] = f'inline; filename="recording.{ending}"'
    response["Accept-Ranges"] = "bytes"
    response["ETag"] = _etag(recording)
    response["Cache-Control"] = "private, no-store"
    response["X-Content-Type-Options"] = "nosniff"
    return response
