"""A student's own record: what it may contain, and the functions that write it.

The page, the roster import and the API clean what they are given here, so that one rule holds for all three.
"""

import re
import unicodedata
from collections.abc import Callable
from typing import Any

from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.utils.translation import gettext_lazy as _

from students import audit
from students.locking import students_lock_exclusive
from students.models import LAST_YEAR, NAME_LENGTH, NUMBER_LENGTH, AuditEvent, Student, User

FIELDS = ("number", "name", "programme", "year")

_NUMBER = re.compile(r"[0-9A-Za-z][0-9A-Za-z._/-]*")
# Characters that change the direction of the text around them: a name must not rearrange the page it stands on.
_DIRECTION = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


def text_clean(value: str, *, longest: int = NAME_LENGTH, required: bool = False) -> str:
    """One line of text in composed form (NFC), blanks collapsed.

    Raises:
        ValidationError: it holds a control character or a direction mark, is too long, or is missing though required.
    """
    value = unicodedata.normalize("NFC", value).strip()
    if any(unicodedata.category(char) in {"Cc", "Cs"} or char in _DIRECTION for char in value):
        raise ValidationError(_("There is an invisible control character in it. Type it anew."), code="control")
    value = re.sub(r"\s+", " ", value)
    if required and not value:
        raise ValidationError(_("It is missing. Fill it in."), code="required")
    if len(value) > longest:
        raise ValidationError(
            _("It is too long. Use at most %(longest)d characters."), code="long", params={"longest": longest}
        )
    return value


def number_clean(value: str) -> str:
    """A student number: Latin letters, digits and ``. _ / -``; full-width forms become ordinary ones (NFKC)."""
    value = unicodedata.normalize("NFKC", text_clean(value, longest=NUMBER_LENGTH, required=True))
    if not _NUMBER.fullmatch(value) or len(value) > NUMBER_LENGTH:
        raise ValidationError(
            _("A student number has letters, digits and . _ / - only, at most %(longest)d of them. Correct it."),
            code="number",
            params={"longest": NUMBER_LENGTH},
        )
    return value


def year_clean(value: str | int | None) -> int | None:
    """A year of study from 1 to ``LAST_YEAR``; nothing becomes None."""
    text = unicodedata.normalize("NFKC", str("" if value is None else value)).strip()
    if not text:
        return None
    if not (text.isascii() and text.isdigit() and len(text) <= 2 and 1 <= int(text) <= LAST_YEAR):
        raise ValidationError(
            _("The year of study is a whole number from 1 to %(last)d. Correct it."),
            code="year",
            params={"last": LAST_YEAR},
        )
    return int(text)


_CLEANERS: dict[str, Callable[[Any], Any]] = {
    "number": number_clean,
    "name": lambda value: text_clean(value, required=True),
    "programme": text_clean,
    "year": year_clean,
}


def fields_clean(raw: dict[str, Any]) -> dict[str, Any]:
    """The given fields of a student record, cleaned.

    Raises:
        ValidationError: keyed by field, with everything that is wrong.
    """
    cleaned: dict[str, Any] = {}
    errors: dict[str, Any] = {}
    for field, value in raw.items():
        try:
            cleaned[field] = _CLEANERS[field](value)
        except ValidationError as error:
            errors[field] = error
    if errors:
        raise ValidationError(errors)
    return cleaned


def student_create(*, by: User, synthetic: bool = False, **fields: Any) -> Student:
    """Writes a new student.

    Args:
        fields: number, name, programme, year; the last two may be left out.

    Raises:
        ValidationError: keyed by field; the number may also be taken already.
    """
    cleaned = fields_clean({"number": "", "name": ""} | fields)
    _number_free(cleaned["number"])
    try:
        with transaction.atomic():
            student = Student.objects.create(**cleaned, synthetic=synthetic)
            audit.record("student.create", actor=by, student=student)
    except IntegrityError as error:  # two people wrote the same number at the same moment
        raise _number_taken() from error
    return student


def student_update(student: Student, *, by: User, **fields: Any) -> Student:
    """Changes the given fields of a student; without a real change nothing is written.

    Raises:
        ValidationError: keyed by field; the number may also be taken already.
    """
    cleaned = fields_clean(fields)
    try:
        with transaction.atomic():
            student = students_lock_exclusive().get(pk=student.pk, erased_at__isnull=True)
            changed = [field for field, value in cleaned.items() if getattr(student, field) != value]
            if "number" in changed:
                _number_free(cleaned["number"], besides=student)
            for field in changed:
                setattr(student, field, cleaned[field])
            if changed:
                student.save(update_fields=changed)
                audit.record("student.update", actor=by, student=student, fields=changed)
    except IntegrityError as error:
        raise _number_taken() from error
    return student


def students_write(new: list[dict[str, Any]], changed: list[tuple[Student, dict[str, Any]]], *, by: User) -> None:
    """Writes many students at once, all or none, with one audit event each.

    Args:
        new: cleaned fields (``fields_clean``) of students whose numbers are free.
        changed: students whose rows the caller has locked, and their changed fields, cleaned.

    Raises:
        ValidationError: a number was taken in this very moment.
    """
    students = [Student(**fields) for fields in new]
    events = [audit.event("student.create", actor=by, student=student) for student in students]
    for student, fields in changed:
        for name, value in fields.items():
            setattr(student, name, value)
        events.append(audit.event("student.update", actor=by, student=student, fields=list(fields)))
    try:
        with transaction.atomic():
            Student.objects.bulk_create(students, batch_size=500)
            Student.objects.bulk_update([student for student, _fields in changed], FIELDS, batch_size=500)
            AuditEvent.objects.bulk_create(events, batch_size=500)
    except IntegrityError as error:
        raise _number_taken() from error


def _number_free(number: str, besides: Student | None = None) -> None:
    same_number = Student.objects.filter(number__iexact=number)
    if besides is not None:
        same_number = same_number.exclude(pk=besides.pk)
    if same_number.exists():
        raise _number_taken()


def _number_taken() -> ValidationError:
    error = ValidationError(_("Another student has this number. Check both records."), code="taken")
    return ValidationError({"number": error})
