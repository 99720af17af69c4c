"""The rows of an analysis, in the order in which they are created."""

from analysis.models.alert import Alert, AlertEvent, AlertRule, Notice
from analysis.models.recording import Recording, Upload
from analysis.models.review import Review
from analysis.models.run import Run
from analysis.models.scores import RunScores
from analysis.models.segment import LabelCorrection, Segment
from analysis.models.speaker import Speaker, Stretch, Turn, Who
from analysis.models.summary import SessionSummary
from analysis.models.thumbnail import FaceThumbnail
from analysis.models.transcript import Transcript
from analysis.models.trend import StoredTrendSettings

__all__ = [
    "Alert",
    "AlertEvent",
    "AlertRule",
    "FaceThumbnail",
    "LabelCorrection",
    "Notice",
    "Recording",
    "Review",
    "Run",
    "RunScores",
    "Segment",
    "SessionSummary",
    "Speaker",
    "StoredTrendSettings",
    "Stretch",
    "Transcript",
    "Turn",
    "Upload",
    "Who",
]
