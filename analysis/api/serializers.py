"""What goes over the wire. Field names are a contract: scripts of other people rely on them."""

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from analysis.alerts.rules import BOUNDS, rule_name
from analysis.errors import problem
from analysis.flow import AlertStatus, RecordingStatus, ReviewStatus
from analysis.models import Alert, AlertEvent, AlertRule, Recording, Review, Run, StoredTrendSettings
from analysis.models.alert import REASON_LENGTH, RULE_NAME_LENGTH, RuleKind
from analysis.models.review import NOTE_LENGTH, Decision
from analysis.trends.settings import BOUNDS as TREND_BOUNDS
from analysis.trends.settings import Bounds
from students.consent import purposes_covered
from students.models import Consent, Purpose, Role, Student, User

END_REASONS = list(Consent._meta.get_field("end_reason").choices or ())


class ProblemSerializer(serializers.Serializer[Any]):
    """A failure: a stable code, a sentence for the person, and what to do next."""

    code = serializers.CharField()
    message = serializers.CharField()
    next_step = serializers.CharField()


class PersonSerializer(serializers.ModelSerializer[User]):
    """A member of the centre."""

    name = serializers.CharField(source="__str__", read_only=True)

    class Meta:
        model = User
        fields = ["id", "name"]


# --- account ----------------------------------------------------------------------------------------------------------


class MeSerializer(serializers.Serializer[Any]):
    """The signed-in user, and the actions their role has."""

    id = serializers.UUIDField()
    username = serializers.CharField()
    name = serializers.CharField()
    role = serializers.ChoiceField(choices=Role.choices)
    actions = serializers.ListField(child=serializers.CharField())


class CredentialsSerializer(serializers.Serializer[Any]):
    """User name and password."""

    username = serializers.CharField(max_length=150)
    password = serializers.CharField(max_length=4096, trim_whitespace=False, style={"input_type": "password"})


class TokenSerializer(serializers.Serializer[Any]):
    """A new token, shown this once."""

    token = serializers.CharField()
    expires_at = serializers.DateTimeField()


# --- students ---------------------------------------------------------------------------------------------------------


class StudentSerializer(serializers.ModelSerializer[Student]):
    """A student as listed."""

    class Meta:
        model = Student
        fields = ["id", "number", "name", "programme", "year", "synthetic", "created_at"]
        read_only_fields = fields


class StudentDetailSerializer(StudentSerializer):
    """A student with the purposes that standing consents cover at this moment."""

    purposes_covered = serializers.SerializerMethodField()

    class Meta(StudentSerializer.Meta):
        fields = [*StudentSerializer.Meta.fields, "purposes_covered"]
        read_only_fields = fields

    @extend_schema_field(serializers.ListField(child=serializers.ChoiceField(choices=Purpose.choices)))
    def get_purposes_covered(self, student: Student) -> list[str]:
        covered = purposes_covered(student)
        return [purpose for purpose in Purpose.values if purpose in covered]


class StudentWriteSerializer(serializers.Serializer[Any]):
    """A student's own fields. What may stand in them is decided in ``students.student_record``."""

    number = serializers.CharField(trim_whitespace=False)
    name = serializers.CharField(trim_whitespace=False)
    programme = serializers.CharField(required=False, allow_blank=True, trim_whitespace=False)
    year = serializers.IntegerField(required=False, allow_null=True)


class ConsentSerializer(serializers.ModelSerializer[Consent]):
    """One purpose agreed to. ``in_force`` tells whether it holds at this moment."""

    granted_by = PersonSerializer(read_only=True, allow_null=True)
    has_evidence = serializers.SerializerMethodField()
    in_force = serializers.BooleanField(read_only=True)
    end_reason = serializers.ChoiceField(choices=END_REASONS, allow_blank=True, read_only=True)

    class Meta:
        model = Consent
        fields = [
            "id", "student", "purpose", "wording", "granted_at", "granted_by", "expires_on", "has_evidence", "in_force",
            "ended_at", "end_reason",
        ]  # fmt: skip
        read_only_fields = fields

    def get_has_evidence(self, consent: Consent) -> bool:
        return bool(consent.evidence)


class ConsentWriteSerializer(serializers.Serializer[Any]):
    """A consent to grant. Evidence (PDF, PNG or JPEG) needs multipart/form-data."""

    purpose = serializers.ChoiceField(choices=Purpose.choices)
    expires_on = serializers.DateField(required=False, allow_null=True, help_text="The last day on which it holds.")
    evidence = serializers.FileField(required=False, allow_null=True)


# --- recordings -------------------------------------------------------------------------------------------------------


class RecordingQuerySerializer(serializers.Serializer[Any]):
    """Filters of the list of recordings."""

    student = serializers.UUIDField(required=False)
    status = serializers.ChoiceField(choices=RecordingStatus.choices, required=False)


