"""Recordings: upload, state, cancel, repeat, delete."""

from typing import Any
from uuid import UUID

from django.urls import reverse
from drf_spectacular.utils import extend_schema
from rest_framework.parsers import MultiPartParser
from rest_framework.request import Request
from rest_framework.response import Response

from analysis.api.door import DoorView
from analysis.api.serializers import (
    RecordingDetailSerializer,
    RecordingQuerySerializer,
    RecordingSerializer,
    RecordingUploadSerializer,
)
from analysis.errors import Refused
from analysis.intake.admission import limits
from analysis.intake.receiving import recording_receive
from analysis.intake.removal import recording_delete
from analysis.models import Recording
from analysis.runs.lifecycle import run_cancel, run_request
from students import access
from students.access import Action

# What a multipart body holds besides the file: two short fields and the headers of the parts.
ENVELOPE_BYTES = 64 * 1024


class RecordingDoor(DoorView):
    """Base of the views of one recording."""

    def recording(self, pk: UUID) -> Recording:
        """The recording on which the user may do this request's action; 404 otherwise."""
        return self.row(Recording.objects.select_related("current_run", "student"), pk)

    def representation(self, recording: Recording) -> dict[str, Any]:
        """The recording in detail, with what the run measured if the user may see results."""
        results = access.scoped(self.user, Action.RESULTS_VIEW, Recording.objects.filter(pk=recording.pk)).exists()
        return dict(RecordingDetailSerializer(recording, context={"results": results}).data)

    def current(self, pk: UUID) -> dict[str, Any]:
        """The recording as it is after a change."""
        return self.representation(Recording.objects.select_related("current_run").get(pk=pk))


class RecordingsView(RecordingDoor):
    """The recordings the user may see."""

    doors = {"GET": Action.RECORDING_VIEW, "POST": Action.RECORDING_UPLOAD}
    parser_classes = (MultiPartParser,)

    @property
    def throttle_scope(self) -> str | None:
        """Uploads have a rate of their own; looking does not."""
        return "upload" if self.request.method == "POST" else None

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        """A body that cannot fit is refused before a byte of it is stored."""
        if int(request.META.get("CONTENT_LENGTH") or 0) > limits().max_bytes + ENVELOPE_BYTES:
            raise Refused("too_large")
        super().initial(request, *args, **kwargs)

    @extend_schema(
        operation_id="recordings_list",
        parameters=[RecordingQuerySerializer],
        responses=RecordingSerializer(many=True),
    )
    def get(self, request: Request) -> Response:
        """The recordings the user may see, the newest first."""
        values = self.validated(RecordingQuerySerializer)
        recordings = Recording.objects.select_related("current_run").order_by("-recorded_at", "pk")
        if "student" in values:
            recordings = recordings.filter(student=values["student"])
        if values.get("status") == "uploaded":
            recordings = recordings.filter(current_run__isnull=True)
        elif "status" in values:
            recordings = recordings.filter(current_run__status=values["status"])
        return self.page(self.rows(recordings), RecordingSerializer)

    @extend_schema(
        operation_id="recordings_upload",
        request={"multipart/form-data": RecordingUploadSerializer},
        responses={201: RecordingDetailSerializer},
    )
    def post(self, request: Request) -> Response:
        """Stores a recording and queues its analysis (staff).

        Its content is probed and its SHA-256 compared before it is accepted. Without a valid consent nothing is stored
        (403 `no_consent`); content the student already has is 409 `duplicate` with the recording's id.
        """
        values = self.validated(RecordingUploadSerializer)
        recording = recording_receive(
            user=self.user,
            student=self.student(values["student"]),
            recorded_at=values["recorded_at"],
            name=values["file"].name,
            source=values["file"],
        )
        location = reverse("api-recording", args=[recording.pk])
        return Response(self.current(recording.pk), status=201, headers={"Location": location})


class RecordingView(RecordingDoor):
    """One recording."""

    doors = {"GET": Action.RECORDING_VIEW, "DELETE": Action.RECORDING_MANAGE}

    @extend_schema(operation_id="recordings_get", responses=RecordingDetailSerializer)
    def get(self, request: Request, pk: UUID) -> Response:
        """A recording, how far its analysis is, and its newest run. Poll this until `status` is no longer `queued` or
        `running`."""
        return Response(self.representation(self.recording(pk)))

    @extend_schema(operation_id="recordings_delete", responses={204: None})
    def delete(self, request: Request, pk: UUID) -> Response:
        """Deletes the original, its runs and its results for good (staff and administrators)."""
        recording_delete(self.recording(pk), by=self.user)
        return Response(status=204)


class RecordingCancelView(RecordingDoor):
    """The end of an analysis that waits or is under way."""

    doors = {"POST": Action.RECORDING_MANAGE}

    @extend_schema(operation_id="recordings_cancel", request=None, responses=RecordingDetailSerializer)
    def post(self, request: Request, pk: UUID) -> Response:
        """Cancels the analysis. One under way stops at its next step: poll until `status` is `cancelled`."""
        run_cancel(self.recording(pk), by=self.user)
        return Response(self.current(pk))


class RecordingRepeatView(RecordingDoor):
    """A new analysis of the same original."""

    doors = {"POST": Action.RECORDING_MANAGE}

    @extend_schema(operation_id="recordings_repeat", request=None, responses={202: RecordingDetailSerializer})
    def post(self, request: Request, pk: UUID) -> Response:
        """Queues another analysis of the recording."""
        run_request(self.recording(pk), by=self.user)
        return Response(self.current(pk), status=202)
