"""What may be uploaded: limits, names, who may be recorded; everything that can be checked before the first byte."""

import unicodedata
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import PurePosixPath

from django.conf import settings
from django.utils import timezone

from analysis.errors import Refused
from analysis.files import storage
from students.consent import enough_to_analyse, purposes_covered
from students.models import Student

CLOCK_SKEW = timedelta(minutes=1)
NAME_LENGTH = 120

_FORMATS = {
    ".mp4": "MP4",
    ".m4v": "MP4",
    ".mov": "MOV",
    ".webm": "WebM",
    ".mkv": "MKV",
    ".avi": "AVI",
    ".wav": "WAV",
    ".mp3": "MP3",
    ".m4a": "M4A",
    ".flac": "FLAC",
    ".ogg": "OGG",
    ".oga": "OGG",
    ".opus": "OGG",
    ".aac": "AAC",
    ".3gp": "3GP",
    ".mts": "MTS",
    ".m2ts": "MTS",
    ".ts": "MTS",
    ".mpg": "MPG",
    ".mpeg": "MPG",
    ".wmv": "WMV",
    ".wma": "WMA",
    ".flv": "FLV",
    ".dv": "DV",
    ".aif": "AIFF",
    ".aiff": "AIFF",
    ".caf": "CAF",
    ".amr": "AMR",
}


@dataclass(frozen=True)
class Limits:
    """What is told before an upload and enforced on the content afterwards.

    Attributes:
        extensions: file name endings offered in the file dialogue, with the dot; they decide nothing.
        labels: the formats in words.
    """

    max_bytes: int
    max_duration_s: int
    extensions: tuple[str, ...]
    labels: tuple[str, ...]


def limits() -> Limits:
    """The limits now in force."""
    return Limits(
        max_bytes=settings.EMOREC_MAX_UPLOAD_BYTES,
        max_duration_s=settings.EMOREC_MAX_DURATION_S,
        extensions=tuple(_FORMATS),
        labels=tuple(dict.fromkeys(_FORMATS.values())),
    )


def display_name(name: str) -> str:
    """A file name as it may be shown: its last part, without control or direction characters, 120 at most.

    It is never used as a path; the ending survives the cut because people look for it.
    """
    name = unicodedata.normalize("NFC", name).replace("\\", "/")
    name = "".join(character for character in name if unicodedata.category(character)[0] != "C")
    name = name.rstrip("/ ").rpartition("/")[2].strip()
    if name in {"", ".", ".."}:
        return "recording"
    if len(name) > NAME_LENGTH:
        ending = PurePosixPath(name).suffix[:10]
        name = name[: NAME_LENGTH - len(ending) - 1] + "…" + ending
    return name


def require_consent(student: Student) -> None:
    """Raises ``Refused("no_consent")`` unless the student's consent is enough to analyse anything."""
    if not enough_to_analyse(purposes_covered(student)):
        raise Refused("no_consent")


def require_admissible(student: Student, recorded_at: datetime, size: int | None) -> None:
    """Checks everything that can be checked before the first byte."""
    require_consent(student)
    if recorded_at > timezone.now() + CLOCK_SKEW:
        raise Refused("recorded_in_future")
    if size is not None:
        if size > settings.EMOREC_MAX_UPLOAD_BYTES:
            raise Refused("too_large")
        if size == 0:
            raise Refused("empty_file")
    storage.require_room(size or 0)
