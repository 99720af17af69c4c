"""A resumable upload: opened, continued from the offset reached, and at the last byte handed to ``receiving``.

The row says how much is safely on the disk; the bytes lie in the part that ``analysis.files.storage`` keeps for it.
"""

import hashlib
import os
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import BinaryIO

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from analysis.errors import Refused
from analysis.files import storage
from analysis.flow import UploadStatus, move
from analysis.intake.admission import display_name, require_admissible
from analysis.intake.receiving import Arrival, accept, chunks
from analysis.models import Recording, Upload
from students import audit
from students.models import Student, User

DURABLE_STEP_BYTES = 8 * 1024**2
"""A resumable upload is flushed to the disk, and its offset recorded, whenever this much more has arrived."""

_NOT_THE_CONTENT = frozenset({"probe_failed", "storage_full"})
"""Refusals that are the system's own fault: the upload stays open and its last part can be sent again."""

KEEP_SETTLED = timedelta(days=30)
"""A settled upload is remembered this long, so that a client that comes back learns how it ended."""


def upload_begin(*, user: User, student: Student, recorded_at: datetime, name: str, length: int) -> Upload:
    """Opens a resumable upload of ``length`` bytes; everything that can be refused before the first byte is.

    Raises:
        Refused: no_consent, recorded_in_future, too_large, empty_file, storage_full.
    """
    require_admissible(student, recorded_at, length)
    return Upload.objects.create(
        user=user,
        student=student,
        recorded_at=recorded_at,
        original_name=display_name(name),
        length=length,
        expires_at=timezone.now() + settings.EMOREC_UPLOAD_EXPIRY,
    )


def upload_append(
    upload: Upload,
    *,
    offset: int,
    source: BinaryIO | Iterable[bytes],
    algorithm: str | None = None,
    digest: bytes = b"",
) -> Upload:
    """Writes what arrives from ``offset`` on; the last byte makes it a recording.

    The recorded offset never exceeds what was flushed to the disk, and reaches the length only in the transaction
    that makes the recording: a kill at any moment costs the client at most the last 8 MiB, sent again. What lies in
    the part beyond the recorded offset is cut off first.

    Args:
        algorithm, digest: the checksum extension; the bytes count only if they match.

    Returns:
        The upload as it now is: finished with its recording, or still receiving. A duplicate finishes it and points
        at the recording that is there.

    Raises:
        Refused: upload_busy, upload_closed, upload_expired, offset_mismatch, too_large (more than announced),
            checksum_mismatch, storage_full, upload_incomplete (the connection broke; what came is kept); or why the
            complete content was turned down, which also closes the upload with that ``error_code``.
    """
    _require_open(upload)
    with storage.open_part(upload.pk) as part:
        upload = _fresh(upload, part)
        if os.fstat(part).st_size < upload.offset:
            _keep(upload, part, os.fstat(part).st_size)
        if offset != upload.offset:
            raise Refused("offset_mismatch", offset=upload.offset)
        os.ftruncate(part, upload.offset)
        os.lseek(part, upload.offset, os.SEEK_SET)
        arrived = _write(upload, part, source, algorithm, digest)
        if arrived < upload.length:
            _keep(upload, part, arrived)
            return upload
        os.fsync(part)
        storage.flush_folder(storage.part_path(upload.pk).parent)
        return _finish(upload)


def _fresh(upload: Upload, part: int) -> Upload:
    """The upload as it stands now that this process holds the part; still open, or ``Refused``."""
    try:
        current = Upload.objects.select_related("user", "student").filter(pk=upload.pk).first()
        if current is None:
            raise Refused("upload_closed")
        _require_open(current)
    except Refused:
        if os.fstat(part).st_size == 0:  # opening made it anew after the upload had ended
            storage.part_path(upload.pk).unlink(missing_ok=True)
        raise
    return current


def _require_open(upload: Upload) -> None:
    if upload.status == UploadStatus.REJECTED:
        raise Refused(upload.error_code)
    if upload.status == UploadStatus.FINISHED:
        raise Refused("upload_closed")
    if upload.expires_at <= timezone.now():
        raise Refused("upload_expired")


