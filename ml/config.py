"""Settings of one recognition, recorded with every run so that a result can be explained later."""

from dataclasses import asdict, dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class Config:
    """What to analyse and how.

    Attributes:
        voice: analyse the voice (needs consent for it and an audio stream).
        face: analyse the face (likewise, and a video stream).
        voice_by: whose answer on the voice counts: "speech", the network on a speech encoder's states, or
            "attention_lstm", the paper's network alone, which needs no encoder and is far more often wrong.
        fusion: "weighted" is the paper's rule, "product" lets each side count by how sure it is (``ml.fusion``).
        face_power, voice_power: exponents of the product.
        alpha, beta: weights of face and voice in the paper's rule (eq. 6); they sum to 1.
        fusion_temperature: of the paper's rule.
        segment_s, hop_s: length of a segment and distance between two starts, in seconds.
        sample_fps: frames looked at per second of video.
        detection_width: width in pixels at which faces are searched.
        min_detection: detector confidence (0-1) below which a box is dropped.
        min_track_s: a track shorter than this many seconds is dropped.
        min_speech_share: share of a segment (0-1) with speech below which its voice is not judged.
        min_face_share: share of a segment's frames (0-1) with the chosen face below which its face is not judged.
        separation: "vocals" runs Spleeter 2 stems, "off" takes the mix as it is.
        track: number of the face track to follow; None takes the face tracked longest.
        tell_apart: find out who speaks when and judge the student's voice alone; off, every voice counts as theirs.
        speaker: number of the voice that is the student's, as a person says; None lets the evidence decide.
        max_duration_s: recordings longer than this are refused.
    """

    voice: bool = True
    face: bool = True
    voice_by: Literal["speech", "attention_lstm"] = "speech"
    fusion: Literal["weighted", "product"] = "weighted"
    face_power: float = 0.7
    voice_power: float = 0.9
    alpha: float = 0.6
    beta: float = 0.4
    fusion_temperature: float = 0.52
    segment_s: float = 4.0
    hop_s: float = 2.0
    sample_fps: float = 5.0
    detection_width: int = 320
    min_detection: float = 0.6
    min_track_s: float = 0.6
    min_speech_share: float = 0.2
    min_face_share: float = 0.2
    separation: Literal["vocals", "off"] = "vocals"
    track: int | None = None
    tell_apart: bool = True
    speaker: int | None = None
    max_duration_s: float = 2 * 60 * 60

    def __post_init__(self) -> None:
        if not (0 <= self.alpha <= 1 and 0 <= self.beta <= 1 and abs(self.alpha + self.beta - 1) < 1e-9):
            raise ValueError("alpha and beta must lie in 0-1 and sum to 1")
        if not (0 < self.face_power <= 1 and 0 < self.voice_power <= 1):
            raise ValueError("face_power and voice_power must lie in 0-1")
        if self.fusion_temperature <= 0:
            raise ValueError("fusion_temperature must be positive")
        if not (0 < self.hop_s <= self.segment_s):
            raise ValueError("hop_s must be positive and at most segment_s")
        if self.sample_fps <= 0 or self.max_duration_s <= 0:
            raise ValueError("sample_fps and max_duration_s must be positive")
        if not (self.voice or self.face):
            raise ValueError("at least one of voice and face must be analysed")

    def as_dict(self) -> dict[str, object]:
        """Plain values, ready for JSON."""
        return asdict(self)
