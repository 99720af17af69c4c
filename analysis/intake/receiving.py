"""Bytes -> verified, stored, hashed Recording. Two ways in, one way through.

A whole file (``recording_receive``) and a resumable upload (``uploads``) both end in ``accept``: probed, hashed,
committed with its queued run, moved to its place, and only then are the workers told. ``analysis.files.storage`` lists
what a kill leaves at each point and who picks it up.
"""

import hashlib
import os
import uuid
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import BinaryIO

from django.conf import settings
from django.db import IntegrityError, transaction

from analysis.errors import Refused
from analysis.files import storage
from analysis.files.probing import Probe, probe
from analysis.flow import UploadStatus, move
from analysis.intake.admission import display_name, require_admissible, require_consent
from analysis.models import Recording, Upload
from analysis.runs import lifecycle
from students import audit
from students.locking import student_lock
from students.models import Student, User

CHUNK_BYTES = 256 * 1024


def recording_receive(
    *, user: User, student: Student, recorded_at: datetime, name: str, source: BinaryIO | Iterable[bytes]
) -> Recording:
    """Takes in a whole file: streamed to the disk, verified, stored; its analysis is queued on commit.

    Args:
        recorded_at: aware, not in the future.
        source: the bytes, as an open binary file (an ``UploadedFile`` serves) or as chunks.

    Raises:
        Refused: no_consent, recorded_in_future, too_large, storage_full, duplicate (extra ``recording``: the id of
            the one that is there), or what ``probing.probe`` found. Nothing is left behind.
    """
    require_admissible(student, recorded_at, getattr(source, "size", None))
    pk = uuid.uuid4()
    try:
        with storage.open_part(pk) as part:
            sha256, size = hashlib.sha256(), 0
            for chunk in chunks(source):
                size += len(chunk)
                if size > settings.EMOREC_MAX_UPLOAD_BYTES:
                    raise Refused("too_large")
                storage.write_all(part, chunk)
                sha256.update(chunk)
            os.fsync(part)
            storage.flush_folder(storage.part_path(pk).parent)
            if size == 0:
                raise Refused("empty_file")
            return accept(Arrival(pk, user, student, recorded_at, name, sha256.hexdigest(), size))
    except BaseException:
        if not Recording.objects.filter(pk=pk).exists():
            storage.discard(pk, "")
        raise


def chunks(source: BinaryIO | Iterable[bytes]) -> Iterator[bytes]:
    """The bytes of an open file or of chunks, piece by piece."""
    if hasattr(source, "read"):
        while chunk := source.read(CHUNK_BYTES):
            yield chunk
    else:
        yield from source


@dataclass(frozen=True)
class Arrival:
    """A complete part on the disk, flushed and hashed, and what the uploader stated about it."""

    pk: uuid.UUID
    user: User
    student: Student
    recorded_at: datetime
    name: str
    sha256: str
    size: int
    upload: Upload | None = None


def accept(arrival: Arrival) -> Recording:
    """The arrival becomes a recording: probed, committed with its run, moved on commit.

    The student's row is locked while consent is checked once more, so a withdrawal comes either before (and the
    recording is refused) or after (and finds it).
    """
    _refuse_duplicate(arrival)
    content = probe(storage.part_path(arrival.pk))
    try:
        with transaction.atomic():
            require_consent(student_lock(arrival.student.pk))
            recording = _row(arrival, content)
            _finish_upload(arrival, recording)
            audit.record(
                "recording.upload",
                actor=arrival.user,
                student=arrival.student,
                object_type="recording",
                object_ref=arrival.pk,
                size_bytes=arrival.size,
                container=content.container,
            )
            transaction.on_commit(lambda: storage.settle(recording), robust=True)
            lifecycle.run_request(recording, by=arrival.user)
    except IntegrityError:
        _refuse_duplicate(arrival)
        raise
    return recording


def _row(arrival: Arrival, content: Probe) -> Recording:
    return Recording.objects.create(
        id=arrival.pk,
        student=arrival.student,
        uploaded_by=arrival.user,
        recorded_at=arrival.recorded_at,
        original_name=display_name(arrival.name),
        file=storage.original_name(arrival.pk),
        sha256=arrival.sha256,
        size_bytes=arrival.size,
        container=content.container,
        duration_s=content.duration_s,
        has_audio=content.has_audio,
        has_video=content.has_video,
        width=content.width,
        height=content.height,
        fps=content.fps,
    )


def _finish_upload(arrival: Arrival, recording: Recording) -> None:
    """The upload, if this is one, has become ``recording``; unless it was closed while it was being read."""
    if arrival.upload is None:
        return
    upload = Upload.objects.filter(pk=arrival.pk)
    if not move(upload, UploadStatus.FINISHED, offset=arrival.size, recording=recording):
        raise Refused("upload_closed")


def _refuse_duplicate(arrival: Arrival) -> None:
    existing = Recording.objects.filter(student=arrival.student, sha256=arrival.sha256, synthetic=False).first()
    if existing is not None:
        raise Refused("duplicate", recording=str(existing.pk))
