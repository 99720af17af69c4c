"""Taking a recording's annotations out, in one of three formats. Every export is recorded in the audit trail."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _

from analysis.errors import Refused
from analysis.exchange.content import annotations_of
from analysis.exchange.eaf import eaf_written
from analysis.exchange.table import table_lines
from analysis.exchange.textgrid import textgrid_written
from analysis.models import Recording, Run
from analysis.trends.labels import segments_read
from students import audit
from students.models import User


class Format(TextChoices):
    """What annotations can be taken out as."""

    EAF = "eaf", _("ELAN (.eaf)")
    TEXTGRID = "textgrid", _("Praat (.TextGrid)")
    CSV = "csv", _("Table of segments (.csv)")


@dataclass(frozen=True)
class Export:
    """A file to send.

    Attributes:
        name: made of the recording's id, as a file name ends up in histories and logs.
    """

    name: str
    content_type: str
    content: bytes


Write = Callable[[Run, Sequence[Any]], bytes]

_FORMATS: dict[str, tuple[str, str, Write]] = {
    Format.EAF: ("eaf", "application/xml", lambda run, segments: eaf_written(annotations_of(run, segments))),
    Format.TEXTGRID: (
        "TextGrid",
        "text/plain; charset=utf-8",
        lambda run, segments: textgrid_written(annotations_of(run, segments)),
    ),
    Format.CSV: ("csv", "text/csv; charset=utf-8", lambda run, segments: "".join(table_lines(run, segments)).encode()),
}


def annotations_export(recording: Recording, format: str, *, by: User) -> Export:
    """The newest result of a recording that counts, with corrections and marks as they stand.

    Raises:
        Refused: ``no_results``, ``unknown_format``.
    """
    if format not in _FORMATS:
        raise Refused("unknown_format")
    run = recording.result_run
    if run is None:
        raise Refused("no_results")
    ending, content_type, write = _FORMATS[format]
    run.recording = recording
    content = write(run, segments_read(run))
    audit.record(
        "annotations.export",
        actor=by,
        student=recording.student_id,
        object_type="recording",
        object_ref=recording.pk,
        format=format,
    )
    return Export(f"recording-{recording.pk.hex[:8]}.{ending}", content_type, content)
