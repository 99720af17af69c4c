"""Who cares for whom: an open assignment lets a counsellor see the student."""

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from students import audit
from students.locking import students_lock_exclusive
from students.models import CareAssignment, Role, Student, User


@transaction.atomic
def care_assign(student: Student, *, counselor: User, by: User) -> CareAssignment:
    """Opens an assignment; the open one is returned if there is one already.

    Raises:
        ValidationError: the user is no active counsellor.
    """
    students_lock_exclusive().get(pk=student.pk, erased_at__isnull=True)
    counselor = User.objects.select_for_update().get(pk=counselor.pk)
    if counselor.role != Role.COUNSELOR or not counselor.is_active:
        raise ValidationError(
            _("Only an active counsellor can care for a student. Choose someone else."), code="counselor"
        )
    assignment, created = CareAssignment.objects.get_or_create(
        student=student, counselor=counselor, until=None, defaults={"assigned_by": by}
    )
    if created:
        audit.record("care.assign", actor=by, student=student, object_type="user", object_ref=counselor.pk)
    return assignment


@transaction.atomic
def care_end(assignment: CareAssignment, *, by: User) -> bool:
    """Ends an open assignment; False if it had ended already."""
    ended = CareAssignment.objects.filter(pk=assignment.pk, until__isnull=True).update(until=timezone.now())
    if ended:
        audit.record(
            "care.end",
            actor=by,
            student=assignment.student_id,
            object_type="user",
            object_ref=assignment.counselor_id,
        )
    return bool(ended)


def caseload_end(counselor: User, *, by: User) -> int:
    """Ends every open assignment of a counsellor who no longer is one; returns how many."""
    open_assignments = CareAssignment.objects.filter(counselor=counselor, until__isnull=True)
    return sum(care_end(assignment, by=by) for assignment in open_assignments)
