"""Whose a stretch of a recording is: looked at, said, and taken back."""

from typing import Any
from uuid import UUID

from django.http import Http404
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from analysis.api.door import DoorView
from analysis.api.result_serializers import StretchSerializer, StretchWriteSerializer
from analysis.models import Recording, Stretch
from analysis.trends.marking import stretch_mark, stretch_remove
from students.access import Action


class StretchesView(DoorView):
    """The stretches of a recording that people have marked."""

    doors = {"GET": Action.RESULTS_VIEW, "POST": Action.LABELS_CORRECT}

    @extend_schema(operation_id="stretches_list", responses=StretchSerializer(many=True))
    def get(self, request: Request, pk: UUID) -> Response:
        """Every mark, in order of time. Where marks overlap, the newest counts."""
        recording = self.row(Recording.objects.all(), pk)
        self.results_viewed(recording.student_id, "recording", recording.pk)
        return self.page(Stretch.objects.filter(recording=recording).select_related("by"), StretchSerializer)

    @extend_schema(operation_id="stretches_mark", request=StretchWriteSerializer, responses={201: StretchSerializer})
    def post(self, request: Request, pk: UUID) -> Response:
        """Says whose a stretch is; it stays when the recording is analysed again.

        Segments whose larger part is somebody else's count as not judged, here, in the session's numbers and in what
        the student's sessions are compared with, at once; no alert is raised or taken back by it. What is said to be
        the student's takes effect at the next analysis.
        """
        recording = self.row(Recording.objects.all(), pk)
        values: dict[str, Any] = self.validated(StretchWriteSerializer)
        stretch = stretch_mark(recording, by=self.user, **values)
        return Response(StretchSerializer(stretch).data, status=201)


class StretchView(DoorView):
    """One marked stretch."""

    doors = {"DELETE": Action.LABELS_CORRECT}

    @extend_schema(operation_id="stretches_remove", responses={204: None})
    def delete(self, request: Request, pk: UUID, stretch: UUID) -> Response:
        """Takes a mark back; what it covered is the student's again, unless an older mark says otherwise."""
        recording = self.row(Recording.objects.all(), pk)
        row = Stretch.objects.filter(recording=recording).select_related("recording").filter(pk=stretch).first()
        if row is None:
            raise Http404
        stretch_remove(row, by=self.user)
        return Response(status=204)
