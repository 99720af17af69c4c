"""A student's own record: write, change, erase; and who cares for them."""

from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from students import assignments, erasure, student_record
from students.access import Action, door, fetch, fetch_student, signed_in
from students.forms import CareForm, EraseForm, StudentForm, attempt
from students.models import CareAssignment


@door(Action.STUDENT_MANAGE)
def student_new(request: HttpRequest) -> HttpResponse:
    """Writes a new student."""
    form = StudentForm(request.POST or None)
    if form.is_valid():
        student = attempt(form, lambda: student_record.student_create(by=signed_in(request), **form.cleaned_data))
        if student is not None:
            messages.success(request, _("The student was added. Next, record what they agreed to."))
            return redirect("student-consents", student.pk)
    return render(request, "students/student_form.html", {"form": form})


@door(Action.STUDENT_MANAGE)
def student_edit(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Changes a student's record."""
    student = fetch_student(request.user, Action.STUDENT_MANAGE, pk)
    initial = {name: getattr(student, name) for name in student_record.FIELDS}
    form = StudentForm(request.POST or None, initial=initial)
    if form.is_valid():
        changed = attempt(
            form, lambda: student_record.student_update(student, by=signed_in(request), **form.cleaned_data)
        )
        if changed is not None:
            messages.success(request, _("The record was saved."))
            return redirect("student", student.pk)
    return render(request, "students/student_form.html", {"form": form, "student": student})


@door(Action.STUDENT_MANAGE)
def student_erase(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Says what an erasure deletes, and does it once the student's number has been typed."""
    student = fetch_student(request.user, Action.STUDENT_MANAGE, pk)
    form = EraseForm(request.POST or None)
    if form.is_valid():
        typed = form.cleaned_data["confirmation"]
        receipt = attempt(form, lambda: erasure.student_erase(student, by=signed_in(request), confirmation=typed))
        if receipt is not None:
            messages.success(request, _("The student was erased."))
            return redirect("students")
    return render(request, "students/student_erase.html", {"form": form, "student": student})


@door(Action.STUDENT_MANAGE)
def student_care(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Who cares for a student, and who did; assigns a counsellor."""
    student = fetch_student(request.user, Action.STUDENT_MANAGE, pk)
    form = CareForm(student, request.POST or None)
    if form.is_valid():
        counselor = form.cleaned_data["counselor"]
        assignment = attempt(form, lambda: assignments.care_assign(student, counselor=counselor, by=signed_in(request)))
        if assignment is not None:
            messages.success(request, _("The counsellor was assigned and sees the student from now on."))
            return redirect("student-care", student.pk)
    context = {
        "form": form,
        "student": student,
        "assignments": student.care.select_related("counselor", "assigned_by"),
    }
    return render(request, "students/student_care.html", context)


@door(Action.STUDENT_MANAGE)
@require_POST
def care_end(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Ends a counsellor's care for a student."""
    assignment = fetch(request.user, Action.STUDENT_MANAGE, CareAssignment.objects.all(), pk)
    assignments.care_end(assignment, by=signed_in(request))
    messages.success(request, _("The assignment has ended. The counsellor no longer sees the student."))
    return redirect("student-care", assignment.student_id)
