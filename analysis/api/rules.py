"""The alert rules and the settings of the trend, for administrators: look and change."""

from uuid import UUID

from django.shortcuts import get_object_or_404
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from analysis.alerts.rules import rule_update
from analysis.api.door import DoorView
from analysis.api.serializers import (
    RuleDetailSerializer,
    RuleWriteSerializer,
    TrendSettingsDetailSerializer,
    TrendSettingsWriteSerializer,
)
from analysis.models import AlertRule
from analysis.trends.settings import stored_trend_settings, trend_settings_update
from students.access import Action


class RulesView(DoorView):
    """Every rule."""

    doors = {"GET": Action.RULES_MANAGE}

    @extend_schema(operation_id="rules_list", responses=RuleDetailSerializer(many=True))
    def get(self, request: Request) -> Response:
        """The rules by which alerts are raised, with what may be set in each."""
        return self.page(AlertRule.objects.select_related("updated_by"), RuleDetailSerializer)


class RuleView(DoorView):
    """One rule. It belongs to no student, so the role alone decides who may see it."""

    doors = {"GET": Action.RULES_MANAGE, "PATCH": Action.RULES_MANAGE}

    def rule(self, pk: UUID) -> AlertRule:
        """The rule with this key; 404 otherwise."""
        return get_object_or_404(AlertRule.objects.select_related("updated_by"), pk=pk)

    @extend_schema(operation_id="rules_get", responses=RuleDetailSerializer)
    def get(self, request: Request, pk: UUID) -> Response:
        """A rule."""
        return Response(RuleDetailSerializer(self.rule(pk)).data)

    @extend_schema(operation_id="rules_change", request=RuleWriteSerializer, responses=RuleDetailSerializer)
    def patch(self, request: Request, pk: UUID) -> Response:
        """Changes settings of a rule, within its `bounds`.

        It then applies to sessions analysed from now on; alerts that were raised keep the settings they were raised
        with. Settings that its kind does not use are passed over.
        """
        rule = rule_update(self.rule(pk), by=self.user, **self.validated(RuleWriteSerializer, partial=True))
        return Response(RuleDetailSerializer(rule).data)


class TrendSettingsView(DoorView):
    """How every student's curve is drawn."""

    doors = {"GET": Action.RULES_MANAGE, "PATCH": Action.RULES_MANAGE}

    @extend_schema(operation_id="trend_settings_get", responses=TrendSettingsDetailSerializer)
    def get(self, request: Request) -> Response:
        """The settings of baseline, running average and limits, with the bounds of what may be set."""
        return Response(TrendSettingsDetailSerializer(stored_trend_settings()).data)

    @extend_schema(
        operation_id="trend_settings_change",
        request=TrendSettingsWriteSerializer,
        responses=TrendSettingsDetailSerializer,
    )
    def patch(self, request: Request) -> Response:
        """Changes settings, within their `bounds`.

        Every curve is drawn by them at once, and an EWMA rule raises by them for sessions analysed from now on; alerts
        that were raised keep the settings they were raised with.
        """
        stored = trend_settings_update(by=self.user, **self.validated(TrendSettingsWriteSerializer, partial=True))
        return Response(TrendSettingsDetailSerializer(stored).data)
