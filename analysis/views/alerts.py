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
    """The alerts the user may see: those that wait for a person, or those with the chosen status."""
    user = signed_in(request)
    rows = scoped(user, Action.ALERT_VIEW, Alert.objects.all()).select_related("student", "rule", "crossing")
    chosen_status = request.GET.get("status", "")
    if chosen_status in AlertStatus.values:
        rows = rows.filter(status=chosen_status)
    elif chosen_status != "all":
        chosen_status = ""
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
                "chosen": chosen_status,
                "query": urlencode({"status": chosen_status}) if chosen_status else "",
                "statuses": AlertStatus.choices,
            },
        )
    )


def _fetch_alert(request: HttpRequest, action: Action, pk: UUID) -> Alert:
    events = AlertEvent.objects.select_related("actor")
    rows = Alert.objects.select_related("student", "rule", "crossing", "review").prefetch_related(
        Prefetch("events", events)
    )
    return fetch(signed_in(request), action, rows, pk)


@door(Action.ALERT_VIEW)
@require_safe
def alert_page(request: HttpRequest, pk: UUID) -> HttpResponse:
    """One alert: what it rests on in words and numbers, and what can be done. Opening it marks its notice as read."""
    alert = _fetch_alert(request, Action.ALERT_VIEW, pk)
    notices_read(signed_in(request), alert=alert)
    return _page(request, alert)


def _page(request: HttpRequest, alert: Alert, status: int = 200, **forms: Form) -> HttpResponse:
    user = signed_in(request)
    evidence = evidence_read(alert)
    sessions = Recording.objects.filter(student=alert.student, pk__in=evidence.recordings if evidence else [])
    context = {
        "alert": alert,
        "student": alert.student,
        "explanation": explain(alert),
        "moments": evidence.moments if evidence else (),
        "sessions": sessions.select_related("current_run").order_by("recorded_at"),
        "handles": permits(user, Action.ALERT_HANDLE, alert.student),
        "reviews": permits(user, Action.REVIEW_VIEW, alert.student),
        "is_open": alert.status == AlertStatus.OPEN,
        "can_settle": alert.status in (AlertStatus.OPEN, AlertStatus.ACKNOWLEDGED),
        "dismiss_form": DismissForm(auto_id="dismiss_%s"),
        "escalate_form": EscalateForm(auto_id="escalate_%s"),
        **forms,
    }
    results_viewed(request, alert.student, "alert", alert.pk)
    return no_store(render(request, "analysis/alerts/alert.html", context, status=status))


@door(Action.ALERT_HANDLE)
@require_POST
def acknowledge(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Somebody has seen the alert and takes care of it."""
    alert = _fetch_alert(request, Action.ALERT_HANDLE, pk)
    carry_out(request, lambda: alert_acknowledge(alert, by=signed_in(request)), _("Noted: you have seen this alert."))
    return redirect("alert", alert.pk)


@door(Action.ALERT_HANDLE)
@require_POST
def dismiss(request: HttpRequest, pk: UUID) -> HttpResponse:
    """No cause for concern, with the reason."""
    alert = _fetch_alert(request, Action.ALERT_HANDLE, pk)
    form = DismissForm(request.POST, auto_id="dismiss_%s")
    if not form.is_valid():
        return _page(request, alert, status=422, dismiss_form=form)
    carry_out(
        request,
        lambda: alert_dismiss(alert, by=signed_in(request), reason=form.cleaned_data["reason"]),
        _("The alert was dismissed with your reason."),
    )
    return redirect("alert", alert.pk)


@door(Action.ALERT_HANDLE)
@require_POST
def escalate(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Asks an administrator to review it."""
    alert = _fetch_alert(request, Action.ALERT_HANDLE, pk)
    form = EscalateForm(request.POST, auto_id="escalate_%s")
    if not form.is_valid():
        return _page(request, alert, status=422, escalate_form=form)
    carry_out(
        request,
        lambda: alert_escalate(alert, by=signed_in(request), reason=form.cleaned_data["reason"]),
        _("An administrator was asked to review this."),
    )
    return redirect("alert", alert.pk)