class RecordingUploadSerializer(serializers.Serializer[Any]):
    """A recording to store and analyse."""

    student = serializers.UUIDField()
    recorded_at = serializers.DateTimeField(help_text="ISO 8601; without an offset, the site's time zone.")
    file = serializers.FileField(allow_empty_file=True)


class RecordingSerializer(serializers.ModelSerializer[Recording]):
    """A recording and how far its analysis is."""

    status = serializers.ChoiceField(choices=RecordingStatus.choices, read_only=True)
    stage = serializers.SerializerMethodField(help_text="What the worker is doing; empty while nothing is done.")
    percent = serializers.SerializerMethodField(help_text="0-100 over all stages.")
    error = serializers.SerializerMethodField()

    class Meta:
        model = Recording
        fields = [
            "id", "student", "recorded_at", "uploaded_at", "original_name", "duration_s", "has_audio", "has_video",
            "status", "stage", "percent", "error", "synthetic",
        ]  # fmt: skip
        read_only_fields = fields

    def get_stage(self, recording: Recording) -> str:
        return recording.current_run.stage if recording.current_run else ""

    def get_percent(self, recording: Recording) -> float:
        return recording.current_run.percent if recording.current_run else 0.0

    @extend_schema_field(ProblemSerializer(allow_null=True))
    def get_error(self, recording: Recording) -> dict[str, str] | None:
        if recording.current_run is None or recording.status != RecordingStatus.FAILED:
            return None
        return problem(recording.current_run.error_code).as_dict()


class RunSerializer(serializers.ModelSerializer[Run]):
    """The newest run. What it measured is null for those who do not see results."""

    # context["results"] says whether the reader is one of those who do.
    RESULTS = ("model", "config", "timings", "quality")

    model = serializers.JSONField(read_only=True, allow_null=True, help_text="Version and SHA-256 of the weights.")
    config = serializers.JSONField(read_only=True, allow_null=True, help_text="The settings it ran with.")
    timings = serializers.JSONField(read_only=True, allow_null=True, help_text="Seconds per stage.")
    quality = serializers.JSONField(read_only=True, allow_null=True, help_text="Shares of time with face, speech.")

    class Meta:
        model = Run
        fields = [
            "number", "voice", "face", "created_at", "started_at", "finished_at", "model", "config", "timings",
            "quality",
        ]  # fmt: skip
        read_only_fields = fields

    def to_representation(self, instance: Run) -> dict[str, Any]:
        representation = super().to_representation(instance)
        return representation if self.context.get("results") else representation | dict.fromkeys(self.RESULTS)


class RecordingDetailSerializer(RecordingSerializer):
    """A recording with its newest run."""

    run = RunSerializer(source="current_run", read_only=True, allow_null=True)

    class Meta(RecordingSerializer.Meta):
        fields = [*RecordingSerializer.Meta.fields, "run"]
        read_only_fields = fields


# --- alerts and reviews -----------------------------------------------------------------------------------------------


class AlertQuerySerializer(serializers.Serializer[Any]):
    """Filters of the list of alerts."""

    student = serializers.UUIDField(required=False)
    status = serializers.ChoiceField(choices=AlertStatus.choices, required=False)


class ReviewQuerySerializer(serializers.Serializer[Any]):
    """Filters of the list of reviews."""

    student = serializers.UUIDField(required=False)
    status = serializers.ChoiceField(choices=ReviewStatus.choices, required=False)


class RuleSerializer(serializers.ModelSerializer[AlertRule]):
    """The rule that raised an alert."""

    name = serializers.SerializerMethodField()

    class Meta:
        model = AlertRule
        fields = ["id", "name"]
        read_only_fields = fields

    def get_name(self, rule: AlertRule) -> str:
        return rule_name(rule)


class BoundSerializer(serializers.Serializer[Any]):
    """The least and the greatest value of a setting."""

    least = serializers.FloatField()
    greatest = serializers.FloatField()


class RuleDetailSerializer(RuleSerializer):
    """A rule with its settings, null where its kind does not use them. Shares are fractions of 1.

    An EWMA rule raises by the limits of the curve: see `trend-settings/`.
    """

    kind = serializers.ChoiceField(choices=RuleKind.choices, read_only=True)
    bounds = serializers.SerializerMethodField(help_text="What may be set in a rule of this kind, and within what.")
    updated_by = PersonSerializer(read_only=True, allow_null=True)

    class Meta(RuleSerializer.Meta):
        fields = [
            "id", "name", "kind", "enabled", "threshold", "sessions", "min_evidence_s", "min_coverage", "bounds",
            "updated_at", "updated_by",
        ]  # fmt: skip
        read_only_fields = fields

    @extend_schema_field(serializers.DictField(child=BoundSerializer()))
    def get_bounds(self, rule: AlertRule) -> dict[str, dict[str, float]]:
        return _bounds_shown(BOUNDS[rule.kind])


