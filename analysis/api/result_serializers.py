"""What was recognised, over the wire: segments as the engine printed them, and a student's trend.

Segments and trend come ready for JSON from the engine and from ``analysis.trends``. They pass through untouched; the
nested serializers here only tell the schema what they look like.
"""

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from analysis.api.conversation_serializers import DescriptionsField
from analysis.api.serializers import PersonSerializer
from analysis.emotions import EMOTIONS, is_unclear
from analysis.flow import AlertStatus
from analysis.models import LabelCorrection, Segment, Stretch, Who
from analysis.models.alert import RuleKind
from analysis.models.segment import COMMENT_LENGTH

# --- segments ---------------------------------------------------------------------------------------------------------


class ProbabilitiesField(serializers.DictField):
    """Probabilities keyed by class name, summing to 1."""

    child = serializers.FloatField(min_value=0, max_value=1)


class VoiceSerializer(serializers.Serializer[Any]):
    """The voice of one segment."""

    probabilities = ProbabilitiesField()
    attention = serializers.ListField(
        child=serializers.ListField(child=serializers.FloatField(), min_length=2, max_length=2),
        help_text="Pairs of time in s and weight; the weights sum to 1.",
    )
    speech_share = serializers.FloatField()
    level_dbfs = serializers.FloatField()


class FaceSerializer(serializers.Serializer[Any]):
    """The face of one segment."""

    probabilities = ProbabilitiesField()
    track = serializers.IntegerField()
    frames = serializers.IntegerField()
    face_share = serializers.FloatField()
    confidence = serializers.FloatField()


@extend_schema_field(ProbabilitiesField(allow_null=True))
class StoredProbabilities(serializers.JSONField):
    """Fused probabilities as the engine gave them."""


@extend_schema_field(VoiceSerializer(allow_null=True))
class StoredVoice(serializers.JSONField):
    """A voice judgement as the engine gave it."""


@extend_schema_field(FaceSerializer(allow_null=True))
class StoredFace(serializers.JSONField):
    """A face judgement as the engine gave it."""


class GeneralSerializer(serializers.Serializer[Any]):
    """What a segment would say by people in general alone."""

    probabilities = ProbabilitiesField()
    voice = ProbabilitiesField(allow_null=True)
    face = ProbabilitiesField(allow_null=True)


@extend_schema_field(GeneralSerializer(allow_null=True))
class StoredGeneral(serializers.JSONField):
    """The other reading; null where the segment is read by people in general anyway."""


class CorrectionSerializer(serializers.ModelSerializer[LabelCorrection]):
    """What a person says a segment really showed."""

    label = serializers.ChoiceField(choices=EMOTIONS, read_only=True)  # type: ignore[assignment]
    by = PersonSerializer(read_only=True, allow_null=True)

    class Meta:
        model = LabelCorrection
        fields = ["id", "label", "comment", "by", "at"]
        read_only_fields = fields


class CorrectionWriteSerializer(serializers.Serializer[Any]):
    """What a person says a segment really showed."""

    index = serializers.IntegerField(min_value=0, help_text="Which segment, by its index.")
    run = serializers.UUIDField(required=False, help_text="The segment's run; refused (409) if a newer one stands.")
    label = serializers.ChoiceField(choices=EMOTIONS)  # type: ignore[assignment]
    comment = serializers.CharField(max_length=COMMENT_LENGTH, required=False, allow_blank=True, default="")


class StretchSerializer(serializers.ModelSerializer[Stretch]):
    """Whose a stretch is, as a person says."""

    who = serializers.ChoiceField(choices=Who.choices, read_only=True)
    by = PersonSerializer(read_only=True, allow_null=True)

    class Meta:
        model = Stretch
        fields = ["id", "start_s", "end_s", "who", "by", "at"]
        read_only_fields = fields


class StretchWriteSerializer(serializers.Serializer[Any]):
    """Whose a stretch is."""

    start_s = serializers.FloatField(min_value=0, help_text="Seconds from the recording's start.")
    end_s = serializers.FloatField(min_value=0, help_text="Not after the recording's end.")
    who = serializers.ChoiceField(choices=Who.choices)


