"""What a recognition returns. Times are seconds from the start of the recording; probabilities are fractions of 1."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ml.emotions import EMOTIONS
from ml.reference import Reference
from ml.turns import SpeakerTurns

Progress = Callable[[str, float, float], None]
"""``progress(stage, completed, total)``; the only progress channel. It may raise, to stop, ``ml.errors.Cancelled``.

The stages of a recognition are those of ``STAGES``, in that order, as far as they apply; what is trained or measured
says in words what it is doing.
"""

STAGES: tuple[str, ...] = ("probe", "separation", "speech", "frames", "speakers", "voice", "face", "fusion")


@dataclass(frozen=True, slots=True)
class VoiceJudgement:
    """The voice of one segment.

    Attributes:
        probabilities: calibrated, with what is known of the person, shape (7,), sums to 1.
        general: the same by people in general, shape (7,).
        scores: what a person's own sessions are gathered from (``ml.reference``), shape (7,).
        attention: pairs (time in s, weight); the weights of one segment sum to 1 and show which moments decided.
        speech_share: share of the segment with speech, 0-1.
        level_dbfs: RMS level of the segment in dB relative to full scale.
    """

    probabilities: np.ndarray
    general: np.ndarray
    scores: np.ndarray
    attention: tuple[tuple[float, float], ...]
    speech_share: float
    level_dbfs: float

    def as_dict(self) -> dict[str, Any]:
        """As in the JSON contract."""
        return {
            "probabilities": keyed(self.probabilities),
            "general": keyed(self.general),
            "scores": keyed(self.scores),
            "attention": [[round(t, 3), round(w, 5)] for t, w in self.attention],
            "speech_share": round(self.speech_share, 4),
            "level_dbfs": round(self.level_dbfs, 2),
        }


@dataclass(frozen=True, slots=True)
class FaceJudgement:
    """The face of one segment, pooled over its frames (design, Face 4).

    Attributes:
        probabilities: calibrated, against the person's own range where it is known, shape (7,), sums to 1.
        general: the same by people in general, shape (7,).
        scores: against people in general, natural logarithms, shape (7,); what ``ml.reference.Evidence`` sums.
        track: number of the followed face track.
        frames: sampled frames with that face.
        face_share: those frames over all sampled frames of the segment, 0-1.
        confidence: mean detector confidence, 0-1.
    """

    probabilities: np.ndarray
    general: np.ndarray
    scores: np.ndarray
    track: int
    frames: int
    face_share: float
    confidence: float

    def as_dict(self) -> dict[str, Any]:
        """As in the JSON contract."""
        return {
            "probabilities": keyed(self.probabilities),
            "general": keyed(self.general),
            "scores": keyed(self.scores),
            "track": self.track,
            "frames": self.frames,
            "face_share": round(self.face_share, 4),
            "confidence": round(self.confidence, 4),
        }


@dataclass(frozen=True, slots=True)
class Segment:
    """A few seconds of the recording. Without any judgement it is a gap: probabilities and label are None."""

    start_s: float
    end_s: float
    probabilities: np.ndarray | None
    voice: VoiceJudgement | None
    face: FaceJudgement | None
    quality: dict[str, Any]

    @property
    def label(self) -> str | None:
        """argmax_i of the fused probabilities (paper eq. 6); None for a gap."""
        return None if self.probabilities is None else EMOTIONS[int(np.argmax(self.probabilities))]

    def as_dict(self) -> dict[str, Any]:
        """The segment as in the JSON contract of ``python -m ml recognise --json``."""
        return {
            "start_s": round(self.start_s, 3),
            "end_s": round(self.end_s, 3),
            "label": self.label,
            "probabilities": keyed(self.probabilities),
            "voice": None if self.voice is None else self.voice.as_dict(),
            "face": None if self.face is None else self.face.as_dict(),
            "quality": self.quality,
        }


@dataclass(frozen=True, slots=True)
class Thumbnail:
    """A small picture of a person in the recording.

    Attributes:
        track: number of the person.
        time_s: when it was taken.
        start_s, end_s: of the passage in sight that it is from.
        jpeg: 96x96 pixels, in colour.
    """

    track: int
    time_s: float
    start_s: float
    end_s: float
    jpeg: bytes


@dataclass(frozen=True, slots=True)
class Recognition:
    """A whole recording.

    ``model`` holds version and SHA-256 of every weights file; ``summary`` the mean probabilities, the share of each
    label, the share of negative time, quality shares and the list of face tracks; ``timings_s`` seconds per stage.
    ``reference`` says per modality what the person was compared with, {"kind": "general" or "own", "sessions",
    "seconds"}; ``contribution`` is what this recording adds to the person's own reference. ``speakers`` says who speaks
    when, ``conversation`` how the conversation went (``ml.speakers.conversation.Conversation``; empty where nobody was
    told apart). ``thumbnails`` show the people in it, of each the best first; they are no part of ``as_dict``.
    """

    duration_s: float
    model: dict[str, Any]
    segments: tuple[Segment, ...]
    summary: dict[str, Any]
    timings_s: dict[str, float]
    config: dict[str, Any] = field(default_factory=dict)
    reference: dict[str, dict[str, Any]] = field(default_factory=dict)
    contribution: Reference = field(default_factory=Reference)
    speakers: SpeakerTurns = field(default_factory=SpeakerTurns)
    thumbnails: tuple[Thumbnail, ...] = ()
    conversation: dict[str, Any] = field(default_factory=dict)

    def as_dict(self) -> dict[str, Any]:
        """The whole result as in the JSON contract."""
        return {
            "duration_s": round(self.duration_s, 3),
            "model": self.model,
            "config": self.config,
            "reference": self.reference,
            "contribution": self.contribution.as_dict(),
            "speakers": self.speakers.as_dict(),
            "conversation": self.conversation,
            "segments": [segment.as_dict() for segment in self.segments],
            "summary": self.summary,
            "timings_s": self.rounded_timings(),
        }

    def rounded_timings(self) -> dict[str, float]:
        """Seconds per stage, to a tenth of a millisecond."""
        return {stage: round(seconds, 4) for stage, seconds in self.timings_s.items()}


def keyed(values: np.ndarray | None) -> dict[str, float] | None:
    """One value per class, shape (7,), keyed by class name."""
    if values is None:
        return None
    return {name: round(float(value), 6) for name, value in zip(EMOTIONS, values, strict=True)}
