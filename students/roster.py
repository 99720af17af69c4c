"""Import and export of students as CSV.

An import is read twice: once for the preview, and again, from the bytes the server kept, when the administrator
confirms. The confirmation names the preview it saw; if the database has changed in between so that the file now means
something else, nothing is written and the new preview is shown instead.
"""

import csv
import hashlib
import io
import json
import re
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import QuerySet
from django.db.models.functions import Lower
from django.utils.text import capfirst
from django.utils.translation import gettext as _

from students import audit
from students.locking import students_lock_exclusive
from students.models import Student, User
from students.spreadsheet import BYTE_ORDER_MARK, csv_line, guarded, unguarded
from students.student_record import FIELDS, fields_clean, students_write

MAX_BYTES = 1024 * 1024
MAX_ROWS = 5000
DELIMITERS = (",", ";", "\t")
ENCODINGS = ("utf-8", "gb18030")

HEADERS: dict[str, frozenset[str]] = {
    "number": frozenset(
        {"student number", "student no", "student no.", "number", "student id", "id", "学号", "学生编号", "学生学号"}
    ),
    "name": frozenset({"name", "student name", "full name", "student", "姓名", "学生姓名", "名字"}),
    "programme": frozenset({"programme", "program", "major", "degree", "course", "专业", "专业名称", "所学专业"}),
    "year": frozenset({"year", "year of study", "study year", "年级", "学年"}),
}


# --- reading ----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Sheet:
    """A CSV file, decoded and split, but not checked yet.

    Attributes:
        rows: line number in the file and the raw cell of each known column.
        ignored: headings that mean nothing here.
    """

    encoding: str
    delimiter: str
    columns: tuple[str, ...]
    ignored: tuple[str, ...]
    rows: list[tuple[int, dict[str, str]]]


@dataclass
class RosterRow:
    """One line of the file and what importing it would do.

    Attributes:
        action: "create", "update", "unchanged" or "error".
        values: the cleaned fields; the raw cells when there is an error.
        changes: for an update, field -> (what stands there, what the file says).
        errors: field and sentence, in the reader's language.
    """

    line: int
    action: str
    values: dict[str, Any]
    changes: dict[str, tuple[Any, Any]] = field(default_factory=dict)
    errors: list[tuple[str, str]] = field(default_factory=list)
    student: Student | None = None

    @property
    def remarks(self) -> list[str]:
        """What is wrong, or what would change, in the reader's language."""
        wrong = [f"{_label(name)}: {sentence}" for name, sentence in self.errors]
        return wrong + [
            f"{_label(name)}: {_as_text(was)} → {_as_text(now)}" for name, (was, now) in self.changes.items()
        ]


@dataclass(frozen=True)
class Preview:
    """What an import would do, row by row. ``digest`` names exactly this outcome."""

    sheet: Sheet
    rows: list[RosterRow]

    @property
    def counts(self) -> dict[str, int]:
        """How many rows have each action."""
        return {
            action: sum(row.action == action for row in self.rows)
            for action in ("create", "update", "unchanged", "error")
        }

    @property
    def writes(self) -> int:
        """How many students would be written."""
        return self.counts["create"] + self.counts["update"]

    @property
    def digest(self) -> str:
        """SHA-256 over what every row would do, as hex."""
        outcome = [
            [row.line, row.action, str(row.student.pk) if row.student else "", row.values, row.changes]
            for row in self.rows
        ]
        return hashlib.sha256(json.dumps(outcome, ensure_ascii=False).encode("utf-8", "surrogatepass")).hexdigest()


def roster_read(data: bytes) -> Sheet:
    """Decodes and splits a CSV file.

    Raises:
        ValidationError: it is too large, no text, no CSV, or lacks the columns for number and name.
    """
    if len(data) > MAX_BYTES:
        raise ValidationError(_("The file is larger than 1 MB. Split it into several files."), code="too_large")
    text, encoding = _decode(data)
    lines = [line for line in text.splitlines() if line.strip()]
    if not lines:
        raise ValidationError(_("The file is empty. Choose another file."), code="empty")
    try:
        delimiter = max(DELIMITERS, key=lambda char: len(_columns(_split(lines[0], char))))
        table = _table(text, delimiter)
    except csv.Error as error:
        raise ValidationError(
            _("The file is not proper CSV: a quotation mark is missing or too many. Save it as CSV again."), code="csv"
        ) from error
    heading = table[0][1]
    columns = _columns(heading)
    missing = [name for name in ("number", "name") if name not in columns.values()]
    if missing:
        raise ValidationError(
            _("The first line must name the columns, among them the student number and the name. Add the headings."),
            code="headings",
        )
    if len(set(columns.values())) < len(columns):
        raise ValidationError(_("Two columns have the same meaning. Remove one of them."), code="headings")
    if len(table) - 1 > MAX_ROWS:
        raise ValidationError(
            _("The file has more than %(limit)d rows. Split it into several files."),
            code="rows",
            params={"limit": MAX_ROWS},
        )
    rows = [
        (line, {name: unguarded(cells[at]) if at < len(cells) else "" for at, name in columns.items()})
        for line, cells in table[1:]
    ]
    ignored = tuple(cell for at, cell in enumerate(heading) if at not in columns and cell.strip())
    return Sheet(encoding, delimiter, tuple(name for name in FIELDS if name in columns.values()), ignored, rows)


