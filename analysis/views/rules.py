"""The alert rules and the settings of the trend, and the pages on which an administrator changes them."""

from uuid import UUID

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from analysis.alerts.rules import rule_update
from analysis.forms import RuleForm, TrendSettingsForm
from analysis.models import AlertRule
from analysis.trends.settings import stored_trend_settings, trend_settings_update
from students.access import Action, door, signed_in


@door(Action.RULES_MANAGE)
@require_safe
def rules(request: HttpRequest) -> HttpResponse:
    """Every rule in words."""
    context = {"rules": AlertRule.objects.select_related("updated_by"), "trend": stored_trend_settings()}
    return render(request, "analysis/rules/list.html", context)


@door(Action.RULES_MANAGE)
@require_http_methods(["GET", "HEAD", "POST"])
def rule_edit(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Changes one rule. Alerts that were raised before keep the settings they were raised with."""
    rule = get_object_or_404(AlertRule, pk=pk)
    form = RuleForm(request.POST if request.method == "POST" else None, rule=rule)
    if request.method == "POST" and form.is_valid():
        try:
            rule_update(rule, by=signed_in(request), **form.changes())
        except ValidationError as problems:
            form.add_error(None, problems)
        else:
            messages.success(request, _("The rule was saved. It applies to sessions analysed from now on."))
            return redirect("rules")
    status = 422 if form.errors else 200
    return render(request, "analysis/rules/rule.html", {"form": form, "rule": rule}, status=status)


@door(Action.RULES_MANAGE)
@require_http_methods(["GET", "HEAD", "POST"])
def trend_edit(request: HttpRequest) -> HttpResponse:
    """Changes how every curve is drawn, and with it what the EWMA rule raises."""
    form = TrendSettingsForm(request.POST if request.method == "POST" else None, stored=stored_trend_settings())
    if request.method == "POST" and form.is_valid():
        try:
            trend_settings_update(by=signed_in(request), **form.changes())
        except ValidationError as problems:
            form.add_error(None, problems)
        else:
            messages.success(request, _("The settings were saved. Every curve is drawn by them from now on."))
            return redirect("rules")
    status = 422 if form.errors else 200
    return render(request, "analysis/rules/trend_settings.html", {"form": form}, status=status)
