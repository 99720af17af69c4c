"""A student's report as PDF and as table, and their reference. Each is audited by the function that makes it."""

from uuid import UUID

from django.http import HttpRequest, HttpResponse, JsonResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.utils import timezone
from django.views.decorators.http import require_safe

from analysis.presentation.reports import student_csv, student_pdf, student_reference
from students.access import Action, door, fetch_student, signed_in


def _attachment(response: HttpResponseBase, ending: str) -> HttpResponseBase:
    """Names the download by the day only: a file name ends up in histories and logs."""
    response["Content-Disposition"] = f'attachment; filename="report-{timezone.localdate():%Y-%m-%d}.{ending}"'
    response["Cache-Control"] = "no-store"
    return response


@door(Action.RESULTS_VIEW)
@require_safe
def report_pdf(request: HttpRequest, pk: UUID) -> HttpResponseBase:
    """The report to print or to put on file."""
    user = signed_in(request)
    student = fetch_student(user, Action.RESULTS_VIEW, pk)
    return _attachment(HttpResponse(student_pdf(student, by=user), content_type="application/pdf"), "pdf")


@door(Action.RESULTS_VIEW)
@require_safe
def report_csv(request: HttpRequest, pk: UUID) -> HttpResponseBase:
    """The numbers per session, for a spreadsheet."""
    user = signed_in(request)
    student = fetch_student(user, Action.RESULTS_VIEW, pk)
    lines = student_csv(student, by=user)
    return _attachment(StreamingHttpResponse(lines, content_type="text/csv; charset=utf-8"), "csv")


@door(Action.RESULTS_VIEW)
@require_safe
def reference_json(request: HttpRequest, pk: UUID) -> HttpResponseBase:
    """The numbers by which the student's sessions are compared with one another."""
    user = signed_in(request)
    student = fetch_student(user, Action.RESULTS_VIEW, pk)
    return _attachment(JsonResponse(student_reference(student, by=user)), "json")
