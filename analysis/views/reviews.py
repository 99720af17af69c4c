"""The queue of flagged students, and the review that ends with a person's decision."""

from typing import Any
from uuid import UUID

from django.db.models import Prefetch
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from analysis.alerts.reviews import review_claim, review_decide, review_queue, review_release
from analysis.flow import UNSETTLED_REVIEW, ReviewStatus
from analysis.forms import DecisionForm
from analysis.models import Alert, AlertEvent, Review
from analysis.presentation import charts
from analysis.trends import sessions
from analysis.views.common import carry_out, no_store, page_of, results_viewed
from students import audit
from students.access import Action, door, fetch, scoped, signed_in
from students.models import CareAssignment


@door(Action.REVIEW_VIEW)
@require_safe
def reviews(request: HttpRequest) -> HttpResponse:
    """What waits for a decision, and below it what was decided."""
    user = signed_in(request)
    settled = Review.objects.filter(status__in=[ReviewStatus.DECIDED, ReviewStatus.LAPSED]).order_by("-settled_at")
    rows = scoped(user, Action.REVIEW_VIEW, settled).select_related("student", "reviewer")
    queue, page = review_queue(user), page_of(request, rows)
    audit.results_viewed(user, "reviews", count=len(queue) + len(page.object_list))
    return no_store(render(request, "analysis/reviews/list.html", {"queue": queue, "page": page}))


def _fetch_review(request: HttpRequest, action: Action, pk: UUID) -> Review:
    return fetch(signed_in(request), action, Review.objects.select_related("student", "reviewer"), pk)


@door(Action.REVIEW_VIEW)
@require_safe
def review_page(request: HttpRequest, pk: UUID) -> HttpResponse:
    """A flagged student: why, how the sessions ran, and the decision."""
    return _page(request, _fetch_review(request, Action.REVIEW_VIEW, pk), DecisionForm())


def _page(request: HttpRequest, review: Review, form: DecisionForm, status: int = 200) -> HttpResponse:
    events = AlertEvent.objects.select_related("actor")
    alerts = Alert.objects.filter(review=review).select_related("rule", "crossing", "student")
    trend = sessions.student_trend(review.student)
    context: dict[str, Any] = {
        "review": review,
        "student": review.student,
        "alerts": alerts.prefetch_related(Prefetch("events", events)),
        "trend": trend,
        "figures": {"trend": charts.trend_figure(trend)},
        "care": CareAssignment.objects.filter(student=review.student, until__isnull=True).select_related("counselor"),
        "form": form,
        "undecided": review.status in UNSETTLED_REVIEW,
    }
    results_viewed(request, review.student, "review", review.pk)
    return no_store(render(request, "analysis/reviews/review.html", context, status=status))


@door(Action.REVIEW_DECIDE)
@require_POST
def claim(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Takes the review in hand, so that two people do not do it at once."""
    review = _fetch_review(request, Action.REVIEW_DECIDE, pk)
    carry_out(request, lambda: review_claim(review, by=signed_in(request)), _("You have taken this review."))
    return redirect("review", review.pk)


@door(Action.REVIEW_DECIDE)
@require_POST
def release(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Puts the review back for whoever comes next."""
    review = _fetch_review(request, Action.REVIEW_DECIDE, pk)
    carry_out(request, lambda: review_release(review, by=signed_in(request)), _("The review is back in the queue."))
    return redirect("review", review.pk)


@door(Action.REVIEW_DECIDE)
@require_POST
def decide(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Closes the review with a decision and a note; its alerts close with it."""
    review = _fetch_review(request, Action.REVIEW_DECIDE, pk)
    form = DecisionForm(request.POST)
    if not form.is_valid():
        return _page(request, review, form, status=422)
    closed = carry_out(
        request,
        lambda: review_decide(review, by=signed_in(request), **form.cleaned_data),
        _("The review is closed. Your decision and note were saved."),
    )
    return redirect("reviews") if closed else redirect("review", review.pk)
