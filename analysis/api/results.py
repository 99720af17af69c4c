"""What was recognised: a recording's segments, a student's trend. Each look is written to the audit trail."""

from uuid import UUID

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from analysis.api.door import DoorView
from analysis.api.pagination import SegmentPages
from analysis.api.result_serializers import SegmentSerializer, TrendSerializer
from analysis.models import Recording, Segment
from analysis.trends import student_trend
from students.access import Action


class SegmentsView(DoorView):
    """The segments of one recording."""

    doors = {"GET": Action.RESULTS_VIEW}
    pagination_class = SegmentPages

    @extend_schema(operation_id="segments_list", responses=SegmentSerializer(many=True))
    def get(self, request: Request, pk: UUID) -> Response:
        """The segments of the newest run that succeeded, in time order; none while there is no such run."""
        recording = self.row(Recording.objects.all(), pk)
        self.results_viewed(recording.student_id, "recording", recording.pk)
        segments = Segment.objects.filter(run=recording.result_run_id)
        return self.page(segments.prefetch_related("corrections__by").order_by("index"), SegmentSerializer)


class TrendView(DoorView):
    """How one student's sessions run."""

    doors = {"GET": Action.RESULTS_VIEW}

    @extend_schema(operation_id="students_trend", responses=TrendSerializer)
    def get(self, request: Request, pk: UUID) -> Response:
        """The student's sessions in time order with baseline and control limits."""
        student = self.student(pk)
        self.results_viewed(student, "student", student.pk)
        return Response(student_trend(student).as_dict())
