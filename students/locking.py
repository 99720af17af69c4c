"""The one place that locks a student's row; whoever changes what belongs to a student holds its lock meanwhile.

Order of locks everywhere: the student's row first, then all others.
"""

import uuid

from django.db.models import QuerySet

from students.models import Student


def student_lock(student_id: uuid.UUID) -> Student:
    """The student's row, locked for the rest of the transaction; rows that refer to it can still be written.

    Raises:
        Student.DoesNotExist: there is no such student.
    """
    return Student.objects.select_for_update(no_key=True).get(pk=student_id)


def students_lock_exclusive() -> QuerySet[Student]:
    """Students, each locked when it is read, so that rows that refer to it have to wait: for changes to the record."""
    return Student.objects.select_for_update()
