"""Where the bytes are stored, how they get there and how they go. Paths are made of ids only, never of typed names.

    MEDIA_ROOT/uploads/<id>.part           while bytes arrive (an upload's id becomes its recording's id)
    MEDIA_ROOT/recordings/<2 digits>/<id>  the verified original, never altered

The steps by which a recording is stored, and what a kill leaves behind at each of them:

1. bytes arrive in ``uploads/<id>.part`` and are flushed to the disk: a part without a recording, purged when old;
2. the content is probed and hashed: the same;
3. the recording's row and its queued run are committed: a row whose file still is the part; ``settle`` finishes the
   move, called by the sweep and by the worker before it reads;
4. the part is renamed to its final place (atomic) and the folder flushed: nothing is missing;
5. the run is announced to the workers; if that message is lost, the sweep announces the run again.

Deleting goes the other way: the row and an audit event are committed first, then the file goes. ``sanity`` finds what
a kill in between left; a file without a row is removed only if the audit trail says that it was to be.
"""

import fcntl
import logging
import os
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from uuid import UUID

from django.conf import settings

from analysis.errors import Refused
from analysis.flow import UploadStatus
from analysis.models import Recording, Upload
from students.models import AuditEvent

logger = logging.getLogger(__name__)

REMOVED = "recording.delete"
"""The audit action that allows the sweep to remove a file without a row."""

ABANDONED_S = 60 * 60
"""A part that nobody's row knows is left alone for this long: its row may be about to be committed."""

RESERVE_BYTES = 256 * 1024**2
"""Room on the disk that uploads never take: database, log and queue live there too."""


def part_path(pk: UUID) -> Path:
    """Where the bytes of an upload arrive."""
    return Path(settings.MEDIA_ROOT) / "uploads" / f"{pk}.part"


def original_name(pk: UUID) -> str:
    """The final place of a recording's original, relative to MEDIA_ROOT."""
    return f"recordings/{pk.hex[:2]}/{pk}"


def original_path(recording: Recording) -> Path:
    """The final place of a recording's original."""
    return Path(settings.MEDIA_ROOT) / recording.file


def make_folder(folder: Path) -> None:
    """Makes a folder that only the service's own account can read."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)


def require_room(size: int) -> None:
    """Raises ``Refused("storage_full")`` unless ``size`` bytes more fit on the disk beside the reserve."""
    make_folder(Path(settings.MEDIA_ROOT))
    if shutil.disk_usage(settings.MEDIA_ROOT).free < size + RESERVE_BYTES:
        raise Refused("storage_full")


@contextmanager
def open_part(pk: UUID) -> Iterator[int]:
    """The part's file descriptor, held by this process alone; the system lets go of it even if the process is killed.

    Raises:
        Refused: ``upload_busy``, another connection holds it.
    """
    path = part_path(pk)
    make_folder(path.parent)
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise Refused("upload_busy") from None
        yield descriptor
    finally:
        os.close(descriptor)


def write_all(descriptor: int, chunk: bytes) -> None:
    """Writes the whole chunk; ``Refused("storage_full")`` when the disk is full."""
    view = memoryview(chunk)
    try:
        while view:
            view = view[os.write(descriptor, view) :]
    except OSError as error:
        raise Refused("storage_full") from error


def settle(recording: Recording) -> Path | None:
    """Moves a recording's part to its final place unless it is there already; safe to repeat.

    Returns:
        The original's path, or None when neither file exists.
    """
    final = original_path(recording)
    if not recording.file:
        return None
    if final.exists():
        return final
    make_folder(final.parent)
    try:
        part_path(recording.pk).rename(final)
    except FileNotFoundError:
        return final if final.exists() else None
    final.chmod(0o600)
    flush_folder(final.parent)
    return final


def flush_folder(folder: Path) -> None:
    """Makes a rename in this folder survive a power cut."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def discard(pk: UUID, file: str) -> bool:
    """Removes all files of this id from the disk; False (and a line in the log) if that failed."""
    try:
        part_path(pk).unlink(missing_ok=True)
        if file:
            (Path(settings.MEDIA_ROOT) / file).unlink(missing_ok=True)
    except OSError as error:
        logger.error("file of %s could not be removed (%s); the sweep tries again", pk, error.strerror)
        return False
    return True


@dataclass
class Findings:
    """What does not match between disk and database.

    Attributes:
        unplaced: recordings whose bytes still lie in the part.
        missing: recordings whose bytes are nowhere.
        removable: files without a row that the audit trail says were to go.
        abandoned: old parts that belong to no upload under way and no recording.
        unknown: files that nobody can explain; they are reported, never removed.
    """

    unplaced: list[Recording] = field(default_factory=list)
    missing: list[Recording] = field(default_factory=list)
    removable: list[Path] = field(default_factory=list)
    abandoned: list[Path] = field(default_factory=list)
    unknown: list[Path] = field(default_factory=list)


def sanity() -> Findings:
    """Compares every stored file with the rows and every row with the files; changes nothing."""
    findings = Findings()
    for recording in Recording.objects.filter(synthetic=False).iterator():
        if not original_path(recording).exists():
            (findings.unplaced if part_path(recording.pk).exists() else findings.missing).append(recording)
    for path in _files("recordings"):
        pk = _id(path)
        if pk is None:
            findings.unknown.append(path)
        elif not Recording.objects.filter(pk=pk).exists():
            was_removed = AuditEvent.objects.filter(action=REMOVED, object_ref=pk).exists()
            (findings.removable if was_removed else findings.unknown).append(path)
    for path in _files("uploads"):
        if _age_s(path) >= ABANDONED_S and not _part_is_needed(_id(path)):
            findings.abandoned.append(path)
    return findings


def _part_is_needed(pk: UUID | None) -> bool:
    """Whether an upload is still filling this part, or a recording still waits for it."""
    if pk is None:
        return False
    if Upload.objects.filter(pk=pk, status=UploadStatus.RECEIVING).exists():
        return True
    recording = Recording.objects.filter(pk=pk).first()
    return recording is not None and not original_path(recording).exists()


def repair() -> Findings:
    """Finishes interrupted moves and removals; what is missing or unknown is logged by id and left alone."""
    findings = sanity()
    for recording in findings.unplaced:
        settle(recording)
    for path in findings.removable + findings.abandoned:
        path.unlink(missing_ok=True)
    for recording in findings.missing:
        logger.error("the original of recording %s is missing", recording.pk)
    if findings.unknown:
        logger.warning("%d stored files belong to no recording and were left alone", len(findings.unknown))
    return findings


def _files(folder: str) -> Iterator[Path]:
    return (path for path in (Path(settings.MEDIA_ROOT) / folder).rglob("*") if path.is_file())


def _id(path: Path) -> UUID | None:
    try:
        return UUID(path.name.removesuffix(".part"))
    except ValueError:
        return None


def _age_s(path: Path) -> float:
    return time.time() - path.stat().st_mtime
