"""The list of alerts, and one alert with its evidence and what a person does about it."""

from urllib.parse import urlencode
from uuid import UUID

from django.db.models import Prefetch
from django.forms import Form
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from analysis.alerts.evidence import evidence_read
from analysis.alerts.explanation import explain
from analysis.alerts.lifecycle import alert_acknowledge, alert_dismiss, alert_escalate
from analysis.alerts.notices import notices_read
from analysis.flow import UNSETTLED_ALERT, AlertStatus
from analysis.forms import DismissForm, EscalateForm
from analysis.models import Alert, AlertEvent, Recording
from analysis.views.common import carry_out, no_store, page_of, permits, results_viewed
from students import audit
from students.access import Action, door, fetch, scoped, signed_in


@door(Action.ALERT_VIEW)
@require_safe
def alerts(request: HttpRequest) -> HttpResponse:
    """The alerts one may see: those that wait for a person, or by status all of them."""
    user = signed_in(request)
    rows = scoped(user, Action.ALERT_VIEW, Alert.objects.all()).select_related("student", "rule", "crossing")
    chosen = request.GET.get("status", "")
    if chosen in AlertStatus.values:
        rows = rows.filter(status=chosen)
    elif chosen != "all":
        chosen = ""
        rows = rows.filter(status__in=UNSETTLED_ALERT)
    page = page_of(request, rows.order_by("-raised_at", "pk"))
    audit.results_viewed(user, "alerts", count=len(page.object_list))
    return no_store(
        render(
            request,
            "analysis/alerts/list.html",
            {
                "page": page,
                "explained": [(alert, explain(alert)) for alert in page.object_list],
                "chosen": chosen,
                "query": urlencode({"status": chosen}) if chosen else "",
                "statuses": AlertStatus.choices,
            },
        )
    )


def _found(request: HttpRequest, action: Action, pk: UUID) -> Alert:
    events = AlertEvent.objects.select_related("actor")
    rows = Alert.objects.select_related("student", "rule", "crossing", "review").prefetch_related(
        Prefetch("events", events)
    )
    return fetch(signed_in(request), action, rows, pk)


@door(Action.ALERT_VIEW)
@require_safe
def alert(request: HttpRequest, pk: UUID) -> HttpResponse:
    """One alert: what it rests on in words and numbers, and what one can do. Opening it reads its notice."""
    found = _found(request, Action.ALERT_VIEW, pk)
    notices_read(signed_in(request), alert=found)
    return _page(request, found)


def _page(request: HttpRequest, found: Alert, status: int = 200, **forms: Form) -> HttpResponse:
    user = signed_in(request)
    evidence = evidence_read(found)
    sessions = Recording.objects.filter(student=found.student, pk__in=evidence.recordings if evidence else [])
    context = {
        "alert": found,
        "student": found.student,
        "explanation": explain(found),
        "moments": evidence.moments if evidence else (),
        "sessions": sessions.select_related("current_run").order_by("recorded_at"),
        "handles": permits(user, Action.ALERT_HANDLE, found.student),
        "reviews": permits(user, Action.REVIEW_VIEW, found.student),
        "is_open": found.status == AlertStatus.OPEN,
        "can_settle": found.status in (AlertStatus.OPEN, AlertStatus.ACKNOWLEDGED),
        "dismiss_form": DismissForm(auto_id="dismiss_%s"),
        "escalate_form": EscalateForm(auto_id="escalate_%s"),
        **forms,
    }
    results_viewed(request, found.student, "alert", found.pk)
    return no_store(render(request, "analysis/alerts/alert.html", context, status=status))


@door(Action.ALERT_HANDLE)
@require_POST
def acknowledge(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Somebody has seen it and looks after it."""
    found = _found(request, Action.ALERT_HANDLE, pk)
    carry_out(request, lambda: alert_acknowledge(found, by=signed_in(request)), _("Noted: you have seen this alert."))
    return redirect("alert", found.pk)


@door(Action.ALERT_HANDLE)
@require_POST
def dismiss(request: HttpRequest, pk: UUID) -> HttpResponse:
    """No cause for concern, with the reason."""
    found = _found(request, Action.ALERT_HANDLE, pk)
    form = DismissForm(request.POST, auto_id="dismiss_%s")
    if not form.is_valid():
        return _page(request, found, status=422, dismiss_form=form)
    carry_out(
        request,
        lambda: alert_dismiss(found, by=signed_in(request), reason=form.cleaned_data["reason"]),
        _("The alert was dismissed with your reason."),
    )
    return redirect("alert", found.pk)


@door(Action.ALERT_HANDLE)
@require_POST
def escalate(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Asks an administrator to review it."""
    found = _found(request, Action.ALERT_HANDLE, pk)
    form = EscalateForm(request.POST, auto_id="escalate_%s")
    if not form.is_valid():
        return _page(request, found, status=422, escalate_form=form)
    carry_out(
        request,
        lambda: alert_escalate(found, by=signed_in(request), reason=form.cleaned_data["reason"]),
        _("An administrator was asked to review this."),
    )
    return redirect("alert", found.pk)
