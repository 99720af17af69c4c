"""What was recognised: segments, conversation, trend. Each look is written to the audit trail."""

from uuid import UUID

from django.utils.translation import gettext
from drf_spectacular.utils import extend_schema
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from analysis.api.conversation_serializers import ConversationSerializer
from analysis.api.door import DoorView
from analysis.api.pagination import SegmentPages
from analysis.api.result_serializers import CorrectionWriteSerializer, SegmentSerializer, TrendSerializer
from analysis.errors import Refused
from analysis.models import Recording, Segment
from analysis.stretches.rows import leave_out, recording_marks
from analysis.talk.figures import conversation_read
from analysis.talk.sessions import own_usual
from analysis.trends.corrections import label_correct
from analysis.trends.sessions import student_trend
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
        segments = Segment.objects.filter(run=recording.result_run_id).prefetch_related("corrections__by")
        rows = self.paginate_queryset(segments.order_by("index")) or []
        leave_out(rows, recording_marks(recording.pk))
        return self.get_paginated_response(SegmentSerializer(rows, many=True).data)


class CorrectionsView(DoorView):
    """What people say the segments of a recording really showed."""

    doors = {"POST": Action.LABELS_CORRECT}

    @extend_schema(
        operation_id="segments_correct", request=CorrectionWriteSerializer, responses={201: SegmentSerializer}
    )
    def post(self, request: Request, pk: UUID) -> Response:
        """Corrects the label of one segment of the newest run that succeeded; the model's own label stays beside it.

        The session's numbers follow at once; no alert is raised or taken back by it. A gap has no label to correct.
        Whoever names the run is refused if the recording has been analysed again since: the index may mean another
        moment by then.
        """
        recording = self.row(Recording.objects.all(), pk)
        values = self.validated(CorrectionWriteSerializer)
        if values.get("run", recording.result_run_id) != recording.result_run_id:
            raise Refused("results_changed")
        segments = Segment.objects.select_related("run__recording").prefetch_related("corrections__by")
        segment = segments.filter(run=recording.result_run_id, index=values["index"]).first()
        if segment is None:
            raise ValidationError({"index": [gettext("This recording has no such segment.")]})
        label_correct(segment, by=self.user, label=values["label"], comment=values["comment"])
        self.results_viewed(recording.student_id, "recording", recording.pk)
        corrected = segments.get(pk=segment.pk)
        leave_out([corrected], recording_marks(recording.pk))
        return Response(SegmentSerializer(corrected).data, status=201)


class ConversationView(DoorView):
    """How the conversation of one recording went."""

    doors = {"GET": Action.RESULTS_VIEW}

    @extend_schema(operation_id="conversation_get", responses=ConversationSerializer)
    def get(self, request: Request, pk: UUID) -> Response:
        """How the conversation went by the newest run that succeeded, and what is usual for the student.

        `conversation` is null while there is no such run, and where nobody was told apart. These are descriptions: no
        number stands for a state of mind.
        """
        recording = self.row(Recording.objects.select_related("result_run"), pk)
        self.results_viewed(recording.student_id, "recording", recording.pk)
        run = recording.result_run
        described = run is not None and conversation_read(run.conversation) is not None
        return Response(
            {
                "run": run and run.pk,
                "conversation": run.conversation if run and described else None,
                "usual": {name: usual.as_dict() for name, usual in own_usual(recording).items()} if described else {},
            }
        )


class TrendView(DoorView):
    """How one student's sessions run."""

    doors = {"GET": Action.RESULTS_VIEW}

    @extend_schema(operation_id="students_trend", responses=TrendSerializer)
    def get(self, request: Request, pk: UUID) -> Response:
        """The student's sessions in time order with baseline and control limits."""
        student = self.student(pk)
        self.results_viewed(student, "student", student.pk)
        return Response(student_trend(student).as_dict())
