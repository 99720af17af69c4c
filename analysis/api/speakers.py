"""Who speaks when in a recording, and saying which voice is the student's."""

from typing import Any
from uuid import UUID

from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from analysis.api.pagination import SegmentPages
from analysis.api.recordings import RecordingDoor
from analysis.api.serializers import RecordingDetailSerializer
from analysis.api.speaker_serializers import SpeakersSerializer, VoiceChoiceSerializer, speaker_row, turn_row
from analysis.models import Recording, Speaker, Turn
from analysis.runs.choices import voice_choose
from analysis.runs.lifecycle import KEPT
from students.access import Action


class SpeakersView(RecordingDoor):
    """The voices of one recording."""

    doors = {"GET": Action.RESULTS_VIEW, "POST": Action.LABELS_CORRECT}
    pagination_class = SegmentPages

    @extend_schema(
        operation_id="speakers_get",
        parameters=[
            OpenApiParameter("page", int, description="A page of turns within the whole."),
            OpenApiParameter("page_size", int, description="Turns to return per page."),
        ],
        responses=SpeakersSerializer,
    )
    def get(self, request: Request, pk: UUID) -> Response:
        """Voices and turns of the newest run that succeeded, as `python -m ml speakers --json` prints them.

        Turns come in pages, in order of time. Without such a run, and where nobody was told apart, there are none.
        `student` is the voice that was judged: null where the evidence does not decide, and then no voice was judged
        if `several` people speak for sure, and all speech if not. `chosen` is the voice that a person named.
        """
        recording = self.row(Recording.objects.select_related("result_run"), pk)
        self.results_viewed(recording.student_id, "recording", recording.pk)
        run = recording.result_run
        speakers = list(Speaker.objects.filter(run=run)) if run else []
        turns = Turn.objects.filter(run=run).select_related("speaker") if run else Turn.objects.none()
        page = self.paginate_queryset(turns) or []
        answer: dict[str, Any] = self.get_paginated_response([turn_row(turn) for turn in page]).data
        answer["turns"] = answer.pop("results")
        return Response(
            {
                "run": run and run.pk,
                "student": next((speaker.number for speaker in speakers if speaker.student), None),
                "several": bool(run and run.summary.get("several")),
                "chosen": run and run.speaker,
                "speakers": [speaker_row(speaker) for speaker in speakers],
                **answer,
            }
        )

    @extend_schema(
        operation_id="speakers_choose", request=VoiceChoiceSerializer, responses={202: RecordingDetailSerializer}
    )
    def post(self, request: Request, pk: UUID) -> Response:
        """Says which voice, and if wanted which face, is the student's, and queues an analysis that judges it alone.

        `student` null takes an earlier answer back: the evidence decides again. A `face` that is left out stays as it
        was chosen before. Refused: `unknown_voice`, `unknown_face` (422), `run_active` (409), `no_consent` (403).
        """
        recording = self.row(Recording.objects.select_related("result_run", "student"), pk)
        values = self.validated(VoiceChoiceSerializer)
        voice_choose(recording, by=self.user, speaker=values["student"], track=values.get("face", KEPT))
        return Response(self.current(pk), status=202)