def roster_preview(data: bytes) -> Preview:
    """What importing this file would do to the database as it is now. Writes nothing.

    Raises:
        ValidationError: as ``roster_read``.
    """
    return _judged(data, Student.objects.all())


# --- writing ----------------------------------------------------------------------------------------------------------


class PreviewOutdatedError(Exception):
    """The file would now do something other than what the administrator agreed to."""


@transaction.atomic
def roster_import(data: bytes, *, by: User, digest: str) -> dict[str, int]:
    """Imports the file the administrator has seen the preview of; rows with errors are left out. All or nothing.

    Args:
        digest: that of the preview that was shown.

    Returns:
        ``Preview.counts``.

    Raises:
        PreviewOutdatedError: the preview would look different now.
        ValidationError: as ``roster_read``, or a number was taken in this very moment.
    """
    preview = _judged(data, students_lock_exclusive())
    if preview.digest != digest:
        raise PreviewOutdatedError
    students_write(
        [row.values for row in preview.rows if row.action == "create"],
        [
            (row.student, {name: row.values[name] for name in row.changes})
            for row in preview.rows
            if row.action == "update" and row.student is not None
        ],
        by=by,
    )
    audit.record("roster.import", actor=by, rows=preview.counts)
    return preview.counts


def roster_export(students: Iterable[Student]) -> Iterator[str]:
    """The students as CSV lines for a spreadsheet (UTF-8 with a byte order mark), in the columns an import reads.

    A cell that a spreadsheet would take for a formula is preceded by an apostrophe; an import takes it off again.
    """
    yield BYTE_ORDER_MARK + csv_line(["student number", "name", "programme", "year of study"])
    for student in students:
        yield csv_line(
            [guarded(str("" if getattr(student, name) is None else getattr(student, name))) for name in FIELDS]
        )


# --- inside -----------------------------------------------------------------------------------------------------------


def _judged(data: bytes, students: QuerySet[Student]) -> Preview:
    """The file compared with the rows of ``students``, which the caller may lock by it."""
    sheet = roster_read(data)
    rows = [_row_clean(line, cells) for line, cells in sheet.rows]
    _refuse_duplicates(rows)
    _compare(rows, students)
    return Preview(sheet, rows)


def _decode(data: bytes) -> tuple[str, str]:
    """Text and the name of its encoding. A byte order mark decides; else the first encoding without an error."""
    if data.startswith((b"\xff\xfe", b"\xfe\xff")) or b"\0" in data:
        raise ValidationError(
            _("The file is no CSV text. In your spreadsheet, save it as “CSV UTF-8”."), code="encoding"
        )
    if data.startswith(b"\xef\xbb\xbf"):
        data, encodings = data[3:], ("utf-8",)
    else:
        encodings = ENCODINGS  # type: ignore[assignment]
    for encoding in encodings:
        try:
            return data.decode(encoding), encoding
        except UnicodeDecodeError:
            continue
    raise ValidationError(
        _("The letters of the file cannot be read. In your spreadsheet, save it as “CSV UTF-8”."), code="encoding"
    )


def _split(line: str, delimiter: str) -> list[str]:
    return next(csv.reader([line], delimiter=delimiter), [])


def _table(text: str, delimiter: str) -> list[tuple[int, list[str]]]:
    """Line number and cells of every line that is not blank."""
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    return [(reader.line_num, cells) for cells in reader if any(cell.strip() for cell in cells)]


def _columns(heading: list[str]) -> dict[int, str]:
    """Position -> field, for the headings that are understood."""
    headings = [re.sub(r"[\s_-]+", " ", unicodedata.normalize("NFKC", cell)).strip().casefold() for cell in heading]
    return {at: name for at, cell in enumerate(headings) for name, accepted in HEADERS.items() if cell in accepted}


def _row_clean(line: int, cells: dict[str, str]) -> RosterRow:
    try:
        return RosterRow(line, "create", fields_clean(cells))
    except ValidationError as error:
        errors = [(name, message) for name, messages in error.message_dict.items() for message in messages]
        return RosterRow(line, "error", dict(cells), errors=errors)


def _refuse_duplicates(rows: list[RosterRow]) -> None:
    """A number that stands in the file more than once is an error on each of its lines: nobody knows which is right."""
    lines: dict[str, list[RosterRow]] = {}
    for row in rows:
        if row.action != "error":
            lines.setdefault(row.values["number"].lower(), []).append(row)
    for same in lines.values():
        if len(same) > 1:
            listed = ", ".join(str(row.line) for row in same)
            for row in same:
                row.action = "error"
                row.errors.append(
                    ("number", _("The number stands in the file more than once (lines %(lines)s).") % {"lines": listed})
                )


def _compare(rows: list[RosterRow], students: QuerySet[Student]) -> None:
    """Distinguishes updates from new students, by the number, ignoring case."""
    rows_by_number = {row.values["number"].lower(): row for row in rows if row.action == "create"}
    for student in students.annotate(key=Lower("number")).filter(key__in=rows_by_number).order_by("pk"):
        row = rows_by_number[student.key]
        row.student = student
        row.values["number"] = student.number
        row.changes = {
            name: (getattr(student, name), value)
            for name, value in row.values.items()
            if getattr(student, name) != value
        }
        row.action = "update" if row.changes else "unchanged"


def _label(name: str) -> str:
    return str(capfirst(Student._meta.get_field(name).verbose_name))  # type: ignore[union-attr]


def _as_text(value: Any) -> str:
    return _("(empty)") if value in (None, "") else str(value)
