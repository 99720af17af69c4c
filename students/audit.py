"""The audit trail: one call that writes an event in the caller's transaction."""

import uuid
from typing import Any

from students.models import AuditEvent, Student, User


def record(
    action: str,
    *,
    actor: User | None = None,
    student: Student | uuid.UUID | None = None,
    object_type: str = "",
    object_ref: uuid.UUID | None = None,
    **detail: Any,
) -> AuditEvent:
    """Writes that ``actor`` did ``action`` (``entity.verb``, such as ``consent.withdraw``).

    ``actor`` is None for what the system does by itself. ``detail`` holds codes, counts and dates only: no names,
    no student numbers, no file names, nothing said in a recording.
    """
    new_event = event(action, actor=actor, student=student, object_type=object_type, object_ref=object_ref, **detail)
    new_event.save()
    return new_event


def event(
    action: str,
    *,
    actor: User | None = None,
    student: Student | uuid.UUID | None = None,
    object_type: str = "",
    object_ref: uuid.UUID | None = None,
    **detail: Any,
) -> AuditEvent:
    """The event that ``record`` would write, not written: for ``bulk_create``."""
    return AuditEvent(
        action=action,
        actor=actor,
        student_ref=student.pk if isinstance(student, Student) else student,
        object_type=object_type,
        object_ref=object_ref,
        detail=detail,
    )


def results_viewed(
    actor: User,
    object_type: str,
    object_ref: uuid.UUID | None = None,
    *,
    student: Student | uuid.UUID | None = None,
    **detail: Any,
) -> None:
    """Writes that ``actor`` looked at what was recognised: in one student, or in a list of ``count`` rows.

    Every page and every answer of the API that shows results says so by this, once per request.
    """
    record("results.view", actor=actor, student=student, object_type=object_type, object_ref=object_ref, **detail)
