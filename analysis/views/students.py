"""The list of students and one student's page."""

from typing import Any
from uuid import UUID

from django.db.models import Count, Max, Prefetch, Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_http_methods, require_safe

from analysis.flow import UNSETTLED_ALERT
from analysis.models import Alert, Recording, Review
from analysis.presentation import charts
from analysis.speakers.verdict import undecided
from analysis.trends import sessions
from analysis.views.common import page_of, permits, results_viewed
from students import audit
from students.access import Action, allowed, door, fetch_student, scoped, signed_in
from students.consent import consent_states, has_consent, in_force
from students.models import CareAssignment, Consent, Purpose, Student, User

FILTERS = {
    "all": _("All students"),
    "flagged": _("With an open alert"),
    "consented": _("Recording agreed to"),
    "unconsented": _("Recording not agreed to"),
}


@door(Action.STUDENT_VIEW)
@require_http_methods(["GET", "HEAD", "POST"])
def students(request: HttpRequest) -> HttpResponse:
    """The students one may see. A search comes by POST, so that no name ever stands in an address or a log."""
    user = signed_in(request)
    filters = {key: label for key, label in FILTERS.items() if key != "flagged" or allowed(user, Action.ALERT_VIEW)}
    chosen_filter = request.POST.get("filter") or request.GET.get("filter") or "all"
    chosen_filter = chosen_filter if chosen_filter in filters else "all"
    search = request.POST.get("q", "").strip()[:80]
    page = page_of(request, _listed(user, chosen_filter, search))
    context = {
        "page": page,
        "filters": filters,
        "chosen": chosen_filter,
        "search": search,
        "sees_alerts": "flagged" in filters,
        "manages": allowed(user, Action.STUDENT_MANAGE),
    }
    if "flagged" in filters:
        audit.results_viewed(user, "students", count=len(page.object_list))
    partial = request.headers.get("HX-Request") == "true"
    return render(request, "analysis/students/_list.html" if partial else "analysis/students/list.html", context)


def _listed(user: User, chosen_filter: str, search: str) -> QuerySet[Student]:
    """The rows of the list with what its columns show, in a fixed number of queries."""
    unsettled = Q(alerts__status__in=UNSETTLED_ALERT)
    rows = (
        scoped(user, Action.STUDENT_VIEW, Student.objects.all(), student="")
        .annotate(
            last_recorded=Max("recordings__recorded_at"),
            open_alerts=Count("alerts", filter=unsettled, distinct=True),
            recording_agreed=has_consent(Purpose.RECORDING),
        )
        .prefetch_related(Prefetch("consents", Consent.objects.filter(in_force()), to_attr="consents_in_force"))
        .order_by("name", "number")
    )
    if search:
        rows = rows.filter(Q(name__icontains=search) | Q(number__icontains=search) | Q(programme__icontains=search))
    match chosen_filter:
        case "flagged":
            return rows.filter(open_alerts__gt=0)
        case "consented":
            return rows.filter(recording_agreed=True)
        case "unconsented":
            return rows.filter(recording_agreed=False)
    return rows


@door(Action.STUDENT_VIEW)
@require_safe
def student_page(request: HttpRequest, pk: UUID) -> HttpResponse:
    """One student: for those who may see results the trend first, for the others consent and recordings only."""
    user = signed_in(request)
    student = fetch_student(user, Action.STUDENT_VIEW, pk)
    recordings = (
        Recording.objects.filter(student=student).select_related("current_run").order_by("-recorded_at", "-uploaded_at")
    )
    sees_results = permits(user, Action.RESULTS_VIEW, student)
    if sees_results and allowed(user, Action.LABELS_CORRECT):
        recordings = recordings.annotate(undecided=undecided())
    context: dict[str, Any] = {
        "student": student,
        "recordings": page_of(request, recordings),
        "consents": consent_states(student),
        "care": CareAssignment.objects.filter(student=student, until__isnull=True).select_related("counselor"),
        "may_upload": permits(user, Action.RECORDING_UPLOAD, student),
        "may_manage": permits(user, Action.STUDENT_MANAGE, student),
        "sees_results": sees_results,
    }
    if context["sees_results"]:
        context |= _results(student)
        results_viewed(request, student, "student", student.pk)
    return render(request, "analysis/students/student.html", context)


def _results(student: Student) -> dict[str, Any]:
    """What was recognised: trend, figures, alerts."""
    trend = sessions.student_trend(student)
    return {
        "trend": trend,
        "figures": {"trend": charts.trend_figure(trend), "shares": charts.shares_figure(trend)},
        "alerts": Alert.objects.filter(student=student).select_related("rule", "crossing")[:10],
        "review": Review.objects.filter(student=student).order_by("-opened_at").first(),
    }
