"""Erasure of a student (the right to be forgotten): the personal data go, the fact of the erasure stays.

Recordings and results are deleted by ``analysis``, which answers ``student_erased`` in the same transaction. What is
left is a row without a person behind it, so that the audit trail still has something to point at.
"""

import uuid

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from students import audit
from students.consent_forms import signed_form_delete
from students.locking import students_lock_exclusive
from students.models import CareAssignment, Consent, Student, User
from students.signals import student_erased


@transaction.atomic
def student_erase(student: Student, *, by: User, confirmation: str) -> bool:
    """Erases a student for good; False if that had happened already.

    Args:
        confirmation: the student number, typed by the person who erases.

    Raises:
        ValidationError: the number typed is not the student's.
    """
    locked = students_lock_exclusive().get(pk=student.pk)
    if locked.erased_at is not None:
        return False
    if confirmation.strip() != locked.number:
        raise ValidationError(
            _("This is not the number of this student. Nothing was erased; check whose record this is."),
            code="confirmation",
        )
    student_erased.send(sender=Student, student=locked, by=by)
    consents = _consents_empty(locked, by=by)
    CareAssignment.objects.filter(student=locked, until__isnull=True).update(until=timezone.now())
    # The old number is free again: if the person comes back, they come back as someone new.
    locked.number = f"erased-{uuid.uuid4().hex[:24]}"
    locked.name = "erased"
    locked.programme = ""
    locked.year = None
    locked.erased_at = timezone.now()
    locked.save()
    audit.record("student.erase", actor=by, student=locked, consents=consents)
    return True


def _consents_empty(student: Student, *, by: User) -> int:
    """Ends the standing consents and takes the signed form from all of them; the files are deleted on commit."""
    consents = Consent.objects.filter(student=student)
    for path in list(consents.exclude(evidence="").values_list("evidence", flat=True)):
        transaction.on_commit(lambda path=path: signed_form_delete(path))  # type: ignore[misc]
    consents.filter(ended_at__isnull=True).update(ended_at=timezone.now(), ended_by=by, end_reason="withdrawn")
    return consents.update(evidence="", evidence_name="", evidence_type="")