class RuleWriteSerializer(serializers.Serializer[Any]):
    """Settings of a rule to change. The bounds are those of ``analysis.alerts.rules.BOUNDS``."""

    name = serializers.CharField(max_length=RULE_NAME_LENGTH, required=False)
    enabled = serializers.BooleanField(required=False)
    threshold = serializers.FloatField(required=False)
    sessions = serializers.IntegerField(required=False)
    min_evidence_s = serializers.FloatField(required=False)
    min_coverage = serializers.FloatField(required=False)


class TrendSettingsDetailSerializer(serializers.ModelSerializer[StoredTrendSettings]):
    """The settings by which every trend is computed; `width` counts standard deviations."""

    bounds = serializers.SerializerMethodField(help_text="What each may be set to.")
    updated_by = PersonSerializer(read_only=True, allow_null=True)

    class Meta:
        model = StoredTrendSettings
        fields = [
            "baseline_sessions", "smoothing", "width", "min_evidence_s", "min_coverage", "bounds", "updated_at",
            "updated_by",
        ]  # fmt: skip
        read_only_fields = fields

    @extend_schema_field(serializers.DictField(child=BoundSerializer()))
    def get_bounds(self, stored: StoredTrendSettings) -> dict[str, dict[str, float]]:
        return _bounds_shown(TREND_BOUNDS)


class TrendSettingsWriteSerializer(serializers.Serializer[Any]):
    """Settings of the trend to change. The bounds are those of ``analysis.trends.settings.BOUNDS``."""

    baseline_sessions = serializers.IntegerField(required=False)
    smoothing = serializers.FloatField(required=False)
    width = serializers.FloatField(required=False)
    min_evidence_s = serializers.FloatField(required=False)
    min_coverage = serializers.FloatField(required=False)


def _bounds_shown(bounds: Bounds) -> dict[str, dict[str, float]]:
    return {name: {"least": least, "greatest": greatest} for name, (least, greatest) in bounds.items()}


class AlertSerializer(serializers.ModelSerializer[Alert]):
    """An alert as listed. ``recording`` is the one with which the crossing began."""

    rule = RuleSerializer(read_only=True, allow_null=True)
    recording = serializers.UUIDField(source="crossing_id", read_only=True)
    status = serializers.ChoiceField(choices=AlertStatus.choices, read_only=True)

    class Meta:
        model = Alert
        fields = ["id", "student", "kind", "rule", "recording", "status", "raised_at", "settled_at", "synthetic"]
        read_only_fields = fields


class AlertEventSerializer(serializers.ModelSerializer[AlertEvent]):
    """One change of an alert."""

    by = PersonSerializer(source="actor", read_only=True, allow_null=True)

    class Meta:
        model = AlertEvent
        fields = ["at", "by", "status", "reason"]
        read_only_fields = fields


class AlertDetailSerializer(AlertSerializer):
    """An alert with the numbers that raised it and everything that happened to it."""

    evidence = serializers.DictField(read_only=True)
    events = AlertEventSerializer(many=True, read_only=True)

    class Meta(AlertSerializer.Meta):
        fields = [*AlertSerializer.Meta.fields, "evidence", "events"]
        read_only_fields = fields


class DismissSerializer(serializers.Serializer[Any]):
    """Why an alert is dismissed."""

    reason = serializers.CharField(max_length=REASON_LENGTH)


class EscalateSerializer(serializers.Serializer[Any]):
    """Why an alert is escalated; may be left out."""

    reason = serializers.CharField(max_length=REASON_LENGTH, required=False, allow_blank=True, default="")


class ReviewSerializer(serializers.ModelSerializer[Review]):
    """A flagged student in the review queue."""

    status = serializers.ChoiceField(choices=ReviewStatus.choices, read_only=True)
    decision = serializers.ChoiceField(choices=Decision.choices, allow_blank=True, read_only=True)
    reviewer = PersonSerializer(read_only=True, allow_null=True)

    class Meta:
        model = Review
        fields = [
            "id", "student", "status", "opened_at", "reviewer", "decision", "note", "settled_at", "synthetic",
        ]  # fmt: skip
        read_only_fields = fields


class ReviewDetailSerializer(ReviewSerializer):
    """A review with the alerts it gathers."""

    alerts = AlertSerializer(many=True, read_only=True)

    class Meta(ReviewSerializer.Meta):
        fields = [*ReviewSerializer.Meta.fields, "alerts"]
        read_only_fields = fields


class DecisionSerializer(serializers.Serializer[Any]):
    """What a review came to, and why."""

    decision = serializers.ChoiceField(choices=Decision.choices)
    note = serializers.CharField(max_length=NOTE_LENGTH)
