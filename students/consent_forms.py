"""Signed consent forms, scanned: what is accepted, and the files on disk.

A file is told by its first bytes, never by its name; it is stored under a random name below ``consents/`` and leaves
the server only as an attachment, through the door.
"""

import logging
from datetime import timedelta
from pathlib import PurePath

from django.core.exceptions import SuspiciousFileOperation, ValidationError
from django.core.files.base import File
from django.core.files.storage import default_storage
from django.utils import timezone
from django.utils.text import get_valid_filename
from django.utils.translation import gettext_lazy as _

from students.models import Consent

logger = logging.getLogger(__name__)

FOLDER = "consents"
MAX_BYTES = 10 * 1024 * 1024
# content type -> (first bytes, extension)
TYPES: dict[str, tuple[bytes, str]] = {
    "application/pdf": (b"%PDF-", ".pdf"),
    "image/png": (b"\x89PNG\r\n\x1a\n", ".png"),
    "image/jpeg": (b"\xff\xd8\xff", ".jpg"),
}
# A file is written before its row is committed: younger files may belong to a transaction still open.
_ORPHAN_AGE = timedelta(days=1)


def signed_form_type(file: "File[bytes]") -> str:
    """The content type of a signed form, by its first bytes.

    Raises:
        ValidationError: it is empty, too large, or neither PDF nor PNG nor JPEG.
    """
    if not file.size:
        raise ValidationError(_("The evidence file is empty. Choose another file."), code="empty_file")
    if file.size > MAX_BYTES:
        raise ValidationError(
            _("The evidence file is too large. Use a file of at most %(limit)d MB."),
            code="too_large",
            params={"limit": MAX_BYTES // 1024**2},
        )
    file.seek(0)
    head = file.read(16)
    file.seek(0)
    for content_type, (first_bytes, _extension) in TYPES.items():
        if head.startswith(first_bytes):
            return content_type
    raise ValidationError(
        _("The evidence file is no PDF, PNG or JPEG. Scan or export it in one of these formats."),
        code="unsupported_format",
    )


def signed_form_name(name: str | None, content_type: str) -> str:
    """The name under which the file is offered for download: the extension is that of its content."""
    try:
        stem = get_valid_filename(PurePath(name or "").stem)
    except SuspiciousFileOperation:
        stem = "evidence"
    return stem[:100] + TYPES[content_type][1]


def signed_form_delete(path: str) -> None:
    """Deletes one signed form; one that cannot be deleted now is left to ``signed_forms_purge``."""
    try:
        default_storage.delete(path)
    except OSError:
        logger.exception("a signed form could not be deleted")


def signed_forms_purge() -> int:
    """Deletes files no consent refers to (left by a crash between file and row); returns how many."""
    if not default_storage.exists(FOLDER):
        return 0
    referenced = set(Consent.objects.exclude(evidence="").values_list("evidence", flat=True))
    limit = timezone.now() - _ORPHAN_AGE
    paths = (f"{FOLDER}/{name}" for name in default_storage.listdir(FOLDER)[1])
    orphans = [path for path in paths if path not in referenced and default_storage.get_modified_time(path) < limit]
    for path in orphans:
        signed_form_delete(path)
    return len(orphans)
