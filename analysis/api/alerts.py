"""Alerts: look, acknowledge, dismiss, escalate."""

from typing import Any
from uuid import UUID

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from analysis.alerts.lifecycle import alert_acknowledge, alert_dismiss, alert_escalate
from analysis.api.door import DoorView
from analysis.api.serializers import (
    AlertDetailSerializer,
    AlertQuerySerializer,
    AlertSerializer,
    DismissSerializer,
    EscalateSerializer,
)
from analysis.models import Alert
from students.access import Action


class AlertsView(DoorView):
    """The alerts of the students whose results the user sees."""

    doors = {"GET": Action.ALERT_VIEW}

    @extend_schema(operation_id="alerts_list", parameters=[AlertQuerySerializer], responses=AlertSerializer(many=True))
    def get(self, request: Request) -> Response:
        """Alerts, the newest first."""
        alerts = Alert.objects.filter(**self.validated(AlertQuerySerializer)).select_related("rule")
        return self.results_page(self.rows(alerts.order_by("-raised_at", "pk")), AlertSerializer, "alerts")


class AlertDoor(DoorView):
    """Base of the views of one alert."""

    def alert(self, pk: UUID) -> Alert:
        """The alert on which the user may do this request's action; 404 otherwise."""
        return self.row(Alert.objects.select_related("student"), pk)

    def representation(self, pk: UUID) -> dict[str, Any]:
        """The alert as it is now, with evidence and history; this is looking at results."""
        alert = Alert.objects.select_related("rule").prefetch_related("events__actor").get(pk=pk)
        self.results_viewed(alert.student_id, "alert", alert.pk)
        return dict(AlertDetailSerializer(alert).data)


class AlertView(AlertDoor):
    """One alert."""

    doors = {"GET": Action.ALERT_VIEW}

    @extend_schema(operation_id="alerts_get", responses=AlertDetailSerializer)
    def get(self, request: Request, pk: UUID) -> Response:
        """An alert with the numbers that raised it and everything that happened to it."""
        return Response(self.representation(self.alert(pk).pk))


class AlertAcknowledgeView(AlertDoor):
    """An alert was seen."""

    doors = {"POST": Action.ALERT_HANDLE}

    @extend_schema(operation_id="alerts_acknowledge", request=None, responses=AlertDetailSerializer)
    def post(self, request: Request, pk: UUID) -> Response:
        """Says that a person has seen the alert and takes care of it."""
        alert_acknowledge(self.alert(pk), by=self.user)
        return Response(self.representation(pk))


class AlertDismissView(AlertDoor):
    """An alert was no reason to act."""

    doors = {"POST": Action.ALERT_HANDLE}

    @extend_schema(operation_id="alerts_dismiss", request=DismissSerializer, responses=AlertDetailSerializer)
    def post(self, request: Request, pk: UUID) -> Response:
        """Dismisses the alert, with a reason."""
        alert_dismiss(self.alert(pk), by=self.user, **self.validated(DismissSerializer))
        return Response(self.representation(pk))


class AlertEscalateView(AlertDoor):
    """An alert an administrator should look at."""

    doors = {"POST": Action.ALERT_HANDLE}

    @extend_schema(operation_id="alerts_escalate", request=EscalateSerializer, responses=AlertDetailSerializer)
    def post(self, request: Request, pk: UUID) -> Response:
        """Hands the alert to an administrator's review."""
        alert_escalate(self.alert(pk), by=self.user, **self.validated(EscalateSerializer))
        return Response(self.representation(pk))