def _write(upload: Upload, part: int, source: BinaryIO | Iterable[bytes], algorithm: str | None, digest: bytes) -> int:
    """Streams to the part; returns the position reached. Steps are recorded as they are flushed."""
    position = upload.offset
    check = hashlib.new(algorithm, usedforsecurity=False) if algorithm else None
    try:
        for chunk in chunks(source):
            if position + len(chunk) > upload.length:
                raise Refused("too_large")
            storage.write_all(part, chunk)
            position += len(chunk)
            if check is not None:
                check.update(chunk)
            elif upload.length > position >= upload.offset + DURABLE_STEP_BYTES:
                _keep(upload, part, position)
    except OSError as error:
        if check is None and position < upload.length:
            _keep(upload, part, position)
        raise Refused("upload_incomplete") from error
    if check is not None and check.digest() != digest:
        raise Refused("checksum_mismatch")
    return position


def _keep(upload: Upload, part: int, position: int) -> None:
    """Records a position after everything up to it is on the disk; an active upload expires later."""
    os.fsync(part)
    upload.offset = position
    upload.expires_at = timezone.now() + settings.EMOREC_UPLOAD_EXPIRY
    Upload.objects.filter(pk=upload.pk, status=UploadStatus.RECEIVING).update(
        offset=upload.offset, expires_at=upload.expires_at
    )


def _finish(upload: Upload) -> Upload:
    """The complete part becomes a recording, or the upload is closed with the reason."""
    with storage.part_path(upload.pk).open("rb") as file:
        sha256 = hashlib.file_digest(file, "sha256").hexdigest()
    arrival = Arrival(
        upload.pk,
        upload.user,
        upload.student,
        upload.recorded_at,
        upload.original_name,
        sha256,
        upload.length,
        upload,
    )
    try:
        accept(arrival)
    except Refused as refusal:
        if refusal.code == "duplicate":
            _settle_upload(upload, UploadStatus.FINISHED, "duplicate", refusal.extra["recording"])
        elif refusal.code in _NOT_THE_CONTENT:
            raise
        else:
            _settle_upload(upload, UploadStatus.REJECTED, refusal.code)
            raise
    upload.refresh_from_db()
    return upload


def _settle_upload(upload: Upload, status: UploadStatus, code: str, recording: str | None = None) -> bool:
    """Ends an upload without a recording of its own; its bytes go on commit. False if it had ended already."""
    with transaction.atomic():
        fields = {"offset": upload.length} if status == UploadStatus.FINISHED else {}
        ended = move(Upload.objects.filter(pk=upload.pk), status, error_code=code, recording_id=recording, **fields)
        if ended:
            audit.record(
                "upload.reject" if status == UploadStatus.REJECTED else "upload.duplicate",
                actor=upload.user,
                student=upload.student_id,
                object_type="upload",
                object_ref=upload.pk,
                code=code,
            )
            transaction.on_commit(lambda: storage.discard(upload.pk, ""))
    return bool(ended)


def upload_end(upload: Upload) -> None:
    """The client abandons the upload: its row and bytes are deleted.

    Raises:
        Refused: upload_busy while another connection is sending.
    """
    with storage.open_part(upload.pk), transaction.atomic():
        fresh = Upload.objects.filter(pk=upload.pk).first()
        if fresh is not None:
            fresh.delete()
        if not Recording.objects.filter(pk=upload.pk).exists():
            transaction.on_commit(lambda: storage.discard(upload.pk, ""))


def uploads_reject(student: Student, code: str) -> int:
    """Closes every upload under way for this student, in the caller's transaction; returns how many."""
    under_way = Upload.objects.filter(student=student, status=UploadStatus.RECEIVING).select_related("user")
    return sum(_settle_upload(upload, UploadStatus.REJECTED, code) for upload in under_way)


def uploads_purge() -> dict[str, int]:
    """Closes overdue uploads, deletes the rows of long settled ones, and repairs what a kill left behind."""
    overdue = Upload.objects.filter(status=UploadStatus.RECEIVING, expires_at__lte=timezone.now())
    expired = 0
    for upload in overdue.select_related("user"):
        try:
            with storage.open_part(upload.pk):
                expired += _settle_upload(upload, UploadStatus.REJECTED, "upload_expired")
        except Refused:
            continue  # someone is sending to it just now
    settled = Upload.objects.exclude(status=UploadStatus.RECEIVING)
    forgotten, _ = settled.filter(expires_at__lte=timezone.now() - KEEP_SETTLED).delete()
    findings = storage.repair()
    return {
        "expired": expired,
        "forgotten": forgotten,
        "placed": len(findings.unplaced),
        "removed": len(findings.removable) + len(findings.abandoned),
        "missing": len(findings.missing),
        "unknown": len(findings.unknown),
    }
