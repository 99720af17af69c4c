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
    chosen = request.POST.get("filter") or request.GET.get("filter") or "all"
    chosen = chosen if chosen in filters else "all"
    wanted = request.POST.get("q", "").strip()[:80]
    page = page_of(request, _listed(user, chosen, wanted))
    context = {
        "page": page,
        "filters": filters,
        "chosen": chosen,
        "wanted": wanted,
        "sees_alerts": "flagged" in filters,
        "manages": allowed(user, Action.STUDENT_MANAGE),
    }
    if "flagged" in filters:
        audit.results_viewed(user, "students", count=len(page.object_list))
    partial = request.headers.get("HX-Request") == "true"
    return render(request, "analysis/students/_list.html" if partial else "analysis/students/list.html", context)


def _listed(user: User, chosen: str, wanted: str) -> QuerySet[Student]:
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
    if wanted:
        rows = rows.filter(Q(name__icontains=wanted) | Q(number__icontains=wanted) | Q(programme__icontains=wanted))
    match chosen:
        case "flagged":
            return rows.filter(open_alerts__gt=0)
        case "consented":
            return rows.filter(recording_agreed=True)
        case "unconsented":
            return rows.filter(recording_agreed=False)
    return rows


@door(Action.STUDENT_VIEW)
@require_safe
def student(request: HttpRequest, pk: UUID) -> HttpResponse:
    """One student: for those who may see results the trend first, for the others consent and recordings only."""
    user = signed_in(request)
    found = fetch_student(user, Action.STUDENT_VIEW, pk)
    recordings = (
        Recording.objects.filter(student=found).select_related("current_run").order_by("-recorded_at", "-uploaded_at")
    )
    context: dict[str, Any] = {
        "student": found,
        "recordings": page_of(request, recordings),
        "consents": consent_states(found),
        "care": CareAssignment.objects.filter(student=found, until__isnull=True).select_related("counselor"),
        "may_upload": permits(user, Action.RECORDING_UPLOAD, found),
        "may_manage": permits(user, Action.STUDENT_MANAGE, found),
        "sees_results": permits(user, Action.RESULTS_VIEW, found),
    }
    if context["sees_results"]:
        context |= _results(found)
        results_viewed(request, found, "student", found.pk)
    return render(request, "analysis/students/student.html", context)


def _results(found: Student) -> dict[str, Any]:
    """What was recognised: trend, figures, alerts."""
    trend = sessions.student_trend(found)
    return {
        "trend": trend,
        "figures": {"trend": charts.trend_figure(trend), "shares": charts.shares_figure(trend)},
        "alerts": Alert.objects.filter(student=found).select_related("rule", "crossing")[:10],
        "review": Review.objects.filter(student=found).order_by("-opened_at").first(),
    }
