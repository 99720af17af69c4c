"""What was said in a recording. Each look at a text is written to the audit trail."""

from typing import Any
from uuid import UUID

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from analysis.api.door import DoorView
from analysis.api.serializers import ProblemSerializer
from analysis.errors import Refused, problem
from analysis.flow import RunStatus
from analysis.models import Recording, Transcript
from analysis.transcripts.content import Sentence, sentences_of
from analysis.transcripts.lifecycle import transcript_request
from students.access import Action

NONE = "none"
STATUSES = [(NONE, "nothing was ever asked for"), *RunStatus.choices]


class TranscriptWordSerializer(serializers.Serializer[Any]):
    """One word, in Chinese one character; `probability` below 0.5 is marked as unsure on the pages."""

    word = serializers.CharField()
    start_s = serializers.FloatField()
    end_s = serializers.FloatField()
    probability = serializers.FloatField(help_text="0-1")


class TranscriptSegmentSerializer(serializers.Serializer[Any]):
    """One sentence."""

    start_s = serializers.FloatField()
    end_s = serializers.FloatField()
    text = serializers.CharField()
    words = TranscriptWordSerializer(many=True)


class TranscriptSerializer(serializers.Serializer[Any]):
    """What was said in a recording, or how far the writing is. It takes no part in judging emotions."""

    status = serializers.ChoiceField(choices=STATUSES)
    percent = serializers.FloatField(help_text="0-100 while it is being written.")
    error = ProblemSerializer(allow_null=True)
    language = serializers.CharField(allow_blank=True, help_text="ISO 639; empty where nobody speaks.")
    language_probability = serializers.FloatField(help_text="0-1")
    speech_s = serializers.FloatField(help_text="Seconds in which a voice was found.")
    left_out_s = serializers.FloatField(help_text="Seconds of them that could not be understood.")
    segments = TranscriptSegmentSerializer(many=True)


class TranscriptView(DoorView):
    """The transcript of one recording."""

    doors = {"GET": Action.RESULTS_VIEW, "POST": Action.TRANSCRIPT_MANAGE}

    @extend_schema(operation_id="transcript_get", responses=TranscriptSerializer)
    def get(self, request: Request, pk: UUID) -> Response:
        """What was said, sentence by sentence, with the time and certainty of every word.

        It is written after the analysis, if the student has agreed to it; `status` says how far it is.
        """
        recording = self.row(Recording.objects.all(), pk)
        transcript = Transcript.objects.filter(recording=recording).first()
        if transcript is not None and transcript.content is not None:
            self.results_viewed(recording.student_id, "transcript", recording.pk)
        return Response(_representation(transcript))

    @extend_schema(operation_id="transcript_request", request=None, responses={202: TranscriptSerializer})
    def post(self, request: Request, pk: UUID) -> Response:
        """Asks for the transcript of a recording that has none (`409` where there is one or it is being written)."""
        recording = self.row(Recording.objects.select_related("student"), pk)
        return Response(_representation(transcript_request(recording, by=self.user)), status=202)


def _representation(transcript: Transcript | None) -> dict[str, Any]:
    row = transcript or Transcript(method=0)
    sentences = sentences_of(row)
    if sentences is None:
        raise Refused("transcript_sealed")
    failed = transcript is not None and row.status == RunStatus.FAILED
    return {
        "status": row.status if transcript else NONE,
        "percent": row.percent,
        "error": problem(row.error_code).as_dict() if failed else None,
        "language": row.language,
        "language_probability": round(row.language_probability, 3),
        "speech_s": round(row.speech_s, 2),
        "left_out_s": round(row.left_out_s, 2),
        "segments": [_segment(sentence) for sentence in sentences],
    }


def _segment(sentence: Sentence) -> dict[str, Any]:
    return {
        "start_s": sentence.start_s,
        "end_s": sentence.end_s,
        "text": sentence.text,
        "words": [
            {
                "word": word.text.strip(),
                "start_s": word.start_s,
                "end_s": word.end_s,
                "probability": word.probability,
            }
            for word in sentence.words
        ],
    }