class SegmentSerializer(serializers.ModelSerializer[Segment]):
    """One segment, as ``python -m ml recognise --json`` prints it, with its run, its index and its corrections.

    A gap has neither label nor probabilities. What a person has marked as somebody else's is a gap, and ``not_student``
    is the mark.
    """

    label = serializers.ChoiceField(choices=EMOTIONS, read_only=True, allow_null=True)  # type: ignore[assignment]
    probabilities = StoredProbabilities(read_only=True)
    voice = StoredVoice(read_only=True)
    face = StoredFace(read_only=True)
    general = StoredGeneral(read_only=True)
    quality = serializers.DictField(read_only=True)
    unclear = serializers.SerializerMethodField(
        help_text="Several emotions are about equally likely, and nobody has corrected the label."
    )
    not_student = serializers.SerializerMethodField(help_text="The mark by which it is not the student's; else null.")
    corrections = CorrectionSerializer(many=True, read_only=True)

    class Meta:
        model = Segment
        fields = [
            "run", "index", "start_s", "end_s", "label", "unclear", "probabilities", "voice", "face", "general",
            "quality", "not_student", "corrections",
        ]  # fmt: skip
        read_only_fields = fields

    def get_unclear(self, segment: Segment) -> bool:
        return is_unclear(segment.probabilities) and not segment.corrections.all()

    @extend_schema_field(StretchSerializer(allow_null=True))
    def get_not_student(self, segment: Segment) -> Any:
        taken: Stretch | None = segment.taken
        return None if taken is None else StretchSerializer(taken).data


# --- trend ------------------------------------------------------------------------------------------------------------


class TrendSettingsSerializer(serializers.Serializer[Any]):
    """The settings of baseline and control limits, which are those of `trend-settings/`."""

    smoothing = serializers.FloatField(help_text="Weight of the newest session, in (0, 1].")
    width = serializers.FloatField(help_text="Half width of the limits in standard deviations.")
    baseline_sessions = serializers.IntegerField()
    min_evidence_s = serializers.FloatField()
    min_coverage = serializers.FloatField()


class BaselineSerializer(serializers.Serializer[Any]):
    """The student's own baseline of negative share."""

    centre = serializers.FloatField()
    sigma = serializers.FloatField()
    sessions = serializers.IntegerField()


class TrendSessionSerializer(serializers.Serializer[Any]):
    """One session: shares of judged time as fractions of 1, and where it stands against the control limits."""

    recording_id = serializers.UUIDField()
    run_id = serializers.UUIDField()
    recorded_at = serializers.DateTimeField()
    analysed_at = serializers.DateTimeField(allow_null=True)
    duration_s = serializers.FloatField()
    model_version = serializers.CharField()
    synthetic = serializers.BooleanField()
    covered_s = serializers.FloatField()
    judged_s = serializers.FloatField(help_text="Seconds with a judgement that counts.")
    undecided_s = serializers.FloatField(help_text="Seconds of which it is open whether they are negative.")
    voice_s = serializers.FloatField()
    face_s = serializers.FloatField()
    shares = ProbabilitiesField(help_text="Share of the judged time per emotion; all 0 when nothing was judged.")
    negative_share = serializers.FloatField(allow_null=True)
    mean_probabilities = ProbabilitiesField()
    corrected = serializers.IntegerField(help_text="Segments whose label a person corrected.")
    coverage = serializers.FloatField()
    voice_coverage = serializers.FloatField()
    face_coverage = serializers.FloatField()
    compared_sessions = serializers.IntegerField(help_text="Other sessions of the student that this one was read by.")
    general_negative_share = serializers.FloatField(
        allow_null=True, help_text="By people in general, where that is another reading."
    )
    reread = serializers.BooleanField(help_text="Other sessions have changed the reading since the analysis.")
    conversation = DescriptionsField(
        help_text="What is said of the student's voice and of the conversation, by name; empty where nothing is."
    )
    enough_evidence = serializers.BooleanField()
    in_baseline = serializers.BooleanField()
    ewma = serializers.FloatField(allow_null=True)
    lower_limit = serializers.FloatField(allow_null=True)
    upper_limit = serializers.FloatField(allow_null=True)
    over_limit = serializers.BooleanField()


class TrendAlertSerializer(serializers.Serializer[Any]):
    """An alert on the line."""

    id = serializers.UUIDField()
    recording_id = serializers.UUIDField()
    kind = serializers.ChoiceField(choices=RuleKind.choices)
    status = serializers.ChoiceField(choices=AlertStatus.choices)
    raised_at = serializers.DateTimeField()


class TrendSerializer(serializers.Serializer[Any]):
    """A student's sessions, oldest first, with baseline, control limits and alerts."""

    student = serializers.UUIDField()
    settings = TrendSettingsSerializer()
    baseline = BaselineSerializer(allow_null=True)
    sessions = TrendSessionSerializer(many=True)
    alerts = TrendAlertSerializer(many=True)
